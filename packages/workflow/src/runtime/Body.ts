/** What the parts of a run's body are: effects that a replay does again, and that end the same way then. */
import type { WorkflowEngine, WorkflowInstance } from "@effect/workflow/WorkflowEngine"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type { PlanStep } from "../compiler/Plan.ts"
import type { Frame } from "./Frame.ts"
import type { StepError } from "./StepError.ts"
import type { World } from "./World.ts"

/** It waits for something that has not happened. What runs beside it goes on; then the run rests until it happens. */
export class Paused extends Data.TaggedClass("Paused")<{}> {}

export const paused = new Paused()

export type Body<A> = Effect.Effect<A, StepError | Paused, WorkflowEngine | WorkflowInstance>

/** Steps to take when the run fails. */
export interface Compensation {
  readonly steps: ReadonlyArray<PlanStep>
  readonly frame: Frame
}

export interface Run {
  readonly world: World
  readonly compensations: Array<Compensation>
}

/** Runs steps and gives what the last one gives. */
export type RunList = (run: Run, steps: ReadonlyArray<PlanStep>, frame: Frame) => Body<unknown>
