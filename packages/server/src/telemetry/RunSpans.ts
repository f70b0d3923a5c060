/** A run of a workflow with its steps. Requests and tools are of the same trace, each below the step that asked. */
import * as Tracing from "@penstock/gateway/exchange/Tracing"
import { toUsd } from "@penstock/schema/Money"
import type { RunRecord, StepRecord } from "@penstock/workflow/runtime/RunRecord"
import type * as Tracer from "effect/Tracer"
import { attributes as at } from "./Names.ts"
import * as Spans from "./Spans.ts"

/** What ends a path's last part: a step inside, a round, a further attempt. */
const cuts = ["/", "[", "~"]

/** The nearest step around it that was put down; null for the run itself. */
const around = (path: string, known: ReadonlySet<string>): string | null => {
  const end = Math.max(...cuts.map((cut) => path.lastIndexOf(cut)))
  if (end <= 0) return null
  const outer = path.slice(0, end)
  return known.has(outer) ? outer : around(outer, known)
}

export const emit = (tracer: Tracer.Tracer, run: RunRecord, steps: ReadonlyArray<StepRecord>): void => {
  const { createdAt, endedAt, error, id, metrics, startedAt, status, workflow } = run
  if (endedAt === null) return
  const trace = Tracing.aroundRun(run)
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
  const known = new Set(steps.map(({ path }) => path))
  for (const step of steps) {
    const outer = around(step.path, known)
    Spans.emit(tracer, {
      name: `step ${step.id}`,
      kind: "internal",
      trace: { ...trace, parentId: outer === null ? Tracing.spanId(id) : Tracing.stepSpanId(id, outer) },
      spanId: Tracing.stepSpanId(id, step.path),
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
  }
}
