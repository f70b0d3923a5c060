/** The ledger's migrations, in order. One that was released is never edited: add another. */
import * as Migrator from "@effect/sql/Migrator"
import * as SqlClient from "@effect/sql/SqlClient"
import * as Effect from "effect/Effect"
import { money } from "./Money.ts"
import { requestLog } from "./RequestLog.ts"
import { toolCallRuns } from "./ToolCallRuns.ts"
import { toolCalls } from "./ToolCalls.ts"

const migrate = Migrator.make({})({
  loader: Migrator.fromRecord({
    "0001_request_log": requestLog,
    "0002_money": money,
    "0003_tool_calls": toolCalls,
    "0004_tool_call_runs": toolCallRuns
  }),
  table: "ledger_migrations"
})

/**
 * Processes that start together on a new file wait for each other: the first statement writes, so that the lock is taken
 * before anything is read.
 */
export const run = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  sql.withTransaction(Effect.zipRight(sql.unsafe("PRAGMA user_version = 0"), migrate))
)
