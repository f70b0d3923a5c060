/** What steps give instead of being run: the mocks of a test, or what a recording has of them. */
import type { Failure } from "@penstock/schema/Run"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { PlanStep } from "../compiler/Plan.ts"
import { nothingSpent, type Outcome } from "./RunRecord.ts"

export interface Place {
  readonly step: PlanStep
  /** Of this instance: the numbers of its rounds are in it. */
  readonly path: string
  /** How many workflows are around the one that the step belongs to. */
  readonly depth: number
}

/** Null where nothing stands in, and the step is run. */
export type StandIn = (place: Place) => Effect.Effect<Outcome> | null

export interface Service {
  readonly standIn: StandIn
  /** What `run` is in expressions; null: the run that it is. */
  readonly run: { readonly id: string; readonly started_at: string } | null
}

const none: Service = { standIn: () => null, run: null }

export class StandIns extends Context.Reference<StandIns>()("@penstock/workflow/runtime/StandIns", {
  defaultValue: (): Service => none
}) {}

/** Of a step that gave something at once and for nothing. */
export const gave = (output: unknown): Outcome => ({
  output: output ?? null,
  outputHash: null,
  error: null,
  spent: nothingSpent,
  attempts: 1,
  cache: null
})

export const failed = (error: Failure): Outcome => ({ ...gave(null), error })
