/**
 * Attempts of what is no single activity: a block, a called workflow, a model with tools. What they need of clocks and
 * of chance is written down, so that a replay gives them no more time.
 */
import * as Activity from "@effect/workflow/Activity"
import type { WorkflowEngine, WorkflowInstance } from "@effect/workflow/WorkflowEngine"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Action, PlanStep } from "../compiler/Plan.ts"
import * as Attempts from "./Attempts.ts"
import type { Body, Paused } from "./Body.ts"
import type { Frame } from "./Frame.ts"
import type { StepError } from "./StepError.ts"
import type { Tries } from "./Tries.ts"
import { isWait } from "./Waits.ts"
import type { World } from "./World.ts"

/** One attempt, under a path and with a frame that no other attempt has. */
export type Once = (action: Action, model: string, path: string, frame: Frame) => Body<unknown>

/** Steps inside of a further attempt are other steps than those of the first. */
const attemptFrame = (frame: Frame, path: string, own: string): Frame => {
  const { rename } = frame.place
  return frame.enter({}, { rename: (inner) => rename(inner).replace(`${path}/`, `${own}/`) })
}

const now = (name: string) => Activity.make({ name, success: Schema.Number, execute: Clock.currentTimeMillis })

/** `millis` from the moment that is written down under the name. */
const limitedBy = Effect.fnUntraced(function* (frame: Frame, name: string, millis: number | null) {
  if (millis === null) return frame
  return frame.enter({}, { deadline: frame.until((yield* now(name)) + millis) })
})

/** False when the deadline comes first. Cancelling ends the rest; whatever is tried next notices. */
const rest = (world: World, step: PlanStep, path: string, number: number, after: StepError, deadline: number | null) =>
  Activity.make({
    name: `${path}#retry${number}`,
    success: Schema.Boolean,
    execute: Effect.gen(function* () {
      const delay = yield* Attempts.jittered(step.retry, number, after)
      const left = deadline === null ? Number.POSITIVE_INFINITY : deadline - (yield* Clock.currentTimeMillis)
      const sleep = Effect.sleep(Math.max(0, Math.min(delay, left)))
      yield* world.stoppable ? Effect.raceFirst(sleep, Deferred.await(world.channel.cancelled)) : sleep
      return delay < left
    })
  })

export const all = Effect.fnUntraced(function* (
  world: World,
  step: PlanStep,
  path: string,
  frame: Frame,
  tries: Tries,
  once: Once
) {
  const limited = yield* limitedBy(frame, `${path}#time`, step.deadlineMillis)
  // To `approve` and `wait`, `timeout` is how long they wait.
  const timeout = isWait(step.action) ? null : step.timeoutMillis
  return yield* Attempts.all<Paused, WorkflowEngine | WorkflowInstance>(step, frame, tries, {
    once: (action, model, part) => {
      const own = tries.count === 1 ? path : `${path}~${tries.count}`
      const inside = attemptFrame(part === "own" ? limited : frame, path, own)
      return Effect.flatMap(limitedBy(inside, `${own}#attempt`, timeout), (last) => once(action, model, own, last))
    },
    rest: (_number, after) => rest(world, step, path, tries.count, after, limited.place.deadline),
    limited: (attempts) => attempts
  })
})
