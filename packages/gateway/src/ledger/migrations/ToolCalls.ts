/**
 * Calls of MCP tools, and which requests are the turns of which other one. Ids begin with the time, so that both tables
 * grow at their end.
 */
import * as SqlClient from "@effect/sql/SqlClient"
import * as Effect from "effect/Effect"

const statements: ReadonlyArray<string> = [
  `CREATE TABLE tool_call (
    id TEXT PRIMARY KEY,
    request_id TEXT,
    turn INTEGER,
    key_name TEXT,
    server TEXT NOT NULL,
    tool TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    latency_ms INTEGER NOT NULL,
    status TEXT NOT NULL,
    error_reason TEXT,
    error_message TEXT,
    result_size INTEGER,
    cost INTEGER
  ) STRICT, WITHOUT ROWID`,
  `CREATE INDEX tool_call_request ON tool_call (request_id) WHERE request_id IS NOT NULL`,
  `CREATE INDEX tool_call_tool ON tool_call (server, tool, id)`,

  `CREATE TABLE request_turn (
    parent_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    id TEXT NOT NULL UNIQUE,
    PRIMARY KEY (parent_id, number)
  ) STRICT, WITHOUT ROWID`,
  // Whoever deletes a request deletes what ties its turns to it.
  `CREATE TRIGGER request_log_turns AFTER DELETE ON request_log
    BEGIN DELETE FROM request_turn WHERE parent_id = OLD.id; END`,

  `CREATE VIEW tool_calls AS SELECT
    id, strftime('%Y-%m-%dT%H:%M:%fZ', started_at / 1000.0, 'unixepoch') AS timestamp, request_id, turn, key_name, server,
    tool, latency_ms, status, error_reason || ': ' || error_message AS error, result_size,
    cost / 1e9 AS cost_usd, cost AS cost_nanousd
  FROM tool_call`
]

export const toolCalls = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* Effect.forEach(statements, (statement) => sql.unsafe(statement), { discard: true })
})
