/**
 * The way to a provider: bytes out, bytes in. Over HTTP it is an undici pool, for the demo provider a function in this
 * process; whoever calls cannot tell which.
 *
 * A body is delivered by plain calls, not by Effects: a stream of a thousand chunks costs a thousand function calls.
 */
import type { GatewayError } from "@penstock/schema/GatewayError"
import type * as Effect from "effect/Effect"
import type { Headers } from "../protocols/Protocol.ts"

export interface TransportRequest {
  readonly method: "GET" | "POST"
  /** Path below the provider's base URL, beginning with a slash. */
  readonly path: string
  readonly headers: { readonly [name: string]: string }
  readonly body: Uint8Array | string | null
}

/** Receives a body as it arrives. */
export interface Receiver {
  /** Says `false` to pause the source until `resume` is called: a slow reader slows the provider, memory does not grow. */
  readonly onChunk: (chunk: Uint8Array) => boolean
  /** Told once, before the first chunk, how to resume a paused source. */
  readonly onStart: (resume: () => void) => void
}

export interface TransportResponse {
  readonly status: number
  readonly headers: Headers
  /** The whole body. Fails with `network` when it is cut. Interruption aborts the exchange. */
  readonly bytes: Effect.Effect<Uint8Array, GatewayError>
  /** Runs the body into a receiver and completes at its end; fails with `network` when it is cut. Interruption aborts. */
  readonly pipe: (receiver: Receiver) => Effect.Effect<void, GatewayError>
}

export interface Transport {
  /**
   * Sends a request and completes when the response's head is here. Fails with `unreachable` (no connection, naming the
   * address) or `network` (the connection broke). Interruption aborts the exchange at once. Exactly one of `bytes` and
   * `pipe` must be run on the response; if neither is, `abandon` is.
   */
  readonly send: (request: TransportRequest) => Effect.Effect<TransportResponse, GatewayError>
}
