/** A transport over scripted bytes: what a provider's socket would do, without one. */
import type { Transport, TransportRequest } from "@penstock/gateway/providers/Transport"
import * as GatewayError from "@penstock/schema/GatewayError"
import * as Effect from "effect/Effect"

export interface Answer {
  readonly status?: number
  readonly headers?: { readonly [name: string]: string }
  readonly chunks?: ReadonlyArray<Uint8Array | string>
  /**
   * How it goes on after the last chunk: the body ends, the connection breaks, nothing comes any more, nobody was
   * reached at all, or the connection broke before the head; there is a connection and nothing else (`mute`), or not
   * even that (`unconnected`). Default: `end`.
   */
  readonly then?: "end" | "cut" | "silence" | "unreachable" | "reset" | "mute" | "unconnected"
}

export interface Scripted extends Transport {
  readonly requests: Array<TransportRequest>
  /** Chunks given to the receiver so far, of all exchanges. */
  readonly delivered: () => number
  readonly aborted: () => number
  /** Exchanges that the receiver ended with `enough`. */
  readonly enough: () => number
  readonly paused: () => boolean
}

/** Each exchange is answered as the script says for it. `onRequest` runs before anything is answered. */
export const scripted = (
  answerTo: (request: TransportRequest) => Answer,
  onRequest: () => void = () => {}
): Scripted => {
  const requests: Array<TransportRequest> = []
  let delivered = 0
  let aborted = 0
  let enough = 0
  let paused = false
  return {
    stops: true,
    requests,
    delivered: () => delivered,
    aborted: () => aborted,
    enough: () => enough,
    paused: () => paused,
    exchange: (request, receiver) =>
      Effect.async((resume) => {
        onRequest()
        requests.push(request)
        const {
          chunks = [],
          headers = { "content-type": "text/event-stream" },
          status = 200,
          then = "end"
        } = answerTo(request)
        let at = 0
        receiver.onStart?.((why) => {
          aborted += 1
          resume(Effect.fail(why))
        })
        if (then !== "unconnected") receiver.onConnect?.()
        const pump = (): void => {
          paused = false
          while (at < chunks.length) {
            const next = receiver.onChunk(Buffer.from(chunks[at++]!))
            delivered += 1
            if (next === "pause") {
              paused = true
              return
            }
            if (next === "enough") {
              enough += 1
              at = Number.POSITIVE_INFINITY
              resume(Effect.void)
              return
            }
          }
          if (then === "end") resume(Effect.void)
          if (then === "cut") resume(Effect.fail(GatewayError.make("network", "the connection broke (ECONNRESET)")))
        }
        if (then === "unreachable") {
          resume(Effect.fail(GatewayError.make("unreachable", "no connection to http://10.0.0.1 (ECONNREFUSED)")))
        } else if (then === "reset") {
          resume(Effect.fail(GatewayError.make("network", "the connection broke (ECONNRESET)")))
        } else if (then !== "mute" && then !== "unconnected") {
          receiver.onHead(status, headers, pump)
          pump()
        }
        if (receiver.onStart !== undefined) return
        return Effect.sync(() => {
          aborted += 1
        })
      })
  }
}
