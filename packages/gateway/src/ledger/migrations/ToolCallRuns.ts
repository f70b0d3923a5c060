/** Which run of which workflow called a tool. */
import * as SqlClient from "@effect/sql/SqlClient"
import * as Effect from "effect/Effect"

const statements: ReadonlyArray<string> = [
  `ALTER TABLE tool_call ADD COLUMN run_id TEXT`,
  `ALTER TABLE tool_call ADD COLUMN workflow_name TEXT`,
  `CREATE INDEX tool_call_run ON tool_call (run_id, id) WHERE run_id IS NOT NULL`,
  `CREATE INDEX tool_call_workflow ON tool_call (workflow_name, id) WHERE workflow_name IS NOT NULL`,
  `DROP VIEW tool_calls`,
  `CREATE VIEW tool_calls AS SELECT
    id, strftime('%Y-%m-%dT%H:%M:%fZ', started_at / 1000.0, 'unixepoch') AS timestamp, request_id, turn, run_id,
    workflow_name, key_name, server, tool, latency_ms, status, error_reason || ': ' || error_message AS error, result_size,
    cost / 1e9 AS cost_usd, cost AS cost_nanousd
  FROM tool_call`
]

export const toolCallRuns = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* Effect.forEach(statements, (statement) => sql.unsafe(statement), { discard: true })
})
