/** A sink whose answer is an Effect stream: what a slow reader has not taken is bounded, and slows the provider. */
import type { GatewayError } from "@penstock/schema/GatewayError"
import type { StreamEvent } from "@penstock/schema/StreamEvent"
import * as Effect from "effect/Effect"
import * as Mailbox from "effect/Mailbox"
import * as Stream from "effect/Stream"
import type { Sink } from "./Call.ts"

/** Events that may wait for the reader before the provider is paused. */
const highWater = 256

export const eventStream = (
  run: (sink: Sink<ReadonlyArray<StreamEvent>>) => Effect.Effect<void, GatewayError>
): Stream.Stream<StreamEvent, GatewayError> =>
  Stream.unwrapScoped(
    Effect.gen(function* () {
      const mailbox = yield* Mailbox.make<StreamEvent, GatewayError>()
      let waiting = 0
      let resume = () => {}
      const sink: Sink<ReadonlyArray<StreamEvent>> = {
        begin: () => {},
        write: (events) => {
          waiting += events.length
          mailbox.unsafeOfferAll(events)
          return waiting < highWater
        },
        onDrain: (how) => {
          resume = how
        },
        end: () => {}
      }
      yield* Effect.forkScoped(Mailbox.into(run(sink), mailbox))
      return Mailbox.toStream(mailbox).pipe(
        Stream.chunks,
        Stream.tap((taken) =>
          Effect.sync(() => {
            const paused = waiting >= highWater
            waiting -= taken.length
            if (paused && waiting < highWater) resume()
          })
        ),
        Stream.flattenChunks
      )
    })
  )
