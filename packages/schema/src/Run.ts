/** A workflow's run, as the runtime keeps it and as everybody is told of it. */
import * as Schema from "effect/Schema"

/**
 * - `queued`: kept, and not begun
 * - `waiting`: for a signal, a time or an event; it costs nothing meanwhile
 * - `rejected`: somebody was asked and did not approve
 */
export const RunStatus = Schema.Literal("queued", "running", "waiting", "succeeded", "failed", "rejected", "cancelled")
export type RunStatus = typeof RunStatus.Type

const ended: ReadonlySet<RunStatus> = new Set(["succeeded", "failed", "rejected", "cancelled"])

export const isEnded = (status: RunStatus): boolean => ended.has(status)

export const StepStatus = Schema.Literal("running", "waiting", "succeeded", "failed", "skipped", "cancelled")
export type StepStatus = typeof StepStatus.Type

/** What a `catch` sees as `error`, and what a run tells. */
export const Failure = Schema.Struct({
  step: Schema.String,
  reason: Schema.String,
  message: Schema.String,
  /** Which attempt failed, from 1; 0 where nothing was attempted. */
  attempt: Schema.Int
})
export type Failure = typeof Failure.Type

/** Null for a step that has no `cache`. */
export const CacheUse = Schema.NullOr(Schema.Literal("hit", "miss"))
export type CacheUse = typeof CacheUse.Type

const StepMetrics = Schema.Struct({
  id: Schema.String,
  type: Schema.String,
  status: StepStatus,
  /** Null when the price or the usage of a call is unknown; never 0 instead. */
  cost_usd: Schema.NullOr(Schema.Number),
  tokens: Schema.Int,
  /** `provider/model` of who answered last in it; null where nobody did. */
  model: Schema.optionalWith(Schema.NullOr(Schema.String), { default: () => null }),
  latency_ms: Schema.Int,
  attempts: Schema.Int,
  cache: CacheUse
})

export const Metrics = Schema.Struct({
  /** Null when one of the steps has an unknown cost. */
  total_cost_usd: Schema.NullOr(Schema.Number),
  total_tokens: Schema.Int,
  latency_ms: Schema.Int,
  /** Where the file names a `baseline`: that model, what the same tokens cost there, and what was saved. Null: unknown. */
  baseline: Schema.optional(Schema.String),
  baseline_usd: Schema.optional(Schema.NullOr(Schema.Number)),
  saved_usd: Schema.optional(Schema.NullOr(Schema.Number)),
  /** The top level's, in the order of the file; what is inside of one counts in it. */
  steps: Schema.Array(StepMetrics)
}).annotations({ identifier: "RunMetrics" })
export type Metrics = typeof Metrics.Type
