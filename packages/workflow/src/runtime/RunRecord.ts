/** What is known of a run and of its steps. Times are milliseconds since the epoch, money is nano-dollars. */
import { NanoDollars, toUsd } from "@penstock/schema/Money"
import { CacheUse, Failure, Metrics, RunStatus, StepStatus } from "@penstock/schema/Run"
import { Trace } from "@penstock/schema/Trace"
import * as Schema from "effect/Schema"

/** What a step used: all of its attempts together. */
export const Spent = Schema.Struct({
  /** Null when the price or the usage of a call is unknown; never 0 instead. */
  cost: Schema.NullOr(NanoDollars),
  inputTokens: Schema.Int,
  outputTokens: Schema.Int,
  /** `provider/model` of who answered last; null where nobody did. */
  model: Schema.optionalWith(Schema.NullOr(Schema.String), { default: () => null })
})
export type Spent = typeof Spent.Type

export const nothingSpent: Spent = { cost: NanoDollars.make(0), inputTokens: 0, outputTokens: 0, model: null }

export const addSpent = (one: Spent, other: Spent): Spent => ({
  cost: one.cost === null || other.cost === null ? null : NanoDollars.make(one.cost + other.cost),
  inputTokens: one.inputTokens + other.inputTokens,
  outputTokens: one.outputTokens + other.outputTokens,
  model: other.model ?? one.model
})

/** How a step ended: what its activity leaves behind, and what a replay reads instead of running it again. */
export const Outcome = Schema.Struct({
  /** Null where it failed. Large values are kept beside, by their hash. */
  output: Schema.Unknown,
  outputHash: Schema.NullOr(Schema.String),
  error: Schema.NullOr(Failure),
  /** What else a failure says to whoever may try again: see `StepError`. */
  retryAfterMillis: Schema.optional(Schema.Number),
  notSetUp: Schema.optional(Schema.Boolean),
  spent: Spent,
  attempts: Schema.Int,
  cache: CacheUse
})
export type Outcome = typeof Outcome.Type

export const StepRecord = Schema.Struct({
  /** Of this instance: the numbers of its rounds are in it. */
  path: Schema.String,
  id: Schema.String,
  type: Schema.String,
  status: StepStatus,
  output: Schema.Unknown,
  error: Schema.NullOr(Failure),
  spent: Spent,
  attempts: Schema.Int,
  cache: CacheUse,
  startedAt: Schema.Int,
  endedAt: Schema.NullOr(Schema.Int)
})
export type StepRecord = typeof StepRecord.Type

export const RunRecord = Schema.Struct({
  id: Schema.String,
  workflow: Schema.String,
  definitionHash: Schema.String,
  status: RunStatus,
  input: Schema.Unknown,
  output: Schema.Unknown,
  error: Schema.NullOr(Failure),
  metrics: Schema.NullOr(Metrics),
  /** The key's name of whoever started it; null without authentication. */
  caller: Schema.NullOr(Schema.String),
  /** The trace of whoever started it; null where he told of none. */
  trace: Schema.NullOr(Trace),
  cancelRequested: Schema.Boolean,
  createdAt: Schema.Int,
  startedAt: Schema.NullOr(Schema.Int),
  endedAt: Schema.NullOr(Schema.Int)
})
export type RunRecord = typeof RunRecord.Type

/** `token` events are live only: they have a number, and are not kept. */
export interface RunEvent {
  /** Rises within a run. */
  readonly number: number
  readonly type: string
  /** The path of the step that it is about; null for the run's own. */
  readonly step: string | null
  readonly data: unknown
  readonly at: number
}

/** What the steps of a run that has ended amount to. Inner steps count in the top level's step that they belong to. */
export const metricsOf = (
  steps: ReadonlyArray<StepRecord>,
  topLevel: ReadonlyArray<{ readonly path: string; readonly id: string; readonly type: string }>,
  latencyMillis: number
): Metrics => {
  const sum = (records: ReadonlyArray<StepRecord>): Spent =>
    records.reduce((total, { spent }) => addSpent(total, spent), nothingSpent)
  const usd = ({ cost }: Spent): number | null => (cost === null ? null : toUsd(cost))
  const tokens = ({ inputTokens, outputTokens }: Spent): number => inputTokens + outputTokens
  const total = sum(steps)
  return {
    total_cost_usd: usd(total),
    total_tokens: tokens(total),
    latency_ms: latencyMillis,
    steps: topLevel.map(({ id, path, type }) => {
      const own = steps.find((step) => step.path === path)
      const spent = sum(
        steps.filter(
          (step) => step.path === path || step.path.startsWith(`${path}/`) || step.path.startsWith(`${path}~`)
        )
      )
      return {
        id,
        type,
        status: own === undefined ? "skipped" : own.endedAt === null ? "cancelled" : own.status,
        cost_usd: usd(spent),
        tokens: tokens(spent),
        model: spent.model,
        latency_ms: own === undefined || own.endedAt === null ? 0 : Math.max(0, own.endedAt - own.startedAt),
        attempts: own?.attempts ?? 0,
        cache: own?.cache ?? null
      }
    })
  }
}

const isTopLevel = ({ path }: StepRecord): boolean => /^steps\/[^/~]+$/.test(path)

/** The same of a run that is under way: of the steps that have begun, each with the status and the time that it has by now. */
export const metricsSoFar = (steps: ReadonlyArray<StepRecord>, startedAt: number, now: number): Metrics =>
  metricsOf(
    steps.map((step) => ({ ...step, endedAt: step.endedAt ?? now })),
    steps.filter(isTopLevel),
    Math.max(0, now - startedAt)
  )
