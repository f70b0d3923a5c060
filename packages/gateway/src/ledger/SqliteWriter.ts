/**
 * The ledger's own connection to its file, for what is written with every request.
 *
 * A batch is a handful of statements with nothing to wait for between them. Through the client each is several steps of
 * a fiber and a look into a cache; as one synchronous call the batch costs a request 14 microseconds less, a twelfth of
 * all that it costs (`docs/decisions/2026-12-01-ledger-writer.md`). Whatever is not written with every request goes
 * through the client.
 */
import Database from "better-sqlite3"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { longestRun, type RowStatement, type Value } from "./RowStatement.ts"

export interface SqliteWriter {
  /**
   * Wholly or not at all; throws what SQLite throws, and what the function does. `BEGIN IMMEDIATE`: what is read inside
   * is still so at the commit, whatever other processes do.
   */
  readonly transaction: <A, B>(run: (input: A) => B) => (input: A) => B
  /** Carries the statement out for these rows and says how many changed. */
  readonly write: (statement: RowStatement, values: ReadonlyArray<Value>) => number
  /** A number that is another one once another connection has committed something. */
  readonly version: () => number
  /** A function for what the statement selects for some rows; to be made once. */
  readonly reading: <Row>(statement: RowStatement) => (values: ReadonlyArray<Value>) => ReadonlyArray<Row>
}

/** How long SQLite waits for a lock, blocking the process: `GroupCommit` waits longer, and lets others go on. */
const busyMillis = 50

/**
 * `NORMAL`: with a write-ahead log the file is never corrupt after a power cut, only the last commits may be missing,
 * and a commit does not wait for the disk. The log is cut back after a checkpoint. Rows are added at the end of their
 * tables: a small cache holds what that needs.
 */
const pragmas = ["synchronous = NORMAL", "journal_size_limit = 67108864", "cache_size = -4096"]

/** The values of each run of rows that one statement is for. */
const runs = ({ width }: RowStatement, values: ReadonlyArray<Value>): ReadonlyArray<ReadonlyArray<Value>> => {
  const most = longestRun * width
  if (values.length <= most) return values.length === 0 ? [] : [values]
  return Array.from({ length: Math.ceil(values.length / most) }, (_, at) => values.slice(at * most, (at + 1) * most))
}

/** Opens a file that is there already; throws what SQLite throws. Closed with the scope. */
export const make = (filename: string): Effect.Effect<SqliteWriter, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => new Database(filename, { fileMustExist: true, timeout: busyMillis })),
      (database) => Effect.sync(() => database.close())
    ),
    (database): SqliteWriter => {
      for (const pragma of pragmas) database.pragma(pragma)
      /** Each statement once for each number of rows. Its values are arguments: one by one out of an array takes longer. */
      const prepared = <Row>(statement: RowStatement) => {
        const known = new Map<number, Database.Statement<Array<Value>, Row>>()
        return (values: ReadonlyArray<Value>) => {
          const rows = values.length / statement.width
          let found = known.get(rows)
          if (found === undefined) {
            found = database.prepare<Array<Value>, Row>(statement.text(rows))
            known.set(rows, found)
          }
          return found
        }
      }
      const version = database.prepare<[], number>("PRAGMA data_version").pluck()
      const writing = new Map<RowStatement, ReturnType<typeof prepared>>()
      return {
        transaction: (run) => database.transaction(run).immediate,
        version: () => version.get() ?? Number.NaN,
        write: (statement, values) => {
          let prepare = writing.get(statement)
          if (prepare === undefined) {
            prepare = prepared(statement)
            writing.set(statement, prepare)
          }
          let changes = 0
          for (const run of runs(statement, values)) changes += prepare(run).run(...run).changes
          return changes
        },
        reading: <Row>(statement: RowStatement) => {
          const prepare = prepared<Row>(statement)
          return (values) => runs(statement, values).flatMap((run) => prepare(run).all(...run))
        }
      }
    }
  )
