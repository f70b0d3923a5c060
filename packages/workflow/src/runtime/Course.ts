/**
 * The course of a whole workflow, of a run or of one that is called: its steps; after a failure what undoes, the last
 * first, and what catches; in any case what runs finally.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Plan } from "../compiler/Plan.ts"
import type { Body, Compensation, Run, RunList } from "./Body.ts"
import type { Frame } from "./Frame.ts"
import * as StepError from "./StepError.ts"

export interface Result {
  readonly output: unknown
  readonly error: StepError.StepError | null
}

/** A failure as a value; a rest stays one. */
const orError = <A>(body: Body<A>) =>
  body.pipe(
    Effect.map((value): Either.Either<A, StepError.StepError> => Either.right(value)),
    Effect.catchTag("StepError", (error) => Effect.succeed(Either.left(error)))
  )

const undo = Effect.fnUntraced(function* (tidying: Run, compensations: ReadonlyArray<Compensation>, runList: RunList) {
  for (const { frame, steps } of compensations.toReversed()) {
    const undone = yield* orError(runList(tidying, steps, timeless(frame)))
    if (Either.isLeft(undone)) yield* Effect.logWarning(`A step could not be undone: ${undone.left.message}`)
  }
})

/** What tidies up is not to be cut off by the very time that has run out. */
const timeless = (frame: Frame, values: { readonly [name: string]: unknown } = {}): Frame =>
  frame.enter(values, { deadline: null })

const failed = Effect.fnUntraced(function* (
  tidying: Run,
  plan: Plan,
  frame: Frame,
  error: StepError.StepError,
  compensations: ReadonlyArray<Compensation>,
  runList: RunList
) {
  yield* undo(tidying, compensations, runList)
  if (plan.catch.length === 0) return { output: null, error } satisfies Result
  const seen = timeless(frame, { error: StepError.failureOf(error) })
  const caught = yield* orError(runList(tidying, plan.catch, seen))
  const mended = Either.isRight(caught) && plan.catch.at(-1)?.output !== null && !StepError.isFinal(error)
  return (mended ? { output: caught.right, error: null } : { output: null, error }) satisfies Result
})

/** What it comes to. Whoever called it undoes what it did, if it succeeds and something behind it fails. */
export const follow = Effect.fnUntraced(function* (run: Run, plan: Plan, frame: Frame, runList: RunList) {
  const own: Run = { world: run.world, compensations: [] }
  const tidying: Run = { world: { ...run.world, stoppable: false }, compensations: [] }
  const body = Effect.flatMap(runList(own, plan.steps, frame), () => frame.evaluate(plan.output, plan.name))
  const done = yield* orError(body)
  const result: Result = Either.isRight(done)
    ? { output: done.right, error: null }
    : yield* failed(tidying, plan, frame, done.left, own.compensations, runList)
  const last = yield* orError(runList(tidying, plan.finally, timeless(frame)))
  if (result.error === null && Either.isRight(last)) run.compensations.push(...own.compensations)
  return Either.isLeft(last) && result.error === null ? ({ output: null, error: last.left } satisfies Result) : result
})
