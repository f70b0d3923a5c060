/**
 * The last stretch of every endpoint: from a call to its answer in the response, by way of what was answered before.
 *
 * A request with an `Idempotency-Key` is one of several clients of one call; without the header nothing of that is
 * done. Within it, a call may be answered from the cache, and only what the cache does not have reaches the gateway.
 */
import * as CachedCall from "@penstock/gateway/cache/CachedCall"
import type { Call, Sink } from "@penstock/gateway/exchange/Call"
import { mayNotUse, mayUse } from "@penstock/gateway/keys/Keys"
import * as Idempotency from "@penstock/gateway/replay/Idempotency"
import type { FailureWriter } from "@penstock/gateway/protocols/Dialect"
import { Settings } from "@penstock/gateway/Settings"
import type { GatewayError } from "@penstock/schema/GatewayError"
import type { RequestId } from "@penstock/schema/Ids"
import * as Multipart from "@penstock/gateway/wire/Multipart"
import * as Effect from "effect/Effect"
import * as BodyLog from "./BodyLog.ts"
import type { Exchange } from "./DataPlane.ts"
import type { Body } from "./RequestBody.ts"
import * as ResponseSink from "./ResponseSink.ts"

/** How an endpoint's callers speak. */
export interface Spoken extends Pick<CachedCall.Asked, "memory"> {
  readonly path: string
  readonly dialect: FailureWriter
  readonly keep: Keep | null
  /** How it is answered where that takes more than one call to a model; such an answer is never from the cache. */
  readonly run?: (sink: Sink<Uint8Array>) => Effect.Effect<void, GatewayError>
}

/** Hears a whole answer, and who gave it, before the caller can say anything to it. Must not throw. */
export type Keep = (answer: Buffer, provider: string) => void

/** An answer of more bytes is not kept. */
const maxKept = 16 * 1024 * 1024

const keeping = (sink: Sink<Uint8Array>, keep: Keep | null): Sink<Uint8Array> => {
  if (keep === null) return sink
  const chunks: Array<Uint8Array> = []
  let size = 0
  let provider = ""
  return {
    ...sink,
    begin: (head) => {
      provider = head.provider
      sink.begin(head)
    },
    write: (chunk) => {
      size += chunk.length
      if (size <= maxKept) chunks.push(chunk)
      return sink.write(chunk)
    },
    end: (cost) => {
      if (size <= maxKept) keep(Buffer.concat(chunks), provider)
      sink.end(cost)
    }
  }
}

/** What makes a repeat the same request: clients draw a form's boundary anew each time. */
const identity = ({ bytes, form }: Body): Buffer => (form === undefined ? bytes : Multipart.contents(bytes, form))

export type Answering = (
  exchange: Exchange,
  call: Call<Uint8Array>,
  spoken: Spoken
) => Effect.Effect<void, GatewayError>

export const make = Effect.gen(function* () {
  const idempotency = yield* Idempotency.Idempotency
  const cached = yield* CachedCall.make
  const settings = yield* Settings

  const run = ({ body, id, response }: Exchange, call: Call<Uint8Array>, spoken: Spoken, sink: Sink<Uint8Array>) =>
    BodyLog.around(
      settings.current().logging.bodies,
      id,
      body,
      keeping(sink, spoken.keep),
      (to) =>
        spoken.run?.(to) ??
        cached(
          call,
          { memory: spoken.memory, json: body.json, cacheControl: response.req.headers["cache-control"] },
          to
        )
    )

  /** The failure is the call's, and told under the id that its row has. */
  const repeatable = (exchange: Exchange, call: Call<Uint8Array>, spoken: Spoken, header: string) =>
    Effect.flatMap(Idempotency.readKey(header), (key) => {
      // A finished answer is given without asking the gateway, which would ask this.
      if (!mayUse(call.caller, call.model)) return mayNotUse(call.caller, call.model)
      const { body, caller, id, response } = exchange
      let first: RequestId = id
      const answered = idempotency.answer(
        { id, caller: caller.key, path: spoken.path, key, body: identity(body) },
        (starter, repeat) => {
          first = starter
          return ResponseSink.make(response, call.stream, starter, repeat)
        },
        (sink) => run(exchange, call, spoken, sink)
      )
      return Effect.catchAll(answered, (error) =>
        Effect.sync(() => ResponseSink.fail(response, spoken.dialect, first, error))
      )
    })

  const answer: Answering = (exchange, call, spoken) => {
    const header = exchange.response.req.headers["idempotency-key"]
    if (header === undefined) {
      return run(exchange, call, spoken, ResponseSink.make(exchange.response, call.stream, exchange.id))
    }
    // Sent twice, it reads as a list.
    return repeatable(exchange, call, spoken, String(header))
  }
  return answer
})
