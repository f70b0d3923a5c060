/**
 * A call by way of the cache: a kept answer if there is one, else the call itself, whose answer is kept when it is
 * whole. An answer from the cache is a request like any other in the ledger, with a cost of 0 and with what it saved. No
 * model was asked, so its tokens are 0 and not those of the kept answer: sums of tokens stay what providers counted.
 */
import type { Completion } from "@penstock/schema/Completion"
import * as GatewayError from "@penstock/schema/GatewayError"
import { NanoDollars } from "@penstock/schema/Money"
import { fold, unfold } from "@penstock/schema/StreamEvent"
import * as Usage from "@penstock/schema/Usage"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import type { Call, Sink } from "../exchange/Call.ts"
import { Gateway } from "../Gateway.ts"
import { mayNotUse, mayUse } from "../keys/Keys.ts"
import { Ledger } from "../ledger/Ledger.ts"
import type { AnswerContext, Dialect } from "../protocols/Dialect.ts"
import type { Protocol } from "../protocols/Protocol.ts"
import * as ReadBack from "../protocols/ReadBack.ts"
import * as Recording from "../replay/Recording.ts"
import type { JsonObject } from "../wire/Json.ts"
import * as CacheKey from "./CacheKey.ts"
import { ResponseCache, type Kept, type Store } from "./ResponseCache.ts"

/** How an answer is read back from what the caller was given, and written anew. */
export interface Words {
  readonly dialect: Dialect
  /** The dialect as a provider speaks it. */
  readonly protocol: Protocol
  readonly context: AnswerContext
}

/** What the caller said, and how it is answered. */
export interface Asked {
  readonly json: JsonObject
  /** The request's `cache-control`: `no-cache` wants a new answer, which is kept; `no-store` wants nothing kept, either way. */
  readonly cacheControl: string | undefined
  /** How an answer is kept: by what it says, as its bytes are, or not at all. */
  readonly memory: Words | "bytes" | null
}

export type Run = (
  call: Call<Uint8Array>,
  asked: Asked,
  sink: Sink<Uint8Array>
) => Effect.Effect<void, GatewayError.GatewayError>

/** A longer answer is not kept. */
const maxAnswerBytes = 16 * 1024 * 1024

const directives = (cacheControl: string | undefined): ReadonlyArray<string> =>
  cacheControl === undefined ? [] : cacheControl.split(",").map((directive) => directive.trim().toLowerCase())

/** The same call, and what its provider counted: a stream does not say it unless the caller asked for it. */
const counted = (call: Call<Uint8Array>) => {
  let usage = (): Usage.Usage | null => null
  const watched: Call<Uint8Array> = {
    ...call,
    lane: (provider, model) =>
      Either.map(call.lane(provider, model), (lane) => ({
        ...lane,
        whole: (body) =>
          Either.map(lane.whole(body), (whole) => {
            usage = () => whole.usage
            return whole
          }),
        relay: (transcript, headers) => {
          const relay = lane.relay(transcript, headers)
          usage = () => relay.seen.usage
          return relay
        }
      }))
  }
  return { call: watched, usage: () => usage() }
}

/** What an answer says, read back from the caller's wire; null when it is not whole. */
const readBack = (protocol: Protocol, stream: boolean, bytes: Buffer): Completion | null => {
  const { events, isSound } = ReadBack.events(protocol, stream, bytes)
  return isSound ? fold(events) : null
}

/** What is to be kept of an answer; null when it is not whole. */
const keepable = (
  memory: Words | "bytes",
  stream: boolean,
  bytes: Buffer,
  usage: Usage.Usage | null
): Kept["answer"] | null => {
  if (memory === "bytes") return bytes
  const completion = readBack(memory.protocol, stream, bytes)
  return completion === null ? null : { ...completion, usage: completion.usage ?? usage }
}

/** A kept answer in the caller's words; null when it was kept another way. */
const written = ({ answer, created }: Kept, stream: boolean, memory: Words | "bytes"): Buffer | null => {
  if (memory === "bytes") return Buffer.isBuffer(answer) ? answer : null
  if (Buffer.isBuffer(answer)) return null
  const then = { ...memory.context, created }
  if (!stream) return Buffer.from(JSON.stringify(memory.dialect.write(answer, then)))
  const encoder = memory.dialect.encoder(then)
  let text = ""
  for (const event of unfold(answer)) text += encoder.write(event)
  return Buffer.from(text)
}

const ledgerFailed = Effect.fail(
  GatewayError.make(
    "internal",
    "The ledger cannot be written, so nothing was given from the cache. The log has the cause.",
    { code: "ledger_unavailable" }
  )
)

const nothing = NanoDollars.make(0)

export const make = Effect.gen(function* () {
  const cache = yield* ResponseCache
  const gateway = yield* Gateway
  const ledger = yield* Ledger

  const hit = (call: Call<Uint8Array>, sink: Sink<Uint8Array>, kept: Kept, bytes: Buffer) => {
    const { model, provider } = kept.head
    const opening = ledger.open({
      id: call.id,
      startedAt: call.arrivedAt,
      key: call.caller.key,
      workflowName: call.workflowName,
      endpoint: call.endpoint,
      requestedModel: call.model,
      provider,
      model,
      stream: call.stream,
      ...(call.trace === undefined ? {} : { trace: call.trace }),
      holds: []
    })
    const give = Effect.sync(() => {
      sink.begin({ ...kept.head, attempts: 0, fallback: false, cost: nothing, cache: "hit" })
      sink.write(bytes)
      sink.end(nothing)
    })
    const settle = Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const latencyMillis = Math.max(0, now - call.arrivedAt)
      return ledger.settle({
        id: call.id,
        status: "ok",
        provider,
        model,
        usage: Usage.empty,
        estimated: false,
        cost: nothing,
        saved: kept.head.cost,
        latencyMillis,
        firstTokenMillis: latencyMillis,
        attempts: [],
        error: null
      })
    })
    // Given at once: there is no moment between the two at which the caller could have left.
    return Effect.uninterruptible(
      Effect.catchAll(opening, () => ledgerFailed).pipe(Effect.zipRight(give), Effect.zipRight(settle))
    )
  }

  const miss = (call: Call<Uint8Array>, memory: Words | "bytes", sink: Sink<Uint8Array>, store: Store, key: string) => {
    const recording = Recording.make(maxAnswerBytes)
    recording.attach({ ...sink, begin: (head) => sink.begin({ ...head, cache: "miss" }) }, () => {})
    const watched = counted(call)
    return Effect.onExit(gateway.run(watched.call, recording.sink), (exit) =>
      Effect.sync(() => {
        recording.finish(exit)
        const answer = Exit.isSuccess(exit) ? recording.answer() : null
        const kept = answer === null ? null : keepable(memory, call.stream, answer.bytes, watched.usage())
        if (answer === null || kept === null) return
        store.set(key, {
          answer: kept,
          head: { ...answer.head, cost: answer.cost },
          created: Math.floor(call.arrivedAt / 1000)
        })
      })
    )
  }

  const cached = (call: Call<Uint8Array>, asked: Asked, sink: Sink<Uint8Array>, store: Store) => {
    const { memory } = asked
    const wishes = directives(asked.cacheControl)
    const key = wishes.includes("no-store") ? null : CacheKey.make(call.caller.key, call.endpoint, asked.json)
    if (key === null || memory === null) return gateway.run(call, sink)
    const kept = wishes.includes("no-cache") ? null : store.get(key)
    const bytes = kept === null ? null : written(kept, call.stream, memory)
    if (kept === null || bytes === null) return miss(call, memory, sink, store, key)
    return mayUse(call.caller, call.model) ? hit(call, sink, kept, bytes) : mayNotUse(call.caller, call.model)
  }

  const run: Run = (call, asked, sink) => {
    const store = cache.current()
    return store === null || asked.memory === null
      ? gateway.run(call, sink)
      : Effect.suspend(() => cached(call, asked, sink, store))
  }
  return run
})
