/**
 * The ledger in one SQLite file.
 *
 * A view `requests` shows every request to whoever opens the file with another tool; its columns are part of the
 * product's contract.
 */
import * as SqliteClient from "@effect/sql-sqlite-node/SqliteClient"
import * as SqlClient from "@effect/sql/SqlClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as CostSheet from "./CostSheet.ts"
import * as GroupCommit from "./GroupCommit.ts"
import { Ledger, LedgerError, type Service } from "./Ledger.ts"
import * as Reads from "./LedgerSqliteReads.ts"
import * as Writes from "./LedgerSqliteWrites.ts"
import * as Migrations from "./migrations/Migrations.ts"
import { PriceBook } from "./PriceBook.ts"
import * as RequestQuery from "./RequestQuery.ts"

/**
 * `NORMAL`: with a write-ahead log the file is never corrupt after a power cut, only the last commits may be missing,
 * and a commit does not wait for the disk. The busy timeout blocks the whole process while it waits, so it is short;
 * `GroupCommit` waits longer, without blocking. The log is cut back after a checkpoint.
 */
const pragmas = [
  "PRAGMA synchronous = NORMAL",
  "PRAGMA busy_timeout = 50",
  "PRAGMA journal_size_limit = 67108864",
  "PRAGMA cache_size = -16384"
]

/** Rows that a dead process left open: what they cost is not known. */
const settleInterrupted = [
  `INSERT INTO usage_daily (day, provider, model, key_name, workflow_name, priced, requests, errors,
     input, cache_read, cache_write_5m, cache_write_1h, input_audio, output, reasoning, output_audio, cost)
   SELECT date(started_at / 1000, 'unixepoch'), provider, model, ifnull(key_name, ''), ifnull(workflow_name, ''), 0,
     COUNT(*), COUNT(*), 0, 0, 0, 0, 0, 0, 0, 0, 0
   FROM request_open GROUP BY 1, 2, 3, 4, 5
   ON CONFLICT (day, provider, model, key_name, workflow_name, priced)
   DO UPDATE SET requests = requests + excluded.requests, errors = errors + excluded.errors`,
  `INSERT INTO request_log (id, started_at, key_name, workflow_name, endpoint, requested_model, provider, model, stream,
     status, attempts, error_reason, error_message)
   SELECT id, started_at, key_name, workflow_name, endpoint, requested_model, provider, model, stream,
     'interrupted', 0, 'Interrupted', 'the gateway ended before the answer did'
   FROM request_open`,
  "DELETE FROM request_open"
]

/** Requests deleted in one transaction; other writes wait meanwhile. */
const pruneRun = 500

/** The ledger over a client whose file is this ledger's alone to write. */
export const make: Effect.Effect<Service, LedgerError, SqlClient.SqlClient | PriceBook | Scope.Scope> = Effect.gen(
  function* () {
    const sql = yield* SqlClient.SqlClient
    const prices = yield* PriceBook
    const all = (statements: ReadonlyArray<string>) =>
      Effect.forEach(statements, (statement) => sql.unsafe(statement), { discard: true })

    yield* all(pragmas).pipe(
      Effect.zipRight(Migrations.run),
      Effect.zipRight(sql.withTransaction(all(settleInterrupted))),
      Effect.catchAllCause((cause) => Effect.fail(new LedgerError({ operation: "migrate", cause })))
    )
    const commits = yield* GroupCommit.make(Writes.make(sql))
    const reading = Effect.provideService(SqlClient.SqlClient, sql)

    const pruneSome = (before: number) =>
      Effect.map(
        sql`DELETE FROM request_log WHERE seq IN
          (SELECT seq FROM request_log WHERE started_at < ${before} ORDER BY started_at LIMIT ${pruneRun})`.raw,
        Writes.changesOf
      )

    return {
      open: commits.open,
      settle: commits.settle,
      flush: commits.flush,
      requests: Effect.fn("Ledger.requests")(function* (filter) {
        const query = yield* RequestQuery.make(filter)
        return RequestQuery.page(query, yield* reading(Reads.requests(query)))
      }),
      costs: Effect.fn("Ledger.costs")(function* (query) {
        return yield* reading(Reads.costs(yield* CostSheet.make(query, prices)))
      }),
      prune: Effect.fn("Ledger.prune")(
        function* (before) {
          let deleted = 0
          while (true) {
            const changes = yield* pruneSome(before)
            deleted += changes
            if (changes < pruneRun) return deleted
            yield* GroupCommit.endOfTurn
          }
        },
        Effect.mapError((cause) => new LedgerError({ operation: "prune", cause }))
      )
    }
  }
)

export const layer: Layer.Layer<Ledger, LedgerError, SqlClient.SqlClient | PriceBook> = Layer.scoped(Ledger, make)

/** Opens the file, and gives its client to whoever keeps other tables in it. */
export const layerFile = (
  filename: string
): Layer.Layer<Ledger | SqlClient.SqlClient | SqliteClient.SqliteClient, LedgerError, PriceBook> =>
  Layer.provideMerge(
    layer,
    SqliteClient.layer({ filename }).pipe(
      // The client throws when the file cannot be opened.
      Layer.catchAllCause((cause) => Layer.fail(new LedgerError({ operation: "migrate", cause })))
    )
  )
