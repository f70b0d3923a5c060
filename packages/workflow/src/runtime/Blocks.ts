/** Steps that hold steps: what runs beside what, and what becomes of a failure. */
import * as DurableDeferred from "@effect/workflow/DurableDeferred"
import { WorkflowEngine, WorkflowInstance } from "@effect/workflow/WorkflowEngine"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import type { ActionOf, Branch, PlanStep } from "../compiler/Plan.ts"
import { type Body, Paused, paused, type Run, type RunList } from "./Body.ts"
import type { Frame } from "./Frame.ts"
import type { Meter } from "./Meter.ts"
import { nothingSpent, Spent } from "./RunRecord.ts"
import * as StepError from "./StepError.ts"

/** What one of several parts came to. */
type Part = Either.Either<unknown, StepError.StepError> | Paused

/** A part that waits does not hold up the others. A failure that the run is to end with passes. */
const part = (work: Body<unknown>) =>
  work.pipe(
    Effect.map((output): Part => Either.right(output)),
    Effect.catchAll((error): Effect.Effect<Part, StepError.StepError> => {
      if (error instanceof Paused) return Effect.succeed(error)
      return StepError.isFinal(error) ? Effect.fail(error) : Effect.succeed(Either.left(error))
    })
  )

/** The parts, or a rest while one of them waits. */
const settled = (
  parts: ReadonlyArray<Part>
): Effect.Effect<ReadonlyArray<Either.Either<unknown, StepError.StepError>>, Paused> => {
  const ended = parts.flatMap((part) => (part instanceof Paused ? [] : [part]))
  return ended.length < parts.length ? Effect.fail(paused) : Effect.succeed(ended)
}

/** The first failure fails the whole; the others are interrupted. */
const orFail = (work: ReturnType<typeof part>) =>
  Effect.flatMap(work, (part) =>
    !(part instanceof Paused) && Either.isLeft(part) ? Effect.fail(part.left) : Effect.succeed(part)
  )

export const foreach = Effect.fnUntraced(function* (
  run: Run,
  step: PlanStep,
  action: ActionOf<"foreach">,
  frame: Frame,
  runList: RunList
) {
  const items = yield* frame.evaluate(action.in, step.id)
  if (!Array.isArray(items)) return yield* StepError.make(step.id, "failed", "`in` is not a list", 0)
  const one = (item: unknown, index: number) => {
    const place = { rounds: [...frame.place.rounds, index] }
    const work = part(runList(run, action.steps, frame.enter({ [action.as]: item, index }, place)))
    return action.onItemError === "fail" ? orFail(work) : work
  }
  const parts = yield* Effect.forEach(items, one, { concurrency: action.concurrency })
  const results = yield* settled(parts)
  const ok = results.flatMap((result) => (Either.isRight(result) ? [result.right] : []))
  if (action.onItemError !== "collect") return ok
  const errors = results.flatMap((result, index) =>
    Either.isLeft(result) ? [{ index, reason: result.left.reason, message: result.left.message }] : []
  )
  return { ok, errors }
})

const branches = (run: Run, action: ActionOf<"parallel">, frame: Frame, runList: RunList) =>
  action.branches.map((branch) => ({ branch, work: part(runList(run, branch.steps, frame.enter())) }))

type Branches = ReturnType<typeof branches>

const unbounded = { concurrency: "unbounded" } as const

export const parallel = Effect.fnUntraced(function* (
  run: Run,
  path: string,
  action: ActionOf<"parallel">,
  frame: Frame,
  runList: RunList
) {
  const all = branches(run, action, frame, runList)
  switch (action.join) {
    case "all": {
      const parts = yield* Effect.forEach(all, ({ work }) => orFail(work), unbounded)
      const results = yield* settled(parts)
      return byName(all, (at) => {
        const result = results[at]
        return result !== undefined && Either.isRight(result) ? result.right : null
      })
    }
    case "settled": {
      const results = yield* settled(yield* Effect.forEach(all, ({ work }) => work, unbounded))
      return byName(all, (at) => {
        const result = results[at]
        if (result === undefined || Either.isRight(result))
          return { status: "succeeded", output: result?.right ?? null }
        return { status: "failed", error: StepError.failureOf(result.left) }
      })
    }
    case "any":
      return yield* firstOf(path, all, frame.place.meter)
  }
})

const byName = (all: Branches, valueOf: (at: number) => unknown): unknown =>
  Object.fromEntries(all.map(({ branch }, at) => [branch.name, valueOf(at)]))

const Winner = Schema.Struct({
  branch: Schema.String,
  output: Schema.Unknown,
  /** By all branches until then: a replay does not run them. */
  spent: Schema.optional(Spent)
})

class Won {
  readonly branch: Branch
  readonly output: unknown
  constructor(branch: Branch, output: unknown) {
    this.branch = branch
    this.output = output
  }
}

/** The first success. Who was first is written down, because a replay could see it otherwise. */
const firstOf = Effect.fnUntraced(function* (path: string, all: Branches, meter: Meter) {
  const engine = yield* WorkflowEngine
  const { executionId, workflow } = yield* WorkflowInstance
  const deferred = DurableDeferred.make(`${path}#first`, { success: Winner })
  const known = yield* engine.deferredResult(deferred)
  if (known !== undefined) {
    const { spent = nothingSpent, ...winner } = yield* Effect.orDie(known)
    meter.add(spent)
    return winner
  }
  const raced = yield* Effect.either(
    Effect.forEach(
      all,
      ({ branch, work }) =>
        Effect.flatMap(work, (part) =>
          !(part instanceof Paused) && Either.isRight(part)
            ? Effect.fail(new Won(branch, part.right))
            : Effect.succeed(part)
        ),
      unbounded
    )
  )
  if (Either.isRight(raced)) {
    const results = yield* settled(raced.right)
    const failed = results.find(Either.isLeft)
    return yield* failed === undefined ? Effect.succeed(null) : Effect.fail(failed.left)
  }
  if (!(raced.left instanceof Won)) return yield* Effect.fail(raced.left)
  const winner = { branch: raced.left.branch.name, output: raced.left.output }
  yield* engine.deferredDone(deferred, {
    workflowName: workflow.name,
    executionId,
    deferredName: deferred.name,
    exit: Exit.succeed({ ...winner, spent: meter.spent })
  })
  return winner
})

export const choose = Effect.fnUntraced(function* (
  run: Run,
  step: PlanStep,
  action: ActionOf<"switch">,
  frame: Frame,
  runList: RunList
) {
  for (const { steps, when } of action.cases) {
    if ((yield* frame.evaluate(when, step.id)) === true) return yield* runList(run, steps, frame.enter())
  }
  return action.else === null ? null : yield* runList(run, action.else, frame.enter())
})

export interface Looped {
  readonly output: unknown
  readonly exhausted: boolean
}

export const loop = Effect.fnUntraced(function* (
  run: Run,
  step: PlanStep,
  action: ActionOf<"loop">,
  frame: Frame,
  runList: RunList
) {
  let output: unknown = null
  for (let index = 0; index < action.max; index++) {
    const inner = frame.enter({ loop: { index, previous: output } }, { rounds: [...frame.place.rounds, index] })
    output = yield* runList(run, action.steps, inner)
    if ((yield* inner.evaluate(action.until, step.id)) === true) return { output, exhausted: false } satisfies Looped
  }
  return { output, exhausted: true } satisfies Looped
})
