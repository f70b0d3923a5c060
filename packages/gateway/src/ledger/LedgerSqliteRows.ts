/** What is written of requests, attempts and daily sums: columns, statements, and the values for them. */
import type { Opening, Settlement } from "@penstock/schema/LedgerEntry"
import type { Usage } from "@penstock/schema/Usage"
import * as RowStatement from "./RowStatement.ts"
import type { Cell } from "./UsageDaily.ts"

const openingColumns = [
  "id",
  "started_at",
  "key_name",
  "workflow_name",
  "endpoint",
  "requested_model",
  "provider",
  "model",
  "stream"
]
const bucketColumns = [
  "input",
  "cache_read",
  "cache_write_5m",
  "cache_write_1h",
  "input_audio",
  "output",
  "reasoning",
  "output_audio"
]
const endingColumns = [
  "status",
  ...bucketColumns,
  "cost",
  "latency_ms",
  "first_token_ms",
  "attempts",
  "error_reason",
  "error_message",
  "estimated",
  "saved"
]
const attemptColumns = [
  "request_id",
  "number",
  "provider",
  "model",
  "outcome",
  "reason",
  "upstream_status",
  "started_at",
  "latency_ms",
  "first_token_ms",
  ...bucketColumns,
  "cost"
]
const cellKey = ["day", "provider", "model", "key_name", "workflow_name", "priced"]
const cellSums = ["requests", "errors", ...bucketColumns, "cost"]

const insertInto = (table: string, columns: ReadonlyArray<string>) => (values: string) =>
  `INSERT INTO ${table} (${columns.join(", ")}) VALUES ${values}`

const logColumns = [...openingColumns, ...endingColumns]
/** Into the open rows of the process with the id `owner`, which stands in the text. */
const insertOpenOf = (owner: number, columns: ReadonlyArray<string>) =>
  RowStatement.make(columns.length, insertInto("request_open", [...columns, "owner"]), [owner])

export const insertOpen = (owner: number) => insertOpenOf(owner, openingColumns)
/** The same with what is held, which nearly no row has where there are no budgets. */
export const insertHolding = (owner: number) => insertOpenOf(owner, [...openingColumns, "holds"])
export const insertLog = RowStatement.make(logColumns.length, insertInto("request_log", logColumns))
export const insertAttempts = RowStatement.make(attemptColumns.length, insertInto("request_attempt", attemptColumns))
export const deleteOpen = RowStatement.make(1, (values) => `DELETE FROM request_open WHERE id IN (${values})`)
export const addDaily = RowStatement.make(
  cellKey.length + cellSums.length,
  (values) => `${insertInto("usage_daily", [...cellKey, ...cellSums])(values)}
    ON CONFLICT (${cellKey.join(", ")}) DO UPDATE SET ${cellSums.map((sum) => `${sum} = ${sum} + excluded.${sum}`).join(", ")}`
)

export type Values = Array<RowStatement.Value>

export const pushOpening = (values: Values, opening: Opening, provider: string, model: string): void => {
  values.push(
    opening.id,
    opening.startedAt,
    opening.key,
    opening.workflowName,
    opening.endpoint,
    opening.requestedModel,
    provider,
    model,
    opening.stream ? 1 : 0
  )
}

const pushUsage = (values: Values, usage: Usage | null): void => {
  if (usage === null) values.push(null, null, null, null, null, null, null, null)
  else {
    values.push(usage.input, usage.cacheRead, usage.cacheWrite5m, usage.cacheWrite1h, usage.inputAudio)
    values.push(usage.output, usage.reasoning, usage.outputAudio)
  }
}

export const pushEnding = (values: Values, settlement: Settlement): void => {
  values.push(settlement.status)
  pushUsage(values, settlement.usage)
  values.push(
    settlement.cost,
    settlement.latencyMillis,
    settlement.firstTokenMillis,
    settlement.attempts.length,
    settlement.error === null ? null : settlement.error.reason,
    settlement.error === null ? null : settlement.error.message,
    settlement.estimated ? 1 : 0,
    settlement.saved
  )
}

/** The one attempt of a request that ended well is told by the request itself. */
export const toldByRequest = ({ attempts, status }: Settlement): boolean =>
  attempts.length === 0 || (attempts.length === 1 && status === "ok" && attempts[0]?.outcome === "ok")

export const pushAttempts = (values: Values, { attempts, id }: Settlement): void => {
  for (const [index, attempt] of attempts.entries()) {
    values.push(id, index + 1, attempt.provider, attempt.model, attempt.outcome, attempt.reason)
    values.push(attempt.upstreamStatus, attempt.startedAt, attempt.latencyMillis, attempt.firstTokenMillis)
    pushUsage(values, attempt.usage)
    values.push(attempt.cost)
  }
}

export const pushCell = (values: Values, cell: Cell): void => {
  values.push(cell.day, cell.provider, cell.model, cell.key, cell.workflow, cell.priced ? 1 : 0)
  values.push(cell.requests, cell.errors, cell.input, cell.cacheRead, cell.cacheWrite5m, cell.cacheWrite1h)
  values.push(cell.inputAudio, cell.output, cell.reasoning, cell.outputAudio, cell.cost)
}
