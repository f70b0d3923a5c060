/**
 * The right of one process to work on a file of runs. Two engines on one file would run the same steps twice. The lock
 * is the operating system's, held through SQLite on a file beside: it ends with the process, however that ends.
 */
import * as Reactivity from "@effect/experimental/Reactivity"
import * as SqliteClient from "@effect/sql-sqlite-node/SqliteClient"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"

export class FileInUse extends Data.TaggedError("FileInUse")<{ readonly filename: string }> {
  override get message(): string {
    return `another process works on the runs of ${this.filename}: a server, or a run that was started elsewhere`
  }
}

/** A process that is about to end is waited for. */
const patience = Schedule.spaced("100 millis").pipe(Schedule.intersect(Schedule.recurs(20)))

/** Fails when another process holds the file, and goes on to for two seconds. */
export const layer = (filename: string): Layer.Layer<never, FileInUse> =>
  filename === ":memory:"
    ? Layer.empty
    : Layer.scopedDiscard(
        Effect.gen(function* () {
          const sql = yield* SqliteClient.make({ filename: `${filename}.lock`, disableWAL: true })
          yield* Effect.orDie(sql.unsafe("PRAGMA busy_timeout = 0"))
          yield* sql.unsafe("BEGIN EXCLUSIVE").pipe(
            Effect.retry(patience),
            Effect.mapError(() => new FileInUse({ filename }))
          )
        }).pipe(Effect.provide(Reactivity.layer))
      )
