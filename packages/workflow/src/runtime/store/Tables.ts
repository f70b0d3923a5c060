/**
 * The tables of runs. They are the product's own: the engine's cannot be listed or cleaned. Everything is written so
 * that writing it again changes nothing, because what a crash interrupts is done again.
 */
import * as Migrator from "@effect/sql/Migrator"
import * as SqlClient from "@effect/sql/SqlClient"
import * as Effect from "effect/Effect"

const statements: ReadonlyArray<string> = [
  // `calls` is JSON: the hashes of the workflows that it calls, by name.
  `CREATE TABLE workflow_definitions (
    hash TEXT PRIMARY KEY, name TEXT NOT NULL, source TEXT NOT NULL, calls TEXT NOT NULL
  ) STRICT`,
  `CREATE TABLE workflow_runs (
    id TEXT PRIMARY KEY,
    workflow TEXT NOT NULL,
    definition_hash TEXT NOT NULL,
    status TEXT NOT NULL,
    input TEXT NOT NULL,
    output TEXT,
    error TEXT,
    metrics TEXT,
    caller TEXT,
    request_key TEXT,
    cancel_requested INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    ended_at INTEGER
  ) STRICT`,
  `CREATE UNIQUE INDEX workflow_runs_key ON workflow_runs (request_key) WHERE request_key IS NOT NULL`,
  `CREATE INDEX workflow_runs_time ON workflow_runs (created_at)`,
  `CREATE INDEX workflow_runs_live ON workflow_runs (status) WHERE ended_at IS NULL`,
  `CREATE TABLE workflow_steps (
    run_id TEXT NOT NULL,
    path TEXT NOT NULL,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    status TEXT NOT NULL,
    output TEXT,
    output_hash TEXT,
    error TEXT,
    cost INTEGER,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    cache TEXT,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    PRIMARY KEY (run_id, path)
  ) STRICT`,
  // The key makes an event that is told again the same event.
  `CREATE TABLE workflow_events (
    run_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    key TEXT NOT NULL,
    type TEXT NOT NULL,
    step TEXT,
    data TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (run_id, number),
    UNIQUE (run_id, key)
  ) STRICT`,
  `CREATE TABLE workflow_waits (
    run_id TEXT NOT NULL, path TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (run_id, path)
  ) STRICT`,
  `CREATE TABLE workflow_signals (
    run_id TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (run_id, name)
  ) STRICT`,
  `CREATE TABLE workflow_values (hash TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT`,
  `CREATE TABLE workflow_cache (
    key TEXT PRIMARY KEY, output TEXT NOT NULL, expires_at INTEGER NOT NULL
  ) STRICT`
]

export const migrate = Migrator.make({})({
  loader: Migrator.fromRecord({
    "0001_runs": Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* Effect.forEach(statements, (statement) => sql.unsafe(statement), { discard: true })
    }),
    "0002_secrets": Effect.flatMap(
      SqlClient.SqlClient,
      (sql) => sql`CREATE TABLE workflow_secrets (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT`
    ),
    // What the engine is started with, so that it can be again.
    "0003_payload": Effect.flatMap(
      SqlClient.SqlClient,
      (sql) => sql`ALTER TABLE workflow_runs ADD COLUMN payload TEXT`
    ),
    "0004_model": Effect.flatMap(SqlClient.SqlClient, (sql) => sql`ALTER TABLE workflow_steps ADD COLUMN model TEXT`),
    "0005_trace": Effect.flatMap(SqlClient.SqlClient, (sql) => sql`ALTER TABLE workflow_runs ADD COLUMN trace TEXT`)
  }),
  table: "workflow_migrations"
})
