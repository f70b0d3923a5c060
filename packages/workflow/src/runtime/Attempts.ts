/**
 * All that may be tried for a step: each model of its chain with its own retries, then its fallbacks. How one attempt is
 * made, and how time passes between two, is said by a `Way`: inside of an activity, or in the body of the run.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Random from "effect/Random"
import type { Action, PlanStep, RetryPlan } from "../compiler/Plan.ts"
import type { Frame } from "./Frame.ts"
import * as StepError from "./StepError.ts"
import type { Tries } from "./Tries.ts"

/** The step as it is, or with a part of it changed. */
export type Part = "own" | "fallback"

/** `E`: what is no failure of the step and ends the attempts as it is. */
export interface Way<E, R> {
  /** Where nothing chooses a model, it is "". */
  readonly once: (action: Action, model: string, part: Part) => Effect.Effect<unknown, StepError.StepError | E, R>
  /** Before the retry with this number, from 0. False when there is no time for one. */
  readonly rest: (number: number, after: StepError.StepError) => Effect.Effect<boolean, never, R>
  /** All attempts of a part. */
  readonly limited: (
    attempts: Effect.Effect<unknown, StepError.StepError | E, R>,
    part: Part
  ) => Effect.Effect<unknown, StepError.StepError | E, R>
}

/** What another model may do better. */
const worthAnother = new Set(["rate_limit", "server", "timeout", "network", "invalid_output"])

/** Before the retry with this number, from 0. */
export const delayOf = ({ delayMillis, factor, maxDelayMillis }: RetryPlan, retry: number): number =>
  Math.min(maxDelayMillis, delayMillis * factor ** retry)

/** What a provider asks for is waited, up to the longest delay. */
export const jittered = Effect.fnUntraced(function* (
  retry: RetryPlan,
  number: number,
  { retryAfterMillis = 0 }: StepError.StepError
) {
  const delay = delayOf(retry, number)
  const part = retry.jitter === "full" ? Math.round(delay * (yield* Random.next)) : delay
  return Math.max(part, Math.min(retryAfterMillis, retry.maxDelayMillis))
})

/** Of the step's own failures; those of steps inside of it say which attempt of theirs it was. */
const numbered = (error: StepError.StepError, { id }: PlanStep, attempt: number): StepError.StepError =>
  error.step === id
    ? new StepError.StepError({ ...StepError.failureOf(error), ...StepError.adviceOf(error), attempt })
    : error

const chain = <E, R>(step: PlanStep, action: Action, part: Part, tries: Tries, way: Way<E, R>) =>
  Effect.gen(function* () {
    const { retry } = step
    let last: StepError.StepError | null = null
    for (const model of "models" in action ? action.models : [""]) {
      for (let number = 0; number <= retry.max; number++) {
        if (last !== null && number > 0 && !(yield* way.rest(number - 1, last))) return yield* last
        tries.count += 1
        const result: Either.Either<unknown, StepError.StepError | E> = yield* Effect.either(
          way.once(action, model, part)
        )
        if (Either.isRight(result)) return result.right
        const error = result.left
        if (!(error instanceof StepError.StepError)) return yield* Effect.fail(error)
        last = numbered(error, step, tries.count)
        if (!retry.on.some((reason) => reason === error.reason)) break
      }
      if (last === null || !(last.notSetUp === true || worthAnother.has(last.reason))) break
      tries.feedback = null
    }
    return yield* last ?? StepError.make(step.id, "invalid_request", "there is no model to ask", 0)
  })

/** What the step gives, after whatever had to be tried. */
export const all = <E, R>(step: PlanStep, frame: Frame, tries: Tries, way: Way<E, R>) =>
  Effect.gen(function* () {
    let result = yield* Effect.either(way.limited(chain(step, step.action, "own", tries, way), "own"))
    for (const fallback of step.fallbacks) {
      if (Either.isRight(result)) break
      if (!(result.left instanceof StepError.StepError) || StepError.isFinal(result.left)) break
      tries.feedback = null
      result =
        fallback._tag === "Value"
          ? frame.evaluate(fallback.value, step.id)
          : yield* Effect.either(way.limited(chain(step, fallback.action, "fallback", tries, way), "fallback"))
    }
    return yield* result
  })
