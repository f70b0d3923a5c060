/** Created keys in a table of the ledger's file. */
import * as SqlClient from "@effect/sql/SqlClient"
import { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
import * as Schedule from "effect/Schedule"
import * as KeyRow from "./KeyRow.ts"
import { KeyStoreError, type Service, type StoredKey } from "./KeyStore.ts"
import * as Migrations from "./migrations/Migrations.ts"

/** Another connection holds the lock, or has written since the transaction began to read. */
const isBusy = (error: unknown): boolean =>
  error instanceof SqlError &&
  Predicate.hasProperty(error.cause, "code") &&
  typeof error.cause.code === "string" &&
  error.cause.code.startsWith("SQLITE_BUSY")

const whileBusy = { schedule: Schedule.spaced("50 millis").pipe(Schedule.upTo("5 seconds")), while: isBusy }

/** Names the fields and shows no value: a digest has no place in a log. */
const unreadable = (row: unknown, error: ParseResult.ParseError) =>
  Effect.logError(
    `A key in the table virtual_keys cannot be read and lets nobody in: ${Predicate.hasProperty(row, "name") ? String(row.name) : "one without a name"}, ` +
      `because of ${ParseResult.ArrayFormatter.formatErrorSync(error)
        .map(({ path }) => path.join("."))
        .join(", ")}`
  )

const decodeAll = Effect.fnUntraced(function* (rows: ReadonlyArray<unknown>) {
  const keys: Array<StoredKey> = []
  for (const row of rows) {
    const key = KeyRow.decode(row)
    if (Either.isRight(key)) keys.push(key.right)
    else yield* unreadable(row, key.left)
  }
  return keys
})

export const make: Effect.Effect<Service, KeyStoreError, SqlClient.SqlClient> = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* Effect.catchAllCause(Migrations.run, (cause) =>
    Effect.fail(new KeyStoreError({ operation: "migrate", cause }))
  )
  let seenVersion: unknown

  /** What SQLite counts up for the commits of other connections. */
  const dataVersion = Effect.map(
    sql<{ readonly data_version: number }>`PRAGMA data_version`,
    (rows) => rows[0]?.data_version
  )

  const failed = (operation: KeyStoreError["operation"]) => (error: SqlError) =>
    new KeyStoreError({ operation, cause: error.cause ?? error })

  return {
    load: sql`SELECT * FROM virtual_keys ORDER BY name`.pipe(
      Effect.retry(whileBusy),
      Effect.mapError(failed("read")),
      Effect.flatMap(decodeAll)
    ),
    changedElsewhere: dataVersion.pipe(
      Effect.map((version) => {
        const changed = version !== seenVersion
        seenVersion = version
        return changed
      }),
      Effect.mapError(failed("read"))
    ),
    modify: <E>(name: string, change: (current: StoredKey | null) => Either.Either<StoredKey | null, E>) =>
      Effect.gen(function* () {
        const [current] = yield* Effect.flatMap(sql`SELECT * FROM virtual_keys WHERE name = ${name}`, decodeAll)
        const next = yield* change(current ?? null)
        if (next === null) yield* sql`DELETE FROM virtual_keys WHERE name = ${name}`
        else yield* sql`INSERT OR REPLACE INTO virtual_keys ${sql.insert({ ...KeyRow.encode(next) })}`
        return next
      }).pipe(
        sql.withTransaction,
        Effect.retry(whileBusy),
        Effect.mapError((error) => (error instanceof SqlError ? failed("write")(error) : error))
      )
  }
})
