/**
 * The way to a provider: bytes out, bytes in. Over HTTP it is an undici pool, for the demo provider a function in this
 * process; whoever calls cannot tell which.
 *
 * An exchange is one Effect, from the request's first byte to the answer's last. In between the answer is delivered by
 * plain calls: a stream of a thousand chunks costs a thousand function calls, not a thousand Effects.
 */
import type { GatewayError } from "@penstock/schema/GatewayError"
import * as Effect from "effect/Effect"
import type { Headers } from "../protocols/Protocol.ts"

export interface TransportRequest {
  readonly method: "GET" | "POST"
  /** Path below the provider's base URL, beginning with a slash. */
  readonly path: string
  readonly headers: { readonly [name: string]: string }
  readonly body: Uint8Array | string | null
}

/** Receives an answer as it arrives. Its functions must not throw. */
export interface Receiver {
  /** The head is here; called once, first. `resume` restarts a source that `onChunk` has paused. */
  readonly onHead: (status: number, headers: Headers, resume: () => void) => void
  /**
   * - `more`: go on
   * - `pause`: nothing until `resume`; a slow reader slows the provider, and memory does not grow
   * - `enough`: the answer is whole; the exchange completes now, and whatever follows is thrown away
   */
  readonly onChunk: (chunk: Uint8Array) => "more" | "pause" | "enough"
}

export interface Transport {
  /**
   * Completes at the end of the answer's body. Fails with `unreachable` (no connection, naming the address) or
   * `network` (the connection broke, before or within the body). Interruption aborts the exchange at once.
   */
  readonly exchange: (request: TransportRequest, receiver: Receiver) => Effect.Effect<void, GatewayError>
}

/** An answer that was read whole. */
export interface WholeAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: Buffer
}

/** One exchange, its answer read whole. */
export const collect = (transport: Transport, request: TransportRequest): Effect.Effect<WholeAnswer, GatewayError> =>
  Effect.suspend(() => {
    const chunks: Array<Uint8Array> = []
    let head: { readonly status: number; readonly headers: Headers } = { status: 0, headers: {} }
    return Effect.map(
      transport.exchange(request, {
        onHead: (status, headers) => {
          head = { status, headers }
        },
        onChunk: (chunk) => {
          chunks.push(chunk)
          return "more"
        }
      }),
      () => ({ ...head, body: Buffer.concat(chunks) })
    )
  })
