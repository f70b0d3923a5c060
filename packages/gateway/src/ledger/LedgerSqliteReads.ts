/** How the ledger is read from SQLite. */
import * as SqlClient from "@effect/sql/SqlClient"
import { type CostDimension, type CostReport, RequestRow } from "@penstock/schema/LedgerEntry"
import { buckets } from "@penstock/schema/Usage"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as CostSheet from "./CostSheet.ts"
import { LedgerError } from "./Ledger.ts"
import type { Placed, RequestQuery } from "./RequestQuery.ts"

/** SQLite has no booleans. */
const Bit = Schema.transform(Schema.Literal(0, 1), Schema.Boolean, {
  strict: true,
  decode: (bit) => bit === 1,
  encode: (flag) => (flag ? 1 : 0)
})

const StoredRow = Schema.Struct({
  ...RequestRow.fields,
  stream: Bit,
  success: Bit,
  started_at: Schema.Int
})
const decodeRows = Schema.decodeUnknown(Schema.Array(StoredRow))

const readError = (cause: unknown) => new LedgerError({ operation: "read", cause })

/**
 * One row more than the page holds, newest first. Both views are asked for a page of their own, so that each follows an
 * index and stops.
 */
export const requests = Effect.fnUntraced(function* (query: RequestQuery) {
  const sql = yield* SqlClient.SqlClient
  const limit = query.limit + 1
  const order = sql.literal("ORDER BY started_at DESC, id DESC")
  const conditions = [
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
  ]
  const where = sql.and(conditions)
  const settled = sql`SELECT * FROM (SELECT * FROM settled_requests WHERE ${where} ${order} LIMIT ${limit})`
  const open = sql`SELECT * FROM (SELECT * FROM open_requests WHERE ${where} ${order} LIMIT ${limit})`
  const rows = yield* query.status === "open"
    ? open
    : query.status === undefined
      ? sql`${settled} UNION ALL ${open} ${order} LIMIT ${limit}`
      : settled
  return (yield* decodeRows(rows)).map(({ started_at, ...row }): Placed => ({
    startedAt: started_at,
    id: row.id,
    row: new RequestRow(row)
  }))
}, Effect.mapError(readError))

const dimensionColumns: { readonly [D in CostDimension]: string } = {
  day: "day",
  provider: "provider",
  model: "model",
  key: "key_name",
  workflow: "workflow_name"
}
const allDimensions = ["day", "provider", "model", "key", "workflow"] as const
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
const sums = [
  "requests",
  "errors",
  ...buckets.map((bucket, index) => `${bucketColumns[index]} AS ${bucket}`),
  "cost"
].map((column) => {
  const [from, to = from] = column.split(" AS ")
  return `SUM(${from}) AS ${to}`
})

const StoredCell = Schema.Struct({
  day: Schema.String,
  provider: Schema.String,
  model: Schema.String,
  key: Schema.String,
  workflow: Schema.String,
  priced: Bit,
  requests: Schema.Int,
  errors: Schema.Int,
  input: Schema.Int,
  cacheRead: Schema.Int,
  cacheWrite5m: Schema.Int,
  cacheWrite1h: Schema.Int,
  inputAudio: Schema.Int,
  output: Schema.Int,
  reasoning: Schema.Int,
  outputAudio: Schema.Int,
  cost: Schema.Int
})
const decodeCells = Schema.decodeUnknown(Schema.mutable(Schema.Array(Schema.mutable(StoredCell))))

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
  const rows =
    yield* sql`SELECT ${sql.literal([...columns, "priced", ...sums].join(", "))} FROM usage_daily WHERE ${sql.and([
      ...(sheet.from === undefined ? [] : [sql`day >= ${sheet.from}`]),
      ...(sheet.to === undefined ? [] : [sql`day <= ${sheet.to}`])
    ])} GROUP BY ${sql.literal([...groups, "priced"].join(", "))}`
  return CostSheet.report(sheet, yield* decodeCells(rows))
}, Effect.mapError(readError))
