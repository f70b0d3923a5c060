/** Runs and their steps, for a terminal. */
import type { RunState, RunSummary } from "@penstock/schema/api/RunsApi"
import { money, nameOf } from "./Progress.ts"

/** Columns as wide as their widest cell; the last one as it is. */
const table = (rows: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<string> => {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => (row[at] ?? "").length)))
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join("  ")
      .trimEnd()
  )
}

const between = (from: string | null, to: string | null): string =>
  from === null || to === null ? "" : `${((Date.parse(to) - Date.parse(from)) / 1000).toFixed(1)} s`

const costOf = ({ metrics }: RunSummary): string => (metrics === null ? "" : money(metrics.total_cost_usd))

export const list = (runs: ReadonlyArray<RunSummary>): string =>
  table([
    ["run", "workflow", "status", "started", "took", "cost"],
    ...runs.map((run) => [
      run.run_id,
      run.workflow,
      run.status,
      run.created_at.slice(0, 19).replace("T", " "),
      between(run.started_at, run.ended_at),
      costOf(run)
    ])
  ]).join("\n")

const shortest = 200

const value = (given: unknown): string => {
  const text = typeof given === "string" ? given : JSON.stringify(given ?? null)
  return text.length > shortest ? `${text.slice(0, shortest)}\u2026` : text
}

export const detail = (run: RunState): string =>
  [
    `${run.run_id}  ${run.workflow}  ${run.status}`,
    `started ${run.created_at}${run.ended_at === null ? "" : `, took ${between(run.started_at ?? run.created_at, run.ended_at)}`}`,
    ...(run.metrics === null ? [] : [`cost ${costOf(run)}, ${run.metrics.total_tokens} tokens`]),
    ...(run.error === null ? [] : [`error at "${run.error.step}" (${run.error.reason}): ${run.error.message}`]),
    "",
    ...table([
      ["step", "type", "status", "took", "cost", "tokens", "attempts", "model", ""],
      ...run.steps.map((step) => [
        nameOf(step.path),
        step.type,
        step.status,
        between(step.started_at, step.ended_at),
        money(step.cost_usd),
        String(step.tokens),
        String(step.attempts),
        step.model ?? "",
        step.error === null ? "" : `${step.error.reason}: ${step.error.message}`
      ])
    ]),
    "",
    `input   ${value(run.input)}`,
    ...(run.output === null ? [] : [`output  ${value(run.output)}`])
  ].join("\n")
