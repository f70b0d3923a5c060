/** One run, from a text to what it gives: for scripts and tests. Nothing of it stays. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Engine from "./Engine.ts"
import type { RunRecord } from "./RunRecord.ts"
import { Runs, type RunsError, type StartOptions } from "./Runs.ts"
import type { Needs } from "./World.ts"
import type { Feed } from "./Feed.ts"
import type { RunStore } from "./store/RunStore.ts"

/** Runs the workflow that a text describes, in memory. A run that fails is a record with an `error`, and no failure. */
export const run = (
  source: string,
  input: unknown,
  options: StartOptions = {}
): Effect.Effect<RunRecord, RunsError, Exclude<Needs, RunStore | Feed>> =>
  Effect.gen(function* () {
    const runs = yield* Runs
    const { id } = yield* runs.start(source, input, options)
    return yield* runs.await(id)
  }).pipe(Effect.provide(Layer.fresh(Engine.layerMemory)))
