/** A step that reaches out, as an activity: done once, whatever happens to the process after it. */
import type { CacheUse } from "@penstock/schema/Run"
import * as Activity from "@effect/workflow/Activity"
import * as Deferred from "effect/Deferred"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { hashOf } from "../compiler/Hash.ts"
import type { PlanStep } from "../compiler/Plan.ts"
import * as Attempts from "./Attempts.ts"
import { type Frame, readsOf } from "./Frame.ts"
import { Outcome } from "./RunRecord.ts"
import * as StepError from "./StepError.ts"
import type { StepStart } from "./store/RunStore.ts"
import { Tries } from "./Tries.ts"
import type { World } from "./World.ts"

/** Characters of JSON. What is larger is kept once, by its hash, and not in every place that holds the output. */
const largestInline = 65_536
const largestOutput = 8_388_608

export const startOf = ({ action, id }: PlanStep, path: string): StepStart => ({ path, id, type: action.type })

export const activity = (world: World, step: PlanStep, path: string, frame: Frame) =>
  Activity.make({ name: path, success: Outcome, execute: perform(world, step, path, frame) })

const perform = Effect.fnUntraced(function* (world: World, step: PlanStep, path: string, frame: Frame) {
  yield* world.store.stepStarted(world.runId, startOf(step, path))
  yield* world.channel.tell(`${path}:started`, "step.started", path, { id: step.id, type: step.action.type })
  const tries = new Tries()
  const { cache, result } = yield* stoppable(world, step, tries, cached(world, step, path, frame, tries))
  const outcome = yield* toOutcome(world, step, result, tries, cache)
  yield* record(world, step, path, outcome)
  return outcome
})

interface Done {
  readonly result: Either.Either<unknown, StepError.StepError>
  readonly cache: CacheUse
}

/** Cancelling aborts the call that is under way. */
const stoppable = (world: World, step: PlanStep, tries: Tries, work: Effect.Effect<Done>): Effect.Effect<Done> => {
  if (!world.stoppable) return work
  const stopped = Effect.as(Deferred.await(world.channel.cancelled), {
    result: Either.left(StepError.make(step.id, "cancelled", "the run was cancelled", tries.count)),
    cache: null
  } satisfies Done)
  return Effect.raceFirst(work, stopped)
}

const cached = Effect.fnUntraced(function* (world: World, step: PlanStep, path: string, frame: Frame, tries: Tries) {
  const run = Effect.either(Attempts.run(world, step, path, frame, tries))
  if (step.cache === null) return { result: yield* run, cache: null } satisfies Done
  const { key, scope, ttlMillis } = step.cache
  const given = Either.all((key === null ? readsOf(step) : [key]).map((read) => frame.evaluate(read, step.id)))
  if (Either.isLeft(given)) return { result: yield* run, cache: null } satisfies Done
  // The same step of another workflow is another one, unless its file says otherwise.
  const hash = hashOf([scope === "global" ? null : [world.plan.name, step.path], settingsOf(step), given.right])
  const known = yield* world.store.cached(hash)
  if (known !== null) return { result: Either.right(known.output), cache: "hit" } satisfies Done
  const result = yield* run
  if (Either.isRight(result)) {
    yield* world.store.putCached(hash, result.right, (yield* Clock.currentTimeMillis) + ttlMillis)
  }
  return { result, cache: "miss" } satisfies Done
})

/** What makes two questions different besides what they are given. */
const settingsOf = ({ action }: PlanStep): unknown => {
  switch (action.type) {
    case "llm":
    case "agent":
      return [action.type, action.models, action.outputSchema, action.temperature, action.maxTokens, action.tools]
    case "mcp_tool":
      return [action.type, action.server, action.tool]
    case "http":
      return [action.type, action.method]
    default:
      return action.type
  }
}

const toOutcome = Effect.fnUntraced(function* (
  world: World,
  step: PlanStep,
  result: Done["result"],
  { count, spent }: Tries,
  cache: CacheUse
) {
  const failed = (error: StepError.StepError): Outcome => ({
    output: null,
    outputHash: null,
    error: StepError.failureOf(error),
    spent,
    attempts: count,
    cache
  })
  if (Either.isLeft(result)) return failed(result.left)
  const json = JSON.stringify(result.right ?? null)
  if (json.length > largestOutput) {
    const message = `the output has ${json.length} characters of JSON, more than ${largestOutput}`
    return failed(StepError.make(step.id, "failed", message, count))
  }
  if (json.length <= largestInline) {
    return { output: result.right ?? null, outputHash: null, error: null, spent, attempts: count, cache }
  }
  const outputHash = hashOf(result.right)
  yield* world.store.putValue(outputHash, json)
  return { output: null, outputHash, error: null, spent, attempts: count, cache }
})

/** Puts down how a step ended, and tells so. */
export const record = Effect.fnUntraced(function* (world: World, step: PlanStep, path: string, outcome: Outcome) {
  const status = outcome.error === null ? "succeeded" : outcome.error.reason === "cancelled" ? "cancelled" : "failed"
  yield* world.store.stepEnded(world.runId, { ...startOf(step, path), status, outcome })
  const about = { id: step.id, type: step.action.type, attempts: outcome.attempts, cache: outcome.cache }
  const told = outcome.error === null ? { output: outcome.output } : { error: outcome.error }
  const type = outcome.error === null ? "step.finished" : "step.failed"
  yield* world.channel.tell(`${path}:${type}`, type, path, { ...about, ...told })
})

/** The output of a step that succeeded. */
export const outputOf = ({ store }: World, { output, outputHash }: Outcome): Effect.Effect<unknown> =>
  outputHash === null ? Effect.succeed(output) : store.value(outputHash)
