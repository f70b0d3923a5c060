/** Runs as the API shows them. */
import type { RunState, RunStep, RunSummary, Waiting } from "@penstock/schema/api/RunsApi"
import type { WorkflowDetail, WorkflowInfo } from "@penstock/schema/api/WorkflowsApi"
import { toUsd } from "@penstock/schema/Money"
import { metricsSoFar, type RunRecord, type StepRecord } from "@penstock/workflow/runtime/RunRecord"
import type { Workflow } from "@penstock/workflow/runtime/Workflows"

const iso = (millis: number): string => new Date(millis).toISOString()
const isoOrNull = (millis: number | null): string | null => (millis === null ? null : iso(millis))

export const summary = (run: RunRecord): RunSummary => ({
  run_id: run.id,
  workflow: run.workflow,
  status: run.status,
  error: run.error,
  metrics: run.metrics,
  key_name: run.caller,
  created_at: iso(run.createdAt),
  started_at: isoOrNull(run.startedAt),
  ended_at: isoOrNull(run.endedAt)
})

const step = (record: StepRecord, waiting: Waiting | null): RunStep => ({
  id: record.id,
  path: record.path,
  type: record.type,
  status: record.status,
  output: record.output,
  error: record.error,
  cost_usd: record.spent.cost === null ? null : toUsd(record.spent.cost),
  tokens: record.spent.inputTokens + record.spent.outputTokens,
  model: record.spent.model,
  attempts: record.attempts,
  cache: record.cache,
  waiting,
  started_at: iso(record.startedAt),
  ended_at: isoOrNull(record.endedAt)
})

export interface Around {
  readonly steps: ReadonlyArray<StepRecord>
  /** The text of the definition that it began with. */
  readonly source: string | null
  /** What the step with a path waits for. */
  readonly waitingFor: (path: string) => Waiting | null
  /** Milliseconds since the epoch: until when a run that is under way is measured. */
  readonly now: number
}

export const state = (run: RunRecord, { now, source, steps, waitingFor }: Around): RunState => ({
  ...summary(run),
  metrics: run.metrics ?? (run.startedAt === null ? null : metricsSoFar(steps, run.startedAt, now)),
  input: run.input,
  output: run.output,
  source,
  steps: steps.map((record) => step(record, record.status === "waiting" ? waitingFor(record.path) : null))
})

export const workflow = ({ diagnostics, file, name, plan, triggers }: Workflow): WorkflowInfo => ({
  name,
  description: plan?.description ?? null,
  version: plan?.version ?? null,
  file,
  inputs: plan?.inputSchema ?? null,
  output: plan?.outputSchema ?? null,
  max_cost_usd: plan === null || plan.cost.worst === null ? null : toUsd(plan.cost.worst),
  triggers,
  valid: plan !== null,
  diagnostics
})

export const detail = (one: Workflow): WorkflowDetail => ({ ...workflow(one), source: one.source })
