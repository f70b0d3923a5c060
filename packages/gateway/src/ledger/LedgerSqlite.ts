/**
 * The ledger in one SQLite file.
 *
 * A view `requests` shows every request to whoever opens the file with another tool; its columns are part of the
 * product's contract.
 */
import * as SqliteClient from "@effect/sql-sqlite-node/SqliteClient"
import * as SqlClient from "@effect/sql/SqlClient"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as CostSheet from "./CostSheet.ts"
import * as GroupCommit from "./GroupCommit.ts"
import { Ledger, LedgerError, type Service } from "./Ledger.ts"
import * as LedgerProcess from "./LedgerProcess.ts"
import * as Budgets from "./LedgerSqliteBudgets.ts"
import * as Reads from "./LedgerSqliteReads.ts"
import * as Writes from "./LedgerSqliteWrites.ts"
import * as Listeners from "./Listeners.ts"
import * as Migrations from "./migrations/Migrations.ts"
import { PriceBook } from "./PriceBook.ts"
import * as RequestQuery from "./RequestQuery.ts"
import { changesOf } from "./RowStatement.ts"
import * as SqliteWriter from "./SqliteWriter.ts"
import * as ToolLogSqlite from "./ToolLogSqlite.ts"

/**
 * `NORMAL`: with a write-ahead log the file is never corrupt after a power cut, only the last commits may be missing,
 * and a commit does not wait for the disk. The log is cut back after a checkpoint.
 */
const pragmas = [
  "PRAGMA synchronous = NORMAL",
  "PRAGMA journal_size_limit = 67108864",
  "PRAGMA cache_size = -16384",
  // Nothing is served yet: processes that start together may wait for each other.
  "PRAGMA busy_timeout = 10000"
]

/**
 * The busy timeout blocks the whole process while it waits, so it is short; `GroupCommit` waits longer, without
 * blocking.
 */
const whileServing = "PRAGMA busy_timeout = 50"

/** Requests deleted in one transaction; other writes wait meanwhile. */
const pruneRun = 500

/** The ledger over a file and a client for it; other processes may have it open as their ledger too. */
const make = (filename: string): Effect.Effect<Service, LedgerError, SqlClient.SqlClient | PriceBook | Scope.Scope> =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const prices = yield* PriceBook
    const all = (statements: ReadonlyArray<string>) =>
      Effect.forEach(statements, (statement) => sql.unsafe(statement), { discard: true })

    const listeners = Listeners.make()
    const owner = yield* all(pragmas).pipe(
      Effect.zipRight(Migrations.run),
      Effect.zipRight(LedgerProcess.make(listeners.tell)),
      Effect.zipLeft(sql.unsafe(whileServing)),
      Effect.catchAllCause((cause) => Effect.fail(cannotOpen(cause)))
    )
    const clock = yield* Clock.clockWith(Effect.succeed)
    const writer = yield* SqliteWriter.make(filename)
    const readSums = Budgets.reader(writer)
    const commits = yield* GroupCommit.make(Writes.make(writer, { owner, clock, released: listeners.tell }))
    const reading = Effect.provideService(SqlClient.SqlClient, sql)
    /** Whoever has an answer and asks for its row finds it settled, although batches wait for a few turns. */
    const settledFirst = <A, E, R>(read: Effect.Effect<A, E, R>) => Effect.zipRight(commits.flush, read)

    const pruneSome = (before: number) =>
      Effect.map(
        sql`DELETE FROM request_log WHERE seq IN
          (SELECT seq FROM request_log WHERE started_at < ${before} ORDER BY started_at LIMIT ${pruneRun})`.raw,
        changesOf
      )

    return {
      ...ToolLogSqlite.make(sql),
      open: commits.open,
      settle: commits.settle,
      flush: commits.flush,
      requests: Effect.fn("Ledger.requests")(function* (filter) {
        const query = yield* RequestQuery.make(filter)
        return RequestQuery.page(query, yield* reading(Reads.requests(query)))
      }, settledFirst),
      request: Effect.fn("Ledger.request")((id) => reading(Reads.request(id)), settledFirst),
      costs: Effect.fn("Ledger.costs")(function* (query) {
        return yield* reading(Reads.costs(yield* CostSheet.make(query, prices)))
      }, settledFirst),
      prune: Effect.fn("Ledger.prune")(
        function* (before) {
          let deleted = 0
          while (true) {
            const changes = yield* pruneSome(before)
            deleted += changes
            if (changes < pruneRun) break
            yield* GroupCommit.endOfTurn
          }
          yield* reading(Budgets.prune(before))
          yield* reading(ToolLogSqlite.prune(before))
          return deleted
        },
        Effect.mapError((cause) => new LedgerError({ operation: "prune", cause }))
      ),
      spending: Effect.fn("Ledger.spending")((budgets) => Budgets.spending(readSums, budgets), settledFirst),
      onRelease: listeners.add
    }
  })

/** Two connections cannot share a database in memory: it is a file in a folder of its own, gone with the scope. */
const temporary = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "penstock-"))),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
  ),
  (folder) => join(folder, "ledger.db")
)

const cannotOpen = (cause: unknown) => new LedgerError({ operation: "migrate", cause })

/** Opens the file, and gives its client to whoever keeps other tables in it. `:memory:` keeps nothing. */
export const layerFile = (
  filename: string
): Layer.Layer<Ledger | SqlClient.SqlClient | SqliteClient.SqliteClient, LedgerError, PriceBook> =>
  Layer.unwrapScoped(
    Effect.map(filename === ":memory:" ? temporary : Effect.succeed(filename), (file) =>
      Layer.provideMerge(
        Layer.scoped(Ledger, make(file)),
        // The client throws when the file cannot be opened.
        Layer.catchAllCause(SqliteClient.layer({ filename: file }), (cause) => Layer.fail(cannotOpen(cause)))
      )
    )
  )
