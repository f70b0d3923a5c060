/**
 * Requests and their daily sums.
 *
 * Open and settled requests are two tables: the open one stays small, so that looking up an id at settlement is cheap,
 * and a settled row is written once, at the end of a table whose indexes all grow at their end. An index on the id of
 * settled rows would cost more than the whole rest when ids are random, and nothing needs it.
 *
 * Money is in nano-dollars. Token columns are the disjoint buckets of `Usage`.
 */
import * as SqlClient from "@effect/sql/SqlClient"
import * as Effect from "effect/Effect"

const iso = "strftime('%Y-%m-%dT%H:%M:%fZ', started_at / 1000.0, 'unixepoch')"
const promptTokens = "input + cache_read + cache_write_5m + cache_write_1h + input_audio"
const completionTokens = "output + reasoning + output_audio"

const statements: ReadonlyArray<string> = [
  `CREATE TABLE request_open (
    id TEXT PRIMARY KEY,
    started_at INTEGER NOT NULL,
    key_name TEXT,
    workflow_name TEXT,
    endpoint TEXT NOT NULL,
    requested_model TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    stream INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID`,

  `CREATE TABLE request_log (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    key_name TEXT,
    workflow_name TEXT,
    endpoint TEXT NOT NULL,
    requested_model TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    stream INTEGER NOT NULL,
    status TEXT NOT NULL,
    input INTEGER,
    cache_read INTEGER,
    cache_write_5m INTEGER,
    cache_write_1h INTEGER,
    input_audio INTEGER,
    output INTEGER,
    reasoning INTEGER,
    output_audio INTEGER,
    cost INTEGER,
    latency_ms INTEGER,
    first_token_ms INTEGER,
    attempts INTEGER NOT NULL,
    error_reason TEXT,
    error_message TEXT
  ) STRICT`,
  `CREATE INDEX request_log_time ON request_log (started_at)`,
  `CREATE INDEX request_log_model ON request_log (model, started_at)`,
  `CREATE INDEX request_log_provider ON request_log (provider, started_at)`,
  `CREATE INDEX request_log_key ON request_log (key_name, started_at) WHERE key_name IS NOT NULL`,
  `CREATE INDEX request_log_workflow ON request_log (workflow_name, started_at) WHERE workflow_name IS NOT NULL`,
  // Nearly every row is `ok`: for that status the index on the time serves.
  `CREATE INDEX request_log_status ON request_log (status, started_at) WHERE status <> 'ok'`,

  // An absent key or workflow is the empty text here: NULLs are never equal in a primary key.
  `CREATE TABLE usage_daily (
    day TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    key_name TEXT NOT NULL,
    workflow_name TEXT NOT NULL,
    priced INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    input INTEGER NOT NULL,
    cache_read INTEGER NOT NULL,
    cache_write_5m INTEGER NOT NULL,
    cache_write_1h INTEGER NOT NULL,
    input_audio INTEGER NOT NULL,
    output INTEGER NOT NULL,
    reasoning INTEGER NOT NULL,
    output_audio INTEGER NOT NULL,
    cost INTEGER NOT NULL,
    PRIMARY KEY (day, provider, model, key_name, workflow_name, priced)
  ) STRICT, WITHOUT ROWID`,

  `CREATE VIEW settled_requests AS SELECT
    id, ${iso} AS timestamp, workflow_name, key_name, endpoint, requested_model, model, provider, stream,
    ${promptTokens} AS prompt_tokens,
    ${completionTokens} AS completion_tokens,
    ${promptTokens} + ${completionTokens} AS total_tokens,
    cache_read AS cache_read_tokens,
    cache_write_5m + cache_write_1h AS cache_write_tokens,
    reasoning AS reasoning_tokens,
    cost / 1e9 AS cost_usd, cost AS cost_nanousd, latency_ms, first_token_ms, attempts,
    status = 'ok' AS success, status, error_reason || ': ' || error_message AS error, started_at
  FROM request_log`,

  `CREATE VIEW open_requests AS SELECT
    id, ${iso} AS timestamp, workflow_name, key_name, endpoint, requested_model, model, provider, stream,
    NULL AS prompt_tokens, NULL AS completion_tokens, NULL AS total_tokens, NULL AS cache_read_tokens,
    NULL AS cache_write_tokens, NULL AS reasoning_tokens, NULL AS cost_usd, NULL AS cost_nanousd,
    NULL AS latency_ms, NULL AS first_token_ms, 0 AS attempts,
    0 AS success, 'open' AS status, NULL AS error, started_at
  FROM request_open`,

  `CREATE VIEW requests AS SELECT * FROM settled_requests UNION ALL SELECT * FROM open_requests`
]

export const requestLog = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* Effect.forEach(statements, (statement) => sql.unsafe(statement), { discard: true })
})
