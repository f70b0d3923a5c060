/** The SQLite files: whether they are whole, can be written, and have room. They are only read. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as FilePath from "@effect/platform/Path"
import * as SqliteClient from "@effect/sql-sqlite-node/SqliteClient"
import * as SqlClient from "@effect/sql/SqlClient"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as fs from "node:fs/promises"
import * as RunsFile from "../workflows/RunsFile.ts"
import { type Finding, fail, ok, warn } from "./Finding.ts"

const megabyte = 1024 ** 2

/** A log that grows beyond this is one that no checkpoint gets through to: somebody reads without an end. */
const longLog = 256 * megabyte

/** What is left free at least, for the log and the rows of a day. */
const tight = 100 * megabyte
const comfortable = 1024 * megabyte

const size = (bytes: number): string =>
  bytes >= 1024 * megabyte ? `${(bytes / megabyte / 1024).toFixed(1)} GB` : `${(bytes / megabyte).toFixed(1)} MB`

const sizeOf = Effect.fnUntraced(function* (file: string) {
  const files = yield* FileSystem.FileSystem
  return yield* files.stat(file).pipe(
    Effect.map((info) => Number(info.size)),
    Effect.orElseSucceed(() => 0)
  )
})

const mayWrite = Effect.fnUntraced(function* (file: string) {
  const files = yield* FileSystem.FileSystem
  return yield* Effect.isSuccess(files.access(file, { writable: true }))
})

/** Null where it is whole. SQLite checks each page and each row, in the time that reading the file takes. */
const damage = (file: string): Effect.Effect<string | null> =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const rows = yield* sql.unsafe<{ readonly quick_check: string }>("PRAGMA quick_check(1)")
    const said = rows[0]?.quick_check
    return said === "ok" ? null : (said ?? "SQLite says nothing about it")
  }).pipe(
    Effect.provide(SqliteClient.layer({ filename: file, readonly: true, disableWAL: true })),
    Effect.catchAllCause((cause) => Effect.succeed(reasonOf(cause)))
  )

const reasonOf = (cause: Cause.Cause<unknown>): string => {
  const error = Cause.squash(cause)
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message : error.message
}

const existing = Effect.fnUntraced(function* (check: string, file: string) {
  if (!(yield* mayWrite(file))) {
    return fail(check, `${file} may not be written by this user`, `Change its owner or its mode, or start as its owner`)
  }
  const damaged = yield* damage(file)
  if (damaged !== null) {
    return fail(check, `${file} is damaged or no database: ${damaged}`, "Restore it from a backup: docs/operating.md")
  }
  const log = yield* sizeOf(`${file}-wal`)
  const message = `${file} is whole: ${size(yield* sizeOf(file))}, and ${size(log)} in its write-ahead log`
  const hint = "A program that reads the file keeps the log from being cut back: end what has it open for long"
  return log > longLog ? warn(check, message, hint) : ok(check, message)
})

const absent = Effect.fnUntraced(function* (check: string, file: string) {
  const paths = yield* FilePath.Path
  const folder = paths.dirname(file)
  const hint = "Set --database, PENSTOCK_DATABASE or `database` to a file in a folder that exists and may be written"
  return (yield* mayWrite(folder))
    ? ok(check, `${file} will be made at the first start`)
    : fail(check, `${file} cannot be made: ${folder} is not there or may not be written`, hint)
})

const room = (file: string): Effect.Effect<ReadonlyArray<Finding>, never, FilePath.Path> =>
  Effect.gen(function* () {
    const paths = yield* FilePath.Path
    const { bavail, bsize } = yield* Effect.tryPromise(() => fs.statfs(paths.dirname(file)))
    const free = bavail * bsize
    const message = `${size(free)} are free beside the database`
    const hint = "Make room, or keep less: logging.retention and runs.retention"
    if (free < tight) return [fail("disk", message, hint)]
    return [free < comfortable ? warn("disk", message, hint) : ok("disk", message)]
  }).pipe(Effect.orElseSucceed((): ReadonlyArray<Finding> => []))

const one = Effect.fnUntraced(function* (check: string, file: string) {
  const files = yield* FileSystem.FileSystem
  const isThere = yield* Effect.orElseSucceed(files.exists(file), () => false)
  return yield* isThere ? existing(check, file) : absent(check, file)
})

/** `database` as the configuration has it. */
export const examine = Effect.fn("DatabaseChecks.examine")(function* (database: string) {
  if (database === ":memory:") return [warn("database", "in memory: nothing is kept", "Set `database` to a file")]
  const paths = yield* FilePath.Path
  const file = paths.resolve(database)
  const findings = yield* Effect.all([one("database", file), one("runs", paths.resolve(RunsFile.beside(database)))])
  return [...findings, ...(yield* room(file))]
})
