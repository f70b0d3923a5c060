/** What reaches out, as an activity: done once, whatever happens to the process after it. */
import type { CacheUse } from "@penstock/schema/Run"
import * as Activity from "@effect/workflow/Activity"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { hashOf } from "../compiler/Hash.ts"
import type { PlanStep } from "../compiler/Plan.ts"
import * as Cached from "./Cached.ts"
import * as Calls from "./Calls.ts"
import type { Frame } from "./Frame.ts"
import { Outcome } from "./RunRecord.ts"
import * as StepError from "./StepError.ts"
import type { StepStart } from "./store/RunStore.ts"
import { Tries } from "./Tries.ts"
import type { World } from "./World.ts"

/** Characters of JSON. What is larger is kept once, by its hash, and not in every place that holds the output. */
const largestInline = 65_536
const largestOutput = 8_388_608

export const startOf = ({ action, id }: PlanStep, path: string): StepStart => ({ path, id, type: action.type })

interface Done {
  readonly output: unknown
  readonly cache: CacheUse
}

const perform = Effect.fnUntraced(function* (
  world: World,
  start: StepStart,
  tries: Tries,
  work: Effect.Effect<Done, StepError.StepError>
) {
  const { id, path, type } = start
  yield* world.store.stepStarted(world.runId, start)
  yield* world.channel.tell(`${path}:started`, "step.started", path, { id, type })
  const result = yield* Effect.either(stoppable(world, id, tries, work))
  const outcome = yield* toOutcome(world, id, result, tries)
  yield* record(world, start, outcome)
  return outcome
})

/** A part of a step, put down as a step of its own. */
export const activity = (
  world: World,
  start: StepStart,
  tries: Tries,
  work: Effect.Effect<unknown, StepError.StepError>
) =>
  Activity.make({
    name: start.path,
    success: Outcome,
    execute: perform(
      world,
      start,
      tries,
      Effect.map(work, (output) => ({ output, cache: null }))
    )
  })

/** A whole step that is one call. */
export const call = (world: World, step: PlanStep, path: string, frame: Frame) =>
  Activity.make({
    name: path,
    success: Outcome,
    execute: Effect.suspend(() => {
      const tries = new Tries()
      return perform(world, startOf(step, path), tries, cached(world, step, path, frame, tries))
    })
  })

/** Cancelling aborts the call that is under way. */
const stoppable = <A>(world: World, step: string, tries: Tries, work: Effect.Effect<A, StepError.StepError>) => {
  if (!world.stoppable) return work
  const stopped = Effect.flatMap(Deferred.await(world.channel.cancelled), () =>
    Effect.fail(StepError.make(step, "cancelled", "the run was cancelled", tries.count))
  )
  return Effect.raceFirst(work, stopped)
}

const cached = Effect.fnUntraced(function* (world: World, step: PlanStep, path: string, frame: Frame, tries: Tries) {
  const asked = Calls.run(world, step, path, frame, tries)
  const key = Cached.keyOf(world, step, frame)
  if (key === null) return { output: yield* asked, cache: null } satisfies Done
  const known = yield* world.store.cached(key.hash)
  if (known !== null) return { output: known.output, cache: "hit" } satisfies Done
  const output = yield* asked
  yield* Cached.put(world, key, output)
  return { output, cache: "miss" } satisfies Done
})

/** Why a step may not give this. */
export const tooLarge = (step: string, json: string, attempt: number): StepError.StepError | null => {
  const message = `the output has ${json.length} characters of JSON, more than ${largestOutput}`
  return json.length > largestOutput ? StepError.make(step, "failed", message, attempt) : null
}

const toOutcome = Effect.fnUntraced(function* (
  world: World,
  step: string,
  result: Either.Either<Done, StepError.StepError>,
  { count, spent }: Tries
) {
  const failed = (error: StepError.StepError): Outcome => ({
    output: null,
    outputHash: null,
    error: StepError.failureOf(error),
    ...StepError.adviceOf(error),
    spent,
    attempts: count,
    cache: null
  })
  if (Either.isLeft(result)) return failed(result.left)
  const { cache, output } = result.right
  const json = JSON.stringify(output ?? null)
  const large = tooLarge(step, json, count)
  if (large !== null) return failed(large)
  const inline = json.length <= largestInline
  const outputHash = inline ? null : hashOf(output)
  if (outputHash !== null) yield* world.store.putValue(outputHash, json)
  const kept = inline ? (output ?? null) : null
  return { output: kept, outputHash, error: null, spent, attempts: count, cache } satisfies Outcome
})

/** Puts down how a step ended, and tells so. */
export const record = Effect.fnUntraced(function* (world: World, start: StepStart, outcome: Outcome) {
  const { id, path, type: kind } = start
  const status = outcome.error === null ? "succeeded" : outcome.error.reason === "cancelled" ? "cancelled" : "failed"
  yield* world.store.stepEnded(world.runId, { ...start, status, outcome })
  const { model } = outcome.spent
  const about = {
    id,
    type: kind,
    attempts: outcome.attempts,
    cache: outcome.cache,
    ...(model === null ? {} : { model })
  }
  const told = outcome.error === null ? { output: outcome.output } : { error: outcome.error }
  const type = outcome.error === null ? "step.finished" : "step.failed"
  yield* world.channel.tell(`${path}:${type}`, type, path, { ...about, ...told })
})

/** Why it failed, if it did. */
export const errorOf = ({ error, notSetUp, retryAfterMillis }: Outcome): StepError.StepError | null =>
  error === null ? null : new StepError.StepError({ ...error, ...StepError.adviceOf({ notSetUp, retryAfterMillis }) })

/** The output of a step that succeeded. */
export const outputOf = ({ store }: World, { output, outputHash }: Outcome): Effect.Effect<unknown> =>
  outputHash === null ? Effect.succeed(output) : store.value(outputHash)
