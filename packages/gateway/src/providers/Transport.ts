/**
 * The way to a provider: bytes out, bytes in. Over HTTP it is an undici pool, for the demo provider a function in this
 * process; whoever calls cannot tell which.
 *
 * An exchange is one Effect, from the request's first byte to the answer's last. In between the answer is delivered by
 * plain calls: a stream of a thousand chunks costs a thousand function calls, not a thousand Effects.
 */
import * as GatewayError from "@penstock/schema/GatewayError"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Runtime from "effect/Runtime"
import type { Headers } from "../protocols/Protocol.ts"

export interface TransportRequest {
  readonly method: "GET" | "POST"
  /** Path below the provider's base URL, beginning with a slash. */
  readonly path: string
  readonly headers: { readonly [name: string]: string }
  readonly body: Uint8Array | string | null
}

/** Ends an exchange from outside, at once: it is aborted, and fails with this. */
export type Stop = (why: GatewayError.GatewayError) => void

/** Receives an answer as it arrives. Its functions must not throw. */
export interface Receiver {
  /**
   * The exchange begins. Called once, first, by a transport that `stops`, and by `stoppable`. Whoever is interrupted
   * then calls `stop` himself: a finalizer for each exchange costs more than all its other steps.
   */
  readonly onStart?: (stop: Stop) => void
  /** The connection is there. May be called more than once. */
  readonly onConnect?: () => void
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
  /** Its exchanges can be stopped from outside without a fiber of their own. */
  readonly stops?: true
  /**
   * Completes at the end of the answer's body. Fails with `unreachable` (no connection, naming the address) or
   * `network` (the connection broke, before or within the body). Interruption aborts the exchange at once, unless the
   * receiver was given a way to stop it.
   */
  readonly exchange: (request: TransportRequest, receiver: Receiver) => Effect.Effect<void, GatewayError.GatewayError>
}

/**
 * An exchange that `onStart` can stop, over any transport: where it does not do so itself, in a fiber of its own. One
 * that does not is taken to need no connection.
 */
export const stoppable = (
  transport: Transport,
  request: TransportRequest,
  receiver: Receiver
): Effect.Effect<void, GatewayError.GatewayError> =>
  transport.stops === true
    ? transport.exchange(request, receiver)
    : Effect.flatMap(Effect.runtime<never>(), (runtime) =>
        Effect.async((resume) => {
          receiver.onConnect?.()
          const fiber = Runtime.runFork(runtime)(transport.exchange(request, receiver))
          receiver.onStart?.((why) => {
            resume(Effect.fail(why))
            fiber.unsafeInterruptAsFork(FiberId.none)
          })
          fiber.addObserver((exit) => resume(exit))
          return Fiber.interrupt(fiber)
        })
      )

/** An answer that was read whole. */
export interface WholeAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: Buffer
}

/** What is collected is a short answer to a short question; the calls that take long have limits of their own. */
const patience = "10 seconds"

/** One exchange, its answer read whole, within ten seconds: later it fails with `timeout`. */
export const collect = (
  transport: Transport,
  request: TransportRequest
): Effect.Effect<WholeAnswer, GatewayError.GatewayError> =>
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
  }).pipe(
    Effect.timeoutFail({
      duration: patience,
      onTimeout: () => GatewayError.make("timeout", `The provider did not answer ${request.path} within ${patience}.`)
    })
  )
