/** `workflow` steps: the other workflow's steps run as a part of this run, so that they are as durable as its own. */
import * as Activity from "@effect/workflow/Activity"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { ActionOf, PlanStep } from "../compiler/Plan.ts"
import * as Validate from "../types/Validate.ts"
import type { Run, RunList } from "./Body.ts"
import * as Course from "./Course.ts"
import { Frame } from "./Frame.ts"
import * as StepError from "./StepError.ts"

/** Calls inside of calls. Files that call each other in a circle are told by the checker; this holds whatever is run. */
const deepest = 16

export const call = (
  run: Run,
  step: PlanStep,
  path: string,
  action: ActionOf<"workflow">,
  frame: Frame,
  runList: RunList
) =>
  Effect.flatMap(frame.evaluate(action.with, step.id), (input) =>
    invoke(run, step.id, path, action.uses, input, frame, runList)
  )

/** `step` is who calls, and `path` what no other call has. */
export const invoke = Effect.fnUntraced(function* (
  run: Run,
  step: string,
  path: string,
  uses: string,
  input: unknown,
  frame: Frame,
  runList: RunList
) {
  const { world } = run
  const callee = world.callees.get(uses)
  if (callee === undefined) {
    return yield* StepError.make(step, "invalid_request", `there is no workflow "${uses}"`, 0)
  }
  if (world.depth >= deepest) {
    return yield* StepError.make(step, "failed", `workflows call each other more than ${deepest} deep`, 0)
  }
  const { plan } = callee
  const violations = plan.inputSchema === null ? [] : Validate.compile(plan.inputSchema)(input)
  if (violations.length > 0) {
    const told = violations.map(({ message, path }) => (path === "" ? message : `${path}: ${message}`)).join("; ")
    return yield* StepError.make(step, "invalid_request", `"${uses}" does not take this input: ${told}`, 0)
  }
  const deadline = plan.timeoutMillis === null ? null : (yield* began(path)) + plan.timeoutMillis
  const inner = Frame.root(
    { input, run: frame.value("run") },
    { ...frame.place, rounds: [], rename: (name) => `${path}/${name}`, deadline: frame.until(deadline) }
  ).paidFrom(path, plan.budget)
  // Its name is the caller's: to the ledger it is one run.
  const inside: Run = {
    world: {
      ...world,
      depth: world.depth + 1,
      callees: callee.calls,
      plan: { ...plan, name: world.plan.name }
    },
    compensations: run.compensations
  }
  const { error, output } = yield* Course.follow(inside, plan, inner, runList)
  return error === null ? output : yield* error
})

/** Written down, so that a replay gives it no more time. */
const began = (path: string) =>
  Activity.make({ name: `${path}#began`, success: Schema.Number, execute: Clock.currentTimeMillis })
