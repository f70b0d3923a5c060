/** Looks now and then for runs that a crash has left between two of their records, and lets them go on. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Runs } from "./Runs.ts"

/** Milliseconds between two looks, and without any progress. A call may take longer: looking does it no harm. */
const betweenLooks = 10_000
const patience = 30_000

const look = Effect.gen(function* () {
  const runs = yield* Runs
  const stalled = yield* runs.stalled((yield* Clock.currentTimeMillis) - patience)
  yield* Effect.forEach(stalled, ({ id }) => Effect.ignore(runs.poke(id)), { discard: true })
})

export const layer: Layer.Layer<never, never, Runs> = Layer.scopedDiscard(
  look.pipe(
    Effect.catchAllCause((cause) => Effect.logError("Runs that stand still could not be looked for.", cause)),
    Effect.delay(betweenLooks),
    Effect.forever,
    Effect.interruptible,
    Effect.forkScoped
  )
)
