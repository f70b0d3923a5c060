/**
 * A step that reaches out, with all that may be tried: each model of its chain with its own retries, then its fallbacks.
 * Times, retries and limits are in here, inside of the step's activity: around it, a replay could end otherwise.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Random from "effect/Random"
import type { Action, PlanStep, RetryPlan } from "../compiler/Plan.ts"
import * as Agent from "./Agent.ts"
import type { Frame } from "./Frame.ts"
import { isFinal, type StepError } from "./StepError.ts"
import * as Llm from "./Llm.ts"
import * as Outside from "./Outside.ts"
import * as StepErrors from "./StepError.ts"
import type { Tries } from "./Tries.ts"
import type { World } from "./World.ts"

/** What another model may do better. */
const worthAnother = new Set(["rate_limit", "server", "timeout", "network", "invalid_output"])

/** Types of steps that reach out of the run, and so are activities. */
export const reachesOut = ({ type }: Action): boolean =>
  type === "llm" || type === "agent" || type === "mcp_tool" || type === "http"

const once = (
  world: World,
  step: PlanStep,
  path: string,
  action: Action,
  model: string,
  frame: Frame,
  tries: Tries
): Effect.Effect<unknown, StepError> => {
  const place = { step: step.id, path }
  switch (action.type) {
    case "llm":
      return Llm.ask(world, place, action, model, frame, tries)
    case "agent":
      return Agent.work(world, place, action, model, frame, tries)
    case "mcp_tool":
      return Outside.callTool(world, step, path, action, frame)
    case "http":
      return Outside.sendRequest(world, step, path, action, frame)
    default:
      return Effect.dieMessage(`a step of type ${action.type} does not reach out`)
  }
}

/** Before the retry with this number, from 0. */
export const delayOf = ({ delayMillis, factor, maxDelayMillis }: RetryPlan, retry: number): number =>
  Math.min(maxDelayMillis, delayMillis * factor ** retry)

const wait = Effect.fnUntraced(function* (retry: RetryPlan, number: number, { retryAfterMillis = 0 }: StepError) {
  const delay = delayOf(retry, number)
  const jittered = retry.jitter === "full" ? Math.round(delay * (yield* Random.next)) : delay
  yield* Effect.sleep(Duration.millis(Math.max(jittered, Math.min(retryAfterMillis, retry.maxDelayMillis))))
})

const attempt = Effect.fnUntraced(function* (
  world: World,
  step: PlanStep,
  path: string,
  action: Action,
  model: string,
  frame: Frame,
  tries: Tries
) {
  tries.count += 1
  const over = tries.overBudget(step.id, step.budget) ?? (yield* overTokens(world, step, tries))
  if (over !== null) return yield* over
  const work = once(world, step, path, action, model, frame, tries)
  if (step.timeoutMillis === null) return yield* work
  return yield* Effect.timeoutFail(work, {
    duration: Duration.millis(step.timeoutMillis),
    onTimeout: () =>
      StepErrors.make(step.id, "timeout", `the attempt took longer than its ${step.timeoutMillis} ms`, tries.count)
  })
})

/** The run's budget of tokens. Its money is held by the gateway. */
const overTokens = Effect.fnUntraced(function* (world: World, step: PlanStep, { spent }: Tries) {
  const { tokens } = world.plan.budget
  if (tokens === null) return null
  const used = (yield* world.store.tokens(world.runId)) + spent.inputTokens + spent.outputTokens
  return used < tokens
    ? null
    : StepErrors.make(step.id, "budget", `the run has used ${used} of its ${tokens} tokens`, 0)
})

/** All attempts of one action: chain by chain, retry by retry. */
const attempts = Effect.fnUntraced(function* (
  world: World,
  step: PlanStep,
  path: string,
  action: Action,
  frame: Frame,
  tries: Tries
) {
  const models = "models" in action ? action.models : [""]
  const { retry } = step
  let last: StepError | null = null
  for (const model of models) {
    for (let number = 0; number <= retry.max; number++) {
      if (last !== null && number > 0) yield* wait(retry, number - 1, last)
      const result: Either.Either<unknown, StepError> = yield* Effect.either(
        attempt(world, step, path, action, model, frame, tries)
      )
      if (Either.isRight(result)) return result.right
      last = withAttempt(result.left, tries.count)
      if (!retry.on.some((reason) => reason === result.left.reason)) break
    }
    if (last === null || !(last.notSetUp === true || worthAnother.has(last.reason))) break
    tries.feedback = null
  }
  return yield* last ?? StepErrors.make(step.id, "invalid_request", "there is no model to ask", 0)
})

const withAttempt = ({ message, notSetUp, reason, retryAfterMillis, step }: StepError, attempt: number): StepError =>
  new StepErrors.StepError({
    step,
    reason,
    message,
    attempt,
    ...(notSetUp === undefined ? {} : { notSetUp }),
    ...(retryAfterMillis === undefined ? {} : { retryAfterMillis })
  })

const until = <A>(
  work: Effect.Effect<A, StepError>,
  deadline: number | null,
  step: PlanStep,
  tries: Tries
): Effect.Effect<A, StepError> =>
  deadline === null
    ? work
    : Effect.flatMap(Clock.currentTimeMillis, (now) =>
        Effect.timeoutFail(work, {
          duration: Duration.millis(Math.max(0, deadline - now)),
          onTimeout: () =>
            StepErrors.make(step.id, "timeout", "the time for all attempts together is over", tries.count)
        })
      )

/** What the step gives, after whatever had to be tried. */
export const run = Effect.fnUntraced(function* (
  world: World,
  step: PlanStep,
  path: string,
  frame: Frame,
  tries: Tries
) {
  const now = yield* Clock.currentTimeMillis
  const deadline = frame.until(step.deadlineMillis === null ? null : now + step.deadlineMillis)
  let result = yield* Effect.either(
    until(attempts(world, step, path, step.action, frame, tries), deadline, step, tries)
  )
  for (const fallback of step.fallbacks) {
    if (Either.isRight(result) || isFinal(result.left)) break
    tries.feedback = null
    result =
      fallback._tag === "Value"
        ? frame.evaluate(fallback.value, step.id)
        : yield* Effect.either(
            until(attempts(world, step, path, fallback.action, frame, tries), frame.place.deadline, step, tries)
          )
  }
  return yield* result
})
