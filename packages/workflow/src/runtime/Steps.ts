/** Lists of steps, and one step with all that may stand around it: its condition, its retries, its catch. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { CacheUse } from "@penstock/schema/Run"
import { toUsd } from "@penstock/schema/Money"
import type { Action, PlanStep } from "../compiler/Plan.ts"
import * as Agent from "./Agent.ts"
import * as Blocks from "./Blocks.ts"
import { type Body, Paused, paused, type Run, type RunList } from "./Body.ts"
import * as Calls from "./Calls.ts"
import { type Frame, readsOf, type StepView } from "./Frame.ts"
import * as Leaf from "./Leaf.ts"
import { Meter } from "./Meter.ts"
import * as Repeated from "./Repeated.ts"
import { nothingSpent, type Outcome, type Spent } from "./RunRecord.ts"
import * as StepError from "./StepError.ts"
import * as SubWorkflow from "./SubWorkflow.ts"
import { Tries } from "./Tries.ts"
import * as Waits from "./Waits.ts"
import type { World } from "./World.ts"

/** What a step came to, whichever way. */
interface Ended {
  readonly output: unknown
  readonly outcome: Outcome
  readonly spent: Spent
  readonly exhausted: boolean
}

const plain = (output: unknown, error: StepError.StepError | null, attempts = 1): Outcome => ({
  output: output ?? null,
  outputHash: null,
  error: error === null ? null : StepError.failureOf(error),
  spent: nothingSpent,
  attempts,
  cache: null
})

/** What other steps run in. A frame of their own is not free, so that no other step has one. */
const holders = new Set<Action["type"]>(["parallel", "foreach", "switch", "loop", "workflow", "agent", "llm"])

export const runList: RunList = (run, steps, frame) => {
  const inOrder = steps.every(({ waitsFor }, at) => at === 0 || waitsFor.includes(steps[at - 1]?.path ?? ""))
  return inOrder ? runInOrder(run, steps, frame) : runAsReady(run, steps, frame)
}

const runInOrder = (run: Run, steps: ReadonlyArray<PlanStep>, frame: Frame): Body<unknown> =>
  Effect.reduce(steps, null, (_last: unknown, step: PlanStep) => runStep(run, step, frame))

/** Each step when those that it waits for have ended. One that rests holds up only what waits for it. */
const runAsReady = Effect.fnUntraced(function* (run: Run, steps: ReadonlyArray<PlanStep>, frame: Frame) {
  const ends = new Map<string, Deferred.Deferred<boolean>>()
  for (const { path } of steps) ends.set(path, yield* Deferred.make<boolean>())
  const outputs = yield* Effect.forEach(
    steps,
    (step) =>
      Effect.gen(function* () {
        const waited = step.waitsFor.flatMap((path) => ends.get(path) ?? [])
        const ended = yield* Effect.forEach(waited, Deferred.await)
        const ready = ended.every((one) => one)
        const result = ready ? yield* Effect.catchTag(runStep(run, step, frame), "Paused", Effect.succeed) : paused
        const own = ends.get(step.path)
        if (own !== undefined) yield* Deferred.succeed(own, !(result instanceof Paused))
        return result
      }),
    { concurrency: "unbounded" }
  )
  const resting = outputs.find((output) => output instanceof Paused)
  return resting instanceof Paused ? yield* Effect.fail(resting) : (outputs.at(-1) ?? null)
})

const runStep = Effect.fnUntraced(function* (run: Run, step: PlanStep, frame: Frame) {
  const path = frame.pathOf(step)
  if (!(yield* isToRun(step, frame))) return yield* skip(run, step, path, frame)
  const meter = new Meter(frame.place.meter)
  const paid = frame.paidFrom(path, step.budget)
  const inside = holders.has(step.action.type) && !Calls.isCall(step.action) ? paid.enter({}, { meter }) : paid
  const { outcome, ...first } = yield* perform(run, step, path, inside)
  meter.add(first.spent)
  const handled =
    outcome.error === null ? null : yield* handle(run, step, frame, meter, new StepError.StepError(outcome.error))
  const output = handled === null ? first.output : handled.output
  if (handled !== null && handled.caught) {
    const { world } = run
    const told = { id: step.id, type: step.action.type, status: "succeeded" as const, path }
    yield* world.store.stepEnded(world.runId, { ...told, outcome: { ...outcome, output } })
  }
  const { spent } = meter
  define(frame, step, {
    output: output ?? null,
    status: outcome.error === null || handled?.caught === true ? "succeeded" : "failed",
    error: outcome.error,
    usage: {
      input_tokens: spent.inputTokens,
      output_tokens: spent.outputTokens,
      total_tokens: spent.inputTokens + spent.outputTokens
    },
    cost: spent.cost === null ? null : toUsd(spent.cost),
    model: spent.model,
    ...(step.action.type === "loop" ? { exhausted: first.exhausted } : {})
  })
  if (outcome.error === null && step.undo.length > 0) run.compensations.push({ steps: step.undo, frame: frame.enter() })
  return output
})

const define = (frame: Frame, step: PlanStep, view: StepView) => frame.define(step, view)

/** A condition that cannot be read because a step was skipped is not fulfilled. */
const isToRun = Effect.fnUntraced(function* (step: PlanStep, frame: Frame) {
  if (step.condition !== null) {
    const value = frame.evaluate(step.condition, step.id)
    if (Either.isLeft(value) && frame.readsSkipped([step.condition])) return false
    if ((yield* value) !== true) return false
  }
  return !frame.readsSkipped(readsOf(step))
})

const skip = Effect.fnUntraced(function* ({ world }: Run, step: PlanStep, path: string, frame: Frame) {
  const outcome = plain(null, null, 0)
  yield* world.store.stepEnded(world.runId, { ...Leaf.startOf(step, path), status: "skipped", outcome })
  yield* world.channel.tell(`${path}:skipped`, "step.skipped", path, { id: step.id, type: step.action.type })
  const usage = { input_tokens: 0, output_tokens: 0, total_tokens: 0 }
  define(frame, step, { output: null, status: "skipped", error: null, usage, cost: 0, model: null })
  return null
})

/** What the file says to do about a failure; fails with it where the file says nothing. */
const handle = Effect.fnUntraced(function* (
  run: Run,
  step: PlanStep,
  frame: Frame,
  meter: Meter,
  error: StepError.StepError
) {
  if (StepError.isFinal(error)) return yield* error
  if (step.catch.length > 0) {
    const output = yield* runList(run, step.catch, frame.enter({ error: StepError.failureOf(error) }, { meter }))
    return { output, caught: true }
  }
  return step.onError === "continue" ? { output: null, caught: false } : yield* error
})

const perform = Effect.fnUntraced(function* (run: Run, step: PlanStep, path: string, frame: Frame) {
  const { world } = run
  const standIn = world.standIns.standIn({ step, path, depth: world.depth })
  if (standIn !== null) return yield* substituted(run, step, path, standIn)
  const tries = new Tries()
  if (world.rehearsal && step.mock !== undefined) {
    return yield* within(run, step, path, tries, Effect.succeed(new Given(step.mock)))
  }
  if (Calls.isCall(step.action)) {
    const outcome = yield* Leaf.call(world, step, path, frame)
    const output = outcome.error === null ? yield* Leaf.outputOf(world, outcome) : null
    return { output, outcome, spent: outcome.spent, exhausted: false } satisfies Ended
  }
  if (step.action.type === "agent" || step.action.type === "llm") {
    const talked = Effect.map(
      Agent.work(run, step, path, frame, tries, runList),
      ({ cache, output }) => new Given(output, { cache })
    )
    return yield* within(run, step, path, tries, talked)
  }
  const acted = Repeated.all(world, step, path, frame, tries, (action, _model, own, inside) => {
    const once = act(run, step, action, own, inside)
    return own !== path && Waits.isWait(action) ? recorded(world, step, own, once) : once
  })
  return yield* within(
    run,
    step,
    path,
    tries,
    Effect.map(acted, (output) => (output instanceof Given ? output : new Given(output)))
  )
})

/** What stands in for a step ends as the step would. */
const substituted = Effect.fnUntraced(function* (
  { world }: Run,
  step: PlanStep,
  path: string,
  standIn: Effect.Effect<Outcome>
) {
  yield* world.store.stepStarted(world.runId, Leaf.startOf(step, path))
  yield* world.channel.tell(`${path}:started`, "step.started", path, { id: step.id, type: step.action.type })
  const outcome = yield* standIn
  yield* Leaf.record(world, Leaf.startOf(step, path), outcome)
  return { output: outcome.output, outcome, spent: outcome.spent, exhausted: false } satisfies Ended
})

/** What a step that is no activity gives, and what else is to be known of it. */
class Given {
  readonly output: unknown
  readonly exhausted: boolean
  readonly cache: CacheUse
  constructor(
    output: unknown,
    { cache = null, exhausted = false }: { readonly cache?: CacheUse; readonly exhausted?: boolean } = {}
  ) {
    this.output = output ?? null
    this.exhausted = exhausted
    this.cache = cache
  }
}

/** A further attempt at waiting began as a record of its own, so that it has to end as one. */
const recorded = (world: World, step: PlanStep, own: string, attempt: Body<unknown>): Body<unknown> =>
  Effect.gen(function* () {
    const result = yield* Effect.either(attempt)
    if (Either.isLeft(result) && result.left instanceof Paused) return yield* Effect.fail(result.left)
    const error = Either.isLeft(result) && result.left instanceof StepError.StepError ? result.left : null
    yield* Leaf.record(world, Leaf.startOf(step, own), plain(Either.getOrNull(result), error))
    return yield* result
  })

/** Puts down the beginning and the end of a step that is no activity. Doing so again changes nothing. */
const within = Effect.fnUntraced(function* (
  { world }: Run,
  step: PlanStep,
  path: string,
  tries: Tries,
  work: Body<Given>
) {
  if (!Waits.isWait(step.action)) {
    yield* world.store.stepStarted(world.runId, Leaf.startOf(step, path))
    yield* world.channel.tell(`${path}:started`, "step.started", path, { id: step.id, type: step.action.type })
  }
  const result = yield* Effect.either(work)
  if (Either.isLeft(result) && result.left instanceof Paused) return yield* Effect.fail(result.left)
  const given = Either.getOrElse(result, () => new Given(null))
  const { cache, exhausted } = given
  const error =
    Either.isLeft(result) && result.left instanceof StepError.StepError
      ? result.left
      : Leaf.tooLarge(step.id, JSON.stringify(given.output), tries.count)
  const output = error === null ? given.output : null
  // What is spent in here is in the records of its parts.
  const outcome: Outcome = { ...plain(output, error, Math.max(1, tries.count)), cache }
  yield* Leaf.record(world, Leaf.startOf(step, path), outcome)
  return { output, outcome, spent: tries.spent, exhausted } satisfies Ended
})

const emit = (world: World, path: string, event: string, data: unknown) => {
  const { caller, plan, runId } = world
  return world.channel.tell(`${path}:emitted`, event, path, data).pipe(
    // A rehearsal starts nothing.
    Effect.zipRight(
      world.rehearsal ? Effect.void : world.feed.emit({ runId, workflow: plan.name, path, event, data, caller })
    ),
    Effect.as(null)
  )
}

const act = (run: Run, step: PlanStep, action: Action, path: string, frame: Frame): Body<unknown> => {
  const { world } = run
  switch (action.type) {
    case "set":
      return frame.evaluate(action.values, step.id)
    case "emit":
      return Effect.flatMap(frame.evaluate(action.data, step.id), (data) => emit(world, path, action.event, data))
    case "fail":
      return Effect.flatMap(frame.evaluate(action.message, step.id), (message) =>
        Effect.fail(
          new StepError.StepError({
            step: step.id,
            reason: action.code ?? "failed",
            message: String(message),
            attempt: 1
          })
        )
      )
    case "parallel":
      return Blocks.parallel(run, path, action, frame, runList)
    case "foreach":
      return Blocks.foreach(run, step, action, frame, runList)
    case "switch":
      return Blocks.choose(run, step, action, frame, runList)
    case "loop":
      return Effect.map(
        Blocks.loop(run, step, action, frame, runList),
        ({ exhausted, output }) => new Given(output, { exhausted })
      )
    case "approve":
      return Waits.approve(world, step, path, action, frame)
    case "wait":
      return Waits.wait(world, step, path, action, frame)
    case "workflow":
      return SubWorkflow.call(run, step, path, action, frame, runList)
    default:
      return Effect.dieMessage(`a step of type ${action.type} is an activity`)
  }
}
