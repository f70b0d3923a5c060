/** A run of a workflow with its steps. Requests and tools of a run are of the same trace, below the run. */
import * as Tracing from "@penstock/gateway/exchange/Tracing"
import { toUsd } from "@penstock/schema/Money"
import type { RunRecord, StepRecord } from "@penstock/workflow/runtime/RunRecord"
import type * as Tracer from "effect/Tracer"
import { attributes as at } from "./Names.ts"
import * as Spans from "./Spans.ts"

/** Attempts count from 1; steps have the other half of the numbers to themselves. */
const firstStep = 0x8000

export const emit = (tracer: Tracer.Tracer, run: RunRecord, steps: ReadonlyArray<StepRecord>): void => {
  const { createdAt, endedAt, error, id, metrics, startedAt, status, workflow } = run
  if (endedAt === null) return
  const trace = Tracing.beginning(id)
  Spans.emit(tracer, {
    name: `invoke_workflow ${workflow}`,
    kind: "internal",
    trace,
    spanId: Tracing.spanId(id),
    startedAt: startedAt ?? createdAt,
    endedAt,
    attributes: {
      [at.operation]: "invoke_workflow",
      [at.workflowName]: workflow,
      [at.runId]: id,
      [at.key]: run.caller,
      [at.status]: status,
      [at.cost]: metrics?.total_cost_usd ?? null
    },
    error: error?.reason ?? null
  })
  steps.forEach((step, index) => {
    Spans.emit(tracer, {
      name: `step ${step.id}`,
      kind: "internal",
      trace: Tracing.below(trace, id),
      spanId: Tracing.spanId(id, firstStep + index),
      startedAt: step.startedAt,
      endedAt: step.endedAt ?? endedAt,
      attributes: {
        [at.step]: step.path,
        [at.stepType]: step.type,
        [at.runId]: id,
        [at.status]: step.status,
        [at.attempt]: step.attempts,
        [at.inputTokens]: step.spent.inputTokens,
        [at.outputTokens]: step.spent.outputTokens,
        [at.cost]: step.spent.cost === null ? null : toUsd(step.spent.cost)
      },
      error: step.error?.reason ?? null
    })
  })
}
