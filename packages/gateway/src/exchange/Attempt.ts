/**
 * One call to one target: the lane's bytes out, the answer through the lane into the sink. An Effect per call, plain
 * functions per chunk.
 *
 * Nothing reaches the sink before the first token: until then a failure is still a clean error status.
 */
import * as GatewayError from "@penstock/schema/GatewayError"
import type { NanoDollars } from "@penstock/schema/Money"
import type { Usage } from "@penstock/schema/Usage"
import * as Effect from "effect/Effect"
import type { Headers } from "../protocols/Protocol.ts"
import type { Provider } from "../providers/Provider.ts"
import { unreachable } from "../providers/ProviderRegistry.ts"
import type { Receiver } from "../providers/Transport.ts"
import * as Json from "../wire/Json.ts"
import type { Relay } from "../wire/Relay.ts"
import type { Head, Lane, Sink } from "./Call.ts"

/** What the ledger wants to know of an attempt, filled in as it goes; true at any moment it is interrupted. */
export interface Record {
  usage: Usage | null
  /** Undefined until the answer is whole. */
  cost: NanoDollars | null | undefined
  /** Milliseconds since the epoch. */
  firstTokenAt: number | null
}

export interface Options<Out> {
  readonly provider: Provider
  readonly lane: Lane<Out>
  readonly stream: boolean
  readonly sink: Sink<Out>
  readonly head: Omit<Head, "cost">
  readonly record: Record
  readonly costOf: (usage: Usage | null) => NanoDollars | null
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

const isJson = (headers: Headers): boolean => String(headers["content-type"] ?? "").includes("application/json")

const cut = (provider: Provider): GatewayError.GatewayError =>
  GatewayError.make("network", `Provider "${provider.name}" ended the stream before the answer was whole.`)

/** The longest whole answer: pictures and speech as text are the largest there are. */
const maxBytes = 256 * 1024 * 1024

const tooMuch = (provider: Provider): GatewayError.GatewayError =>
  GatewayError.make("invalid_response", `Provider "${provider.name}" sent an answer of more than ${maxBytes} bytes.`)

/** Sends the request and sees the answer through. Interruption aborts the provider at once. */
export const run = <Out>(options: Options<Out>): Effect.Effect<void, GatewayError.GatewayError> =>
  Effect.suspend(() => {
    const { lane, provider, record, sink } = options
    let status = 0
    let headers: Headers = {}
    let relay: Relay<Out> | null = null
    let begun = false
    const held: Array<Out> = []
    const chunks: Array<Uint8Array> = []
    let size = 0

    /** What a relay gave goes to the sink once there is a token. Says whether the sink takes more. */
    const deliver = (from: Relay<Out>, out: Out | null): boolean => {
      const { seen } = from
      record.usage = seen.usage
      if (seen.token && record.firstTokenAt === null) record.firstTokenAt = options.now()
      if (begun) return out === null || sink.write(out)
      if (seen.failure !== null) return true
      if (out !== null) held.push(out)
      if (!seen.token && !seen.finished) return true
      begun = true
      sink.begin({ ...options.head, cost: null })
      let more = true
      for (const each of held) more = sink.write(each)
      return more
    }

    const receiver: Receiver = {
      onHead: (receivedStatus, receivedHeaders, resume) => {
        status = receivedStatus
        headers = receivedHeaders
        // A server that cannot stream this answer sends it whole.
        if (options.stream && status >= 200 && status < 300 && !isJson(headers)) {
          relay = lane.relay()
          sink.onDrain(resume)
        }
      },
      onChunk: (chunk) => {
        if (relay === null) {
          chunks.push(chunk)
          size += chunk.length
          return size > maxBytes ? "enough" : "more"
        }
        const more = deliver(relay, relay.push(chunk))
        return relay.seen.finished || relay.seen.failure !== null ? "enough" : more ? "more" : "pause"
      }
    }

    const finishStream = (from: Relay<Out>): Effect.Effect<void, GatewayError.GatewayError> => {
      if (!from.seen.finished && from.seen.failure === null) deliver(from, from.end())
      if (from.seen.failure !== null) return Effect.fail(from.seen.failure)
      if (!from.seen.finished) return Effect.fail(cut(provider))
      record.cost = options.costOf(from.seen.usage)
      sink.end(record.cost)
      return Effect.void
    }

    const finishWhole = (body: Buffer): Effect.Effect<void, GatewayError.GatewayError> => {
      if (size > maxBytes) return Effect.fail(tooMuch(provider))
      if (status < 200 || status >= 300) {
        const text = body.toString("utf8")
        return Effect.fail(provider.protocol.failure(status, Json.parse(text) ?? text, headers))
      }
      const whole = lane.whole(body)
      if (whole._tag === "Left") return Effect.fail(whole.left)
      record.usage = whole.right.usage
      const cost = options.costOf(record.usage)
      record.cost = cost
      sink.begin({ ...options.head, cost })
      sink.write(whole.right.out)
      sink.end(cost)
      return Effect.void
    }

    const request = {
      method: "POST" as const,
      path: provider.protocol.chatPath,
      headers: lane.headers === null ? provider.headers : { ...provider.headers, ...lane.headers },
      body: lane.body
    }
    return provider.transport.exchange(request, receiver).pipe(
      Effect.mapError((error) => (error.reason === "unreachable" ? unreachable(provider, error) : error)),
      Effect.flatMap(() => (relay === null ? finishWhole(Buffer.concat(chunks)) : finishStream(relay)))
    )
  })
