/**
 * Budgets, attempts, and the processes that rows belong to.
 *
 * What an open request holds stands in its own row: it comes and goes with the row, in the same statements. The sums of
 * a budget are kept by window; its limit is the configuration's and stands nowhere here.
 *
 * Attempts are kept for requests that had more than one, or one that did not end well. The view `attempts` adds the one
 * attempt of every other request from the request's own figures, so that nothing is written twice.
 */
import * as SqlClient from "@effect/sql/SqlClient"
import * as Effect from "effect/Effect"

const iso = "strftime('%Y-%m-%dT%H:%M:%fZ', started_at / 1000.0, 'unixepoch')"
const promptTokens = "input + cache_read + cache_write_5m + cache_write_1h + input_audio"
const completionTokens = "output + reasoning + output_audio"

const figures = `latency_ms, first_token_ms,
    ${promptTokens} AS prompt_tokens, ${completionTokens} AS completion_tokens,
    ${promptTokens} + ${completionTokens} AS total_tokens, cache_read AS cache_read_tokens,
    cost / 1e9 AS cost_usd, cost AS cost_nanousd`

const statements: ReadonlyArray<string> = [
  // Ids are never used again: rows of a dead process must not become those of a new one.
  `CREATE TABLE ledger_process (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    born INTEGER NOT NULL,
    heartbeat_at INTEGER NOT NULL
  ) STRICT`,

  // No process has the id 0: rows from before belong to one that is gone.
  `ALTER TABLE request_open ADD COLUMN owner INTEGER NOT NULL DEFAULT 0`,
  // JSON: [[scope, per, starts_at, nano-dollars], …]
  `ALTER TABLE request_open ADD COLUMN holds TEXT`,

  `CREATE TABLE budget_window (
    scope TEXT NOT NULL,
    per TEXT NOT NULL,
    starts_at INTEGER NOT NULL,
    spent INTEGER NOT NULL,
    reserved INTEGER NOT NULL,
    PRIMARY KEY (scope, per, starts_at)
  ) STRICT, WITHOUT ROWID`,

  `CREATE TABLE request_attempt (
    request_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT,
    upstream_status INTEGER,
    started_at INTEGER NOT NULL,
    latency_ms INTEGER NOT NULL,
    first_token_ms INTEGER,
    input INTEGER,
    cache_read INTEGER,
    cache_write_5m INTEGER,
    cache_write_1h INTEGER,
    input_audio INTEGER,
    output INTEGER,
    reasoning INTEGER,
    output_audio INTEGER,
    cost INTEGER,
    PRIMARY KEY (request_id, number)
  ) STRICT, WITHOUT ROWID`,
  // Whoever deletes a request deletes its attempts.
  `CREATE TRIGGER request_log_attempts AFTER DELETE ON request_log
    BEGIN DELETE FROM request_attempt WHERE request_id = OLD.id; END`,

  `ALTER TABLE request_log ADD COLUMN estimated INTEGER NOT NULL DEFAULT 0`,
  `ALTER TABLE request_log ADD COLUMN saved INTEGER`,

  `DROP VIEW requests`,
  `DROP VIEW settled_requests`,
  `DROP VIEW open_requests`,
  `CREATE VIEW settled_requests AS SELECT
    id, ${iso} AS timestamp, workflow_name, key_name, endpoint, requested_model, model, provider, stream,
    ${promptTokens} AS prompt_tokens,
    ${completionTokens} AS completion_tokens,
    ${promptTokens} + ${completionTokens} AS total_tokens,
    cache_read AS cache_read_tokens,
    cache_write_5m + cache_write_1h AS cache_write_tokens,
    reasoning AS reasoning_tokens,
    cost / 1e9 AS cost_usd, cost AS cost_nanousd, latency_ms, first_token_ms, attempts,
    status = 'ok' AS success, status, error_reason || ': ' || error_message AS error,
    estimated, saved / 1e9 AS saved_usd, saved AS saved_nanousd, started_at
  FROM request_log`,
  `CREATE VIEW open_requests AS SELECT
    id, ${iso} AS timestamp, workflow_name, key_name, endpoint, requested_model, model, provider, stream,
    NULL AS prompt_tokens, NULL AS completion_tokens, NULL AS total_tokens, NULL AS cache_read_tokens,
    NULL AS cache_write_tokens, NULL AS reasoning_tokens, NULL AS cost_usd, NULL AS cost_nanousd,
    NULL AS latency_ms, NULL AS first_token_ms, 0 AS attempts,
    0 AS success, 'open' AS status, NULL AS error,
    0 AS estimated, NULL AS saved_usd, NULL AS saved_nanousd, started_at
  FROM request_open`,
  `CREATE VIEW requests AS SELECT * FROM settled_requests UNION ALL SELECT * FROM open_requests`,

  `CREATE VIEW recorded_attempts AS SELECT
    request_id, number, provider, model, outcome, reason, upstream_status AS status, ${iso} AS timestamp, ${figures}
  FROM request_attempt`,
  `CREATE VIEW attempts AS SELECT * FROM recorded_attempts UNION ALL SELECT
    id, 1, provider, model, 'ok', NULL, NULL, ${iso}, ${figures}
  FROM request_log WHERE status = 'ok' AND attempts = 1
    AND NOT EXISTS (SELECT 1 FROM request_attempt WHERE request_id = request_log.id)`
]

export const money = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* Effect.forEach(statements, (statement) => sql.unsafe(statement), { discard: true })
})
