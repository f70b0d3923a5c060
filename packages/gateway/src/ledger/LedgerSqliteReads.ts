/** How the ledger is read from SQLite. */
import * as SqlClient from "@effect/sql/SqlClient"
import {
  AttemptRow,
  type CostDimension,
  type CostReport,
  RequestDetail,
  RequestRow
} from "@penstock/schema/LedgerEntry"
import { type Bucket, buckets } from "@penstock/schema/Usage"
import * as Effect from "effect/Effect"
import * as CostSheet from "./CostSheet.ts"
import { LedgerError } from "./Ledger.ts"
import { millisOf } from "../RequestId.ts"
import type { Placed, RequestQuery } from "./RequestQuery.ts"
import * as ToolLog from "./ToolLog.ts"
import * as ToolLogSqlite from "./ToolLogSqlite.ts"
import type { Cell } from "./UsageDaily.ts"

/**
 * Rows come from STRICT tables that only this ledger writes, so their columns hold what is said here. Decoding every
 * value of a long answer would hold up all other requests for longer than the query does. SQLite has no booleans.
 */
type StoredRow = Omit<RequestRow, "stream" | "success" | "estimated"> & {
  readonly stream: 0 | 1
  readonly success: 0 | 1
  readonly estimated: 0 | 1
  readonly started_at: number
}
type StoredCell = Omit<Cell, "priced"> & { readonly priced: 0 | 1 }

const toPlaced = ({ estimated, started_at: startedAt, stream, success, ...columns }: StoredRow): Placed => {
  const row = new RequestRow(
    { ...columns, stream: stream === 1, success: success === 1, estimated: estimated === 1 },
    { disableValidation: true }
  )
  return { startedAt, id: row.id, row }
}

const readError = (cause: unknown) => new LedgerError({ operation: "read", cause })

/**
 * One row more than the page holds, newest first. Both views are asked for a page of their own, so that each follows an
 * index and stops.
 */
export const requests = Effect.fnUntraced(function* (query: RequestQuery) {
  const sql = yield* SqlClient.SqlClient
  const limit = query.limit + 1
  const order = sql.literal("ORDER BY started_at DESC, id DESC")
  const where = sql.and([
    ...(query.model === undefined ? [] : [sql`model = ${query.model}`]),
    ...(query.provider === undefined ? [] : [sql`provider = ${query.provider}`]),
    ...(query.key === undefined ? [] : [sql`key_name = ${query.key}`]),
    ...(query.workflow === undefined ? [] : [sql`workflow_name = ${query.workflow}`]),
    ...(query.status === undefined ? [] : [sql`status = ${query.status}`]),
    // Said again in the words of the index, which has no entry for the status that nearly every row has.
    ...(query.status === undefined || query.status === "ok" ? [] : [sql`status <> 'ok'`]),
    ...(query.from === undefined ? [] : [sql`started_at >= ${query.from}`]),
    ...(query.to === undefined ? [] : [sql`started_at < ${query.to}`]),
    ...(query.after === undefined ? [] : [sql`(started_at, id) < (${query.after.startedAt}, ${query.after.id})`])
  ])
  const settled = sql<StoredRow>`SELECT * FROM (SELECT * FROM settled_requests WHERE ${where} ${order} LIMIT ${limit})`
  const open = sql<StoredRow>`SELECT * FROM (SELECT * FROM open_requests WHERE ${where} ${order} LIMIT ${limit})`
  const both = sql<StoredRow>`${settled} UNION ALL ${open} ${order} LIMIT ${limit}`
  const rows = yield* query.status === "open" ? open : query.status === undefined ? both : settled
  return rows.map(toPlaced)
}, Effect.mapError(readError))

/** What the view `attempts` says of a request whose one attempt ended well. */
const onlyAttempt = (request: RequestRow): typeof AttemptRow.Encoded => ({
  request_id: request.id,
  number: 1,
  provider: request.provider,
  model: request.model,
  outcome: "ok",
  reason: null,
  status: null,
  timestamp: request.timestamp,
  latency_ms: request.latency_ms ?? 0,
  first_token_ms: request.first_token_ms,
  prompt_tokens: request.prompt_tokens,
  completion_tokens: request.completion_tokens,
  total_tokens: request.total_tokens,
  cache_read_tokens: request.cache_read_tokens,
  cost_usd: request.cost_usd,
  cost_nanousd: request.cost_nanousd
})

/** How far, in milliseconds, a request's start may be from the time in its id: both are taken as it arrives. */
const nearby = 1000

/** Settled rows have no index on the id, which would cost every request: they are found by the time in it. */
const row = Effect.fnUntraced(function* (id: string) {
  const sql = yield* SqlClient.SqlClient
  const at = millisOf(id)
  if (Number.isNaN(at)) return null
  const [stored] =
    yield* sql<StoredRow>`SELECT * FROM open_requests WHERE id = ${id} UNION ALL SELECT * FROM settled_requests
    WHERE id = ${id} AND started_at BETWEEN ${at - nearby} AND ${at + nearby} LIMIT 1`
  return stored === undefined ? null : toPlaced(stored).row
})

export const request = Effect.fnUntraced(function* (id: string) {
  const sql = yield* SqlClient.SqlClient
  const request = yield* row(id)
  if (request === null) return null
  const recorded = yield* sql<AttemptRow>`SELECT * FROM recorded_attempts WHERE request_id = ${id} ORDER BY number`
  const toldByRequest = recorded.length === 0 && request.status === "ok" && request.attempts === 1
  const attempts = toldByRequest ? [onlyAttempt(request)] : recorded
  const belonging = yield* ToolLogSqlite.of(id)
  const turns = yield* Effect.forEach(belonging.turns, row)
  return new RequestDetail(
    {
      request,
      attempts: attempts.map((attempt) => new AttemptRow(attempt, { disableValidation: true })),
      ...ToolLog.shown(
        belonging,
        turns.filter((turn) => turn !== null)
      )
    },
    { disableValidation: true }
  )
}, Effect.mapError(readError))

const dimensionColumns: { readonly [D in CostDimension]: string } = {
  day: "day",
  provider: "provider",
  model: "model",
  key: "key_name",
  workflow: "workflow_name"
}
const allDimensions = ["day", "provider", "model", "key", "workflow"] as const

const bucketColumns: { readonly [B in Bucket]: string } = {
  input: "input",
  cacheRead: "cache_read",
  cacheWrite5m: "cache_write_5m",
  cacheWrite1h: "cache_write_1h",
  inputAudio: "input_audio",
  output: "output",
  reasoning: "reasoning",
  outputAudio: "output_audio"
}
const sums = [
  "SUM(requests) AS requests",
  "SUM(errors) AS errors",
  ...buckets.map((bucket) => `SUM(${bucketColumns[bucket]}) AS ${bucket}`),
  "SUM(cost) AS cost"
]

function* cells(rows: Iterable<StoredCell>): Generator<Cell> {
  for (const row of rows) yield { ...row, priced: row.priced === 1 }
}

export const costs = Effect.fnUntraced(function* (
  sheet: CostSheet.CostSheet
): Effect.fn.Return<CostReport, unknown, SqlClient.SqlClient> {
  const sql = yield* SqlClient.SqlClient
  // The baseline's price depends on the day.
  const by = new Set(sheet.baseline === undefined ? sheet.by : [...sheet.by, "day"])
  const columns = allDimensions.map((dimension) =>
    by.has(dimension) ? `${dimensionColumns[dimension]} AS ${dimension}` : `'' AS ${dimension}`
  )
  const groups = allDimensions.filter((dimension) => by.has(dimension)).map((dimension) => dimensionColumns[dimension])
  const days = sql.and([
    ...(sheet.from === undefined ? [] : [sql`day >= ${sheet.from}`]),
    ...(sheet.to === undefined ? [] : [sql`day <= ${sheet.to}`])
  ])
  const rows = yield* sql<StoredCell>`SELECT ${sql.literal([...columns, "priced", ...sums].join(", "))}
    FROM usage_daily WHERE ${days} GROUP BY ${sql.literal([...groups, "priced"].join(", "))}`
  return CostSheet.report(sheet, cells(rows))
}, Effect.mapError(readError))
