/**
 * A step that is one call: to a model, a tool or a host. Times, retries and limits are in here, inside of the step's
 * activity: around it, a replay could end otherwise.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Action, PlanStep } from "../compiler/Plan.ts"
import * as Attempts from "./Attempts.ts"
import type { Frame } from "./Frame.ts"
import * as Llm from "./Llm.ts"
import * as Outside from "./Outside.ts"
import * as StepError from "./StepError.ts"
import type { Tries } from "./Tries.ts"
import type { World } from "./World.ts"

/** Whether a step is one call. A model with tools makes several, each an activity of its own. */
export const isCall = (action: Action): boolean =>
  action.type === "mcp_tool" || action.type === "http" || (action.type === "llm" && action.tools.length === 0)

const call = (
  world: World,
  step: PlanStep,
  path: string,
  action: Action,
  model: string,
  frame: Frame,
  tries: Tries
): Effect.Effect<unknown, StepError.StepError> => {
  switch (action.type) {
    case "llm":
      return Llm.ask(world, { step: step.id, path, budgets: frame.place.budgets }, action, model, frame, tries)
    case "mcp_tool":
      return Outside.callTool(world, step, path, action, frame, tries)
    case "http":
      return Outside.sendRequest(world, step, path, action, frame)
    default:
      return Effect.dieMessage(`a step of type ${action.type} is no call`)
  }
}

/** Within the time that is left. */
export const until = <A>(
  work: Effect.Effect<A, StepError.StepError>,
  deadline: number | null,
  step: string,
  attempt: number
): Effect.Effect<A, StepError.StepError> =>
  deadline === null
    ? work
    : Effect.flatMap(Clock.currentTimeMillis, (now) =>
        Effect.timeoutFail(work, {
          duration: Duration.millis(Math.max(0, deadline - now)),
          onTimeout: () => StepError.make(step, "timeout", "the time for all attempts together is over", attempt)
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
  const own = frame.until(step.deadlineMillis === null ? null : now + step.deadlineMillis)
  const { timeoutMillis } = step
  return yield* Attempts.all<never, never>(step, frame, tries, {
    once: (action, model) =>
      Effect.gen(function* () {
        const work = call(world, step, path, action, model, frame, tries)
        if (timeoutMillis === null) return yield* work
        const message = `the attempt took longer than its ${timeoutMillis} ms`
        return yield* Effect.timeoutFail(work, {
          duration: Duration.millis(timeoutMillis),
          onTimeout: () => StepError.make(step.id, "timeout", message, tries.count)
        })
      }),
    rest: (number, after) =>
      Effect.flatMap(Attempts.jittered(step.retry, number, after), (millis) => Effect.as(Effect.sleep(millis), true)),
    limited: (attempts, part) => until(attempts, part === "own" ? own : frame.place.deadline, step.id, tries.count)
  })
})
