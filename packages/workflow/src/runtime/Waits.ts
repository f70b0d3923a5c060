/**
 * `approve` and `wait`. A signal and the time limit share one deferred, under the name that the engine gives its clocks,
 * so that whichever comes first is the only one, in every replay.
 */
import * as Activity from "@effect/workflow/Activity"
import * as DurableClock from "@effect/workflow/DurableClock"
import * as DurableDeferred from "@effect/workflow/DurableDeferred"
import { WorkflowEngine, WorkflowInstance } from "@effect/workflow/WorkflowEngine"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { isReadonlyRecord } from "effect/Predicate"
import * as Schema from "effect/Schema"
import type { Action, ActionOf, PlanStep } from "../compiler/Plan.ts"
import * as Validate from "../types/Validate.ts"
import { type Body, paused } from "./Body.ts"
import type { Frame } from "./Frame.ts"
import { startOf } from "./Leaf.ts"
import * as StepError from "./StepError.ts"
import type { World } from "./World.ts"

/** What a wait ends with; the engine's clock leaves nothing. */
const Arrival = Schema.Union(
  Schema.TaggedStruct("Signal", { body: Schema.Unknown }),
  Schema.TaggedStruct("Cancelled", {})
)
export type Arrival = typeof Arrival.Type

const decodeArrival = Schema.decodeUnknownEither(Arrival)

/** Its beginning is put down where it is known how long it waits: in here. */
export const isWait = ({ type }: Action): boolean => type === "approve" || type === "wait"

export const deferredOf = (path: string) => DurableDeferred.make(`DurableClock/${path}`, { success: Schema.Unknown })

const Begun = Schema.Struct({
  /** A signal that came before anybody waited. */
  early: Schema.NullOr(Schema.Struct({ body: Schema.Unknown })),
  /** Null: as long as it takes. */
  millis: Schema.NullOr(Schema.Number),
  /** Whether it is the time for the whole that ends it. */
  cutShort: Schema.Boolean
})

type Ending = { readonly _tag: "Signal"; readonly body: unknown } | { readonly _tag: "Time" }

const waitFor = Effect.fnUntraced(function* (
  world: World,
  step: PlanStep,
  path: string,
  frame: Frame,
  signal: string | null,
  millis: number | null,
  about: unknown
) {
  const begun = yield* Activity.make({
    name: `${path}#begin`,
    success: Begun,
    execute: Effect.gen(function* () {
      yield* world.store.stepStarted(world.runId, startOf(step, path), "waiting")
      const early = yield* world.store.wait(world.runId, path, signal ?? `#${path}`)
      if (early === null) yield* world.store.setStatus(world.runId, "waiting")
      yield* world.channel.tell(`${path}:started`, "step.started", path, about)
      const now = yield* Clock.currentTimeMillis
      const { deadline } = frame.place
      const left = deadline === null ? null : Math.max(0, deadline - now)
      const cutShort = left !== null && (millis === null || left < millis)
      return { early, millis: cutShort ? left : millis, cutShort }
    })
  })
  const ending = begun.early === null ? yield* arrival(path, begun.millis) : signalled(begun.early.body)
  yield* world.store.doneWaiting(world.runId, path)
  yield* world.store.setStatus(world.runId, "running")
  if (ending._tag === "Cancelled") {
    return yield* StepError.make(step.id, "cancelled", "the run was cancelled", 0)
  }
  if (ending._tag === "Time" && begun.cutShort) {
    return yield* StepError.make(step.id, "timeout", "the time for the whole is over", 1)
  }
  return ending
})

const signalled = (body: unknown): Ending => ({ _tag: "Signal", body })

const arrival = Effect.fnUntraced(function* (path: string, millis: number | null) {
  const engine = yield* WorkflowEngine
  const instance = yield* WorkflowInstance
  const deferred = deferredOf(path)
  const known = yield* engine.deferredResult(deferred)
  if (known === undefined) {
    if (millis !== null) {
      const clock = DurableClock.make({ name: path, duration: millis })
      yield* engine.scheduleClock(instance.workflow, { executionId: instance.executionId, clock })
    }
    return yield* Effect.fail(paused)
  }
  const value = yield* Effect.orDie(known)
  return Either.getOrElse(decodeArrival(value), () => ({ _tag: "Time" }) as const)
})

/** The longest text that a failure repeats. */
const longestWhy = 500

/** What somebody who said no has written beside it, in whatever fields the form has. */
const why = (form: { readonly [field: string]: unknown }): string => {
  const texts = Object.values(form).filter((value) => typeof value === "string" && value.trim() !== "")
  return texts.length === 0 ? "" : `: ${texts.join("; ").slice(0, longestWhy)}`
}

export const approve = (
  world: World,
  step: PlanStep,
  path: string,
  action: ActionOf<"approve">,
  frame: Frame
): Body<unknown> =>
  Effect.gen(function* () {
    const prompt = yield* frame.evaluate(action.prompt, step.id)
    const about = { id: step.id, type: "approve", status: "waiting", prompt, form: action.formSchema }
    const ending = yield* waitFor(world, step, path, frame, step.id, step.timeoutMillis, about)
    if (ending._tag === "Time") {
      if (action.onTimeout === "approve") return { approved: true }
      return yield* action.onTimeout === "reject"
        ? StepError.make(step.id, "rejected", "nobody approved in time")
        : StepError.make(step.id, "timeout", "nobody answered in time")
    }
    const { body } = ending
    const { approved, ...form } = isReadonlyRecord(body) ? body : { approved: body }
    if (approved !== true) return yield* StepError.make(step.id, "rejected", `"${step.id}" was rejected${why(form)}`)
    const violations = action.formSchema === null ? [] : Validate.compile(action.formSchema)(form)
    if (violations.length === 0) return { ...form, approved }
    const told = violations.map(({ message, path }) => `${path === "" ? "the form" : path}: ${message}`)
    return yield* StepError.make(step.id, "invalid_request", `the form does not hold: ${told.join("; ")}`)
  })

export const wait = (
  world: World,
  step: PlanStep,
  path: string,
  action: ActionOf<"wait">,
  frame: Frame
): Body<unknown> =>
  Effect.gen(function* () {
    const about = { id: step.id, type: "wait", status: "waiting", event: action.event }
    if (action.until !== null) {
      if ((yield* frame.evaluate(action.until, step.id)) === true) return null
      return yield* StepError.make(step.id, "failed", "what it waits for is not so, and nothing here can change it", 0)
    }
    const ending = yield* waitFor(
      world,
      step,
      path,
      frame,
      action.event,
      action.event === null ? action.forMillis : step.timeoutMillis,
      about
    )
    if (ending._tag === "Signal") return ending.body
    if (action.event === null) return null
    return yield* StepError.make(step.id, "timeout", `the event "${action.event}" did not come in time`)
  })
