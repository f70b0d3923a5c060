/**
 * Created keys. Of a secret there is a salt and a digest, in hexadecimal; lists and limits are JSON in the words of the
 * configuration; times are milliseconds since the epoch.
 */
import * as SqlClient from "@effect/sql/SqlClient"
import * as Effect from "effect/Effect"

export const virtualKeys = Effect.flatMap(
  SqlClient.SqlClient,
  (sql) => sql`CREATE TABLE virtual_keys (
    name TEXT PRIMARY KEY,
    models TEXT NOT NULL,
    budget TEXT,
    rate TEXT,
    disabled INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    rotated_at INTEGER,
    expires_at INTEGER,
    secret_id TEXT NOT NULL UNIQUE,
    secret_salt TEXT NOT NULL,
    secret_digest TEXT NOT NULL,
    previous_id TEXT,
    previous_salt TEXT,
    previous_digest TEXT,
    previous_until INTEGER
  ) STRICT, WITHOUT ROWID`
)
