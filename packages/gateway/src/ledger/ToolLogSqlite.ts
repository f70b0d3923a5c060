/** Tools in the ledger's file. A call takes milliseconds at least, so each is written by itself when it has ended. */
import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { ToolCallRow, type ToolCallFilter } from "@penstock/schema/ToolCallEntry"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { LedgerError } from "./Ledger.ts"
import { isLocked } from "./SqliteTransaction.ts"
import * as ToolLog from "./ToolLog.ts"

const whileLocked = {
  schedule: Schedule.spaced("50 millis").pipe(Schedule.upTo("5 seconds")),
  while: (error: SqlError) => isLocked(error)
}

/** What could not be written is in the log, so that the figure is not lost. */
const written = (what: string, entry: object, statement: Effect.Effect<unknown, SqlError>): Effect.Effect<void> =>
  statement.pipe(
    Effect.retry(whileLocked),
    Effect.catchAllCause((cause) =>
      Effect.logError(`${what} was not written to the ledger`, JSON.stringify(entry), cause)
    ),
    Effect.asVoid
  )

const shown = (row: ToolCallRow): ToolCallRow => new ToolCallRow({ ...row }, { disableValidation: true })

const readError = Effect.mapError((cause: unknown) => new LedgerError({ operation: "read", cause }))

const list = (sql: SqlClient.SqlClient, filter: ToolCallFilter) => {
  const { cursor, key, request, run, server, status, tool, workflow } = filter
  const where = sql.and([
    ...(server === undefined ? [] : [sql`server = ${server}`]),
    ...(tool === undefined ? [] : [sql`tool = ${tool}`]),
    ...(key === undefined ? [] : [sql`key_name = ${key}`]),
    ...(request === undefined ? [] : [sql`request_id = ${request}`]),
    ...(run === undefined ? [] : [sql`run_id = ${run}`]),
    ...(workflow === undefined ? [] : [sql`workflow_name = ${workflow}`]),
    ...(status === undefined ? [] : [sql`status = ${status}`]),
    ...(cursor === undefined ? [] : [sql`id < ${cursor}`])
  ])
  return sql<ToolCallRow>`SELECT * FROM tool_calls WHERE ${where} ORDER BY id DESC LIMIT ${ToolLog.limitOf(filter) + 1}`
}

export const make = (sql: SqlClient.SqlClient): ToolLog.ToolLog => ({
  recordToolCall: (call) =>
    written(
      "A tool's call",
      call,
      sql`INSERT INTO tool_call ${sql.insert({
        id: call.id,
        request_id: call.requestId,
        turn: call.turn,
        run_id: call.runId,
        workflow_name: call.workflowName,
        key_name: call.key,
        server: call.server,
        tool: call.tool,
        started_at: call.startedAt,
        latency_ms: call.latencyMillis,
        status: call.status,
        error_reason: call.error === null ? null : call.error.reason,
        error_message: call.error === null ? null : call.error.message,
        result_size: call.resultSize,
        cost: call.cost
      })}`
    ),
  recordTurn: (turn) =>
    written(
      "A request's turn",
      turn,
      sql`INSERT OR IGNORE INTO request_turn ${sql.insert({ parent_id: turn.parent, number: turn.number, id: turn.id })}`
    ),
  toolCalls: (filter) => readError(Effect.map(list(sql, filter), (rows) => ToolLog.page(filter, rows.map(shown))))
})

export const of = Effect.fnUntraced(function* (
  id: string
): Effect.fn.Return<ToolLog.Belonging, SqlError, SqlClient.SqlClient> {
  const sql = yield* SqlClient.SqlClient
  const [above] = yield* sql<{ readonly parent_id: string }>`SELECT parent_id FROM request_turn WHERE id = ${id}`
  const turns = yield* sql<{ readonly id: string }>`SELECT id FROM request_turn WHERE parent_id = ${id} ORDER BY number`
  const calls = yield* sql<ToolCallRow>`SELECT * FROM tool_calls WHERE request_id = ${id} ORDER BY id`
  return { parent: above?.parent_id ?? null, turns: turns.map((turn) => turn.id), calls: calls.map(shown) }
})

/** Deletes the calls that started before, in milliseconds since the epoch. */
export const prune = (before: number): Effect.Effect<void, SqlError, SqlClient.SqlClient> =>
  Effect.flatMap(SqlClient.SqlClient, (sql) => Effect.asVoid(sql`DELETE FROM tool_call WHERE started_at < ${before}`))
