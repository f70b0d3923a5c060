/**
 * How a batch is written to SQLite: one statement for each kind of write and run of rows, with constant texts, so that
 * each is prepared once.
 */
import type * as SqlClient from "@effect/sql/SqlClient"
import type { Connection } from "@effect/sql/SqlConnection"
import type { SqlError } from "@effect/sql/SqlError"
import type { Opening, Settlement } from "@penstock/schema/LedgerEntry"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Predicate from "effect/Predicate"
import * as Scope from "effect/Scope"
import type { Batch, CommitError } from "./GroupCommit.ts"
import * as UsageDaily from "./UsageDaily.ts"

const openingColumns = [
  "id",
  "started_at",
  "key_name",
  "workflow_name",
  "endpoint",
  "requested_model",
  "provider",
  "model",
  "stream"
]
const bucketColumns = [
  "input",
  "cache_read",
  "cache_write_5m",
  "cache_write_1h",
  "input_audio",
  "output",
  "reasoning",
  "output_audio"
]
const endingColumns = [
  "status",
  ...bucketColumns,
  "cost",
  "latency_ms",
  "first_token_ms",
  "attempts",
  "error_reason",
  "error_message"
]
const cellKey = ["day", "provider", "model", "key_name", "workflow_name", "priced"]
const cellSums = ["requests", "errors", ...bucketColumns, "cost"]

/** A statement that writes rows given as bound values, for any number of rows. */
interface RowStatement {
  /** Bound values of a row. */
  readonly width: number
  readonly text: (rows: number) => string
}

const rowStatement = (width: number, render: (values: string) => string, separator = ", "): RowStatement => {
  const row = width === 1 ? "?" : `(${Array.from({ length: width }, () => "?").join(", ")})`
  const texts = new Map<number, string>()
  return {
    width,
    text: (rows) => {
      let text = texts.get(rows)
      if (text === undefined) {
        text = render(Array.from({ length: rows }, () => row).join(separator))
        texts.set(rows, text)
      }
      return text
    }
  }
}

const insertOpen = rowStatement(
  openingColumns.length,
  (values) => `INSERT INTO request_open (${openingColumns.join(", ")}) VALUES ${values}`
)
const deleteOpen = rowStatement(1, (values) => `DELETE FROM request_open WHERE id IN (${values})`)
const logColumns = [...openingColumns, ...endingColumns]
const insertLog = rowStatement(
  logColumns.length,
  (values) => `INSERT INTO request_log (${logColumns.join(", ")}) VALUES ${values}`
)
const addDaily = rowStatement(
  cellKey.length + cellSums.length,
  (values) => `INSERT INTO usage_daily (${[...cellKey, ...cellSums].join(", ")}) VALUES ${values}
    ON CONFLICT (${cellKey.join(", ")}) DO UPDATE SET ${cellSums.map((sum) => `${sum} = ${sum} + excluded.${sum}`).join(", ")}`
)

type Value = string | number | null

const pushOpening = (values: Array<Value>, opening: Opening, provider: string, model: string): void => {
  values.push(
    opening.id,
    opening.startedAt,
    opening.key,
    opening.workflowName,
    opening.endpoint,
    opening.requestedModel,
    provider,
    model,
    opening.stream ? 1 : 0
  )
}

const pushEnding = (values: Array<Value>, settlement: Settlement): void => {
  const usage = settlement.usage
  values.push(settlement.status)
  if (usage === null) values.push(null, null, null, null, null, null, null, null)
  else {
    values.push(usage.input, usage.cacheRead, usage.cacheWrite5m, usage.cacheWrite1h, usage.inputAudio)
    values.push(usage.output, usage.reasoning, usage.outputAudio)
  }
  values.push(
    settlement.cost,
    settlement.latencyMillis,
    settlement.firstTokenMillis,
    settlement.attempts.length,
    settlement.error === null ? null : settlement.error.reason,
    settlement.error === null ? null : settlement.error.message
  )
}

const pushCell = (values: Array<Value>, cell: UsageDaily.Cell): void => {
  values.push(cell.day, cell.provider, cell.model, cell.key, cell.workflow, cell.priced ? 1 : 0)
  values.push(cell.requests, cell.errors, cell.input, cell.cacheRead, cell.cacheWrite5m, cell.cacheWrite1h)
  values.push(cell.inputAudio, cell.output, cell.reasoning, cell.outputAudio, cell.cost)
}

/** The most rows in one statement: there is a prepared statement for each number of rows up to it. */
const longestRun = 32

/** Rows that a statement changed. */
export const changesOf = (result: unknown): number =>
  Predicate.hasProperty(result, "changes") && typeof result.changes === "number" ? result.changes : 0

/** Writes the rows from `from` on and says how many changed. */
const write = (
  connection: Connection,
  statement: RowStatement,
  values: ReadonlyArray<Value>,
  from = 0
): Effect.Effect<number, SqlError> => {
  const rows = values.length / statement.width - from
  if (rows === 0) return Effect.succeed(0)
  if (rows <= longestRun) {
    const rest = from === 0 ? values : values.slice(from * statement.width)
    return Effect.map(connection.executeRaw(statement.text(rows), rest), changesOf)
  }
  const run = values.slice(from * statement.width, (from + longestRun) * statement.width)
  return Effect.flatMap(connection.executeRaw(statement.text(longestRun), run), (result) =>
    Effect.map(write(connection, statement, values, from + longestRun), (rest) => changesOf(result) + rest)
  )
}

/** A row that this process opened is not open in the database any more. */
interface NotOpen {
  readonly _tag: "NotOpen"
}
const notOpen: NotOpen = { _tag: "NotOpen" }

interface Closing {
  readonly opening: Opening
  readonly settlement: Settlement
}

/** Which of these rows are open in the database. All of them, unless another process has taken them. */
const stillOpen = Effect.fnUntraced(function* (connection: Connection, closings: ReadonlyArray<Closing>) {
  const open: Array<Closing> = []
  for (const closing of closings) {
    const rows = yield* connection.executeValues("SELECT 1 FROM request_open WHERE id = ?", [closing.settlement.id])
    if (rows.length > 0) open.push(closing)
  }
  return open
})

const writeOpenings = (connection: Connection, openings: ReadonlyArray<Opening>): Effect.Effect<number, SqlError> => {
  const values: Array<Value> = []
  for (const opening of openings) pushOpening(values, opening, opening.provider, opening.model)
  return write(connection, insertOpen, values)
}

const writeClosings = (
  connection: Connection,
  closings: ReadonlyArray<Closing>
): Effect.Effect<void, SqlError | NotOpen> => {
  if (closings.length === 0) return Effect.void
  const ids: Array<Value> = []
  const log: Array<Value> = []
  const sums: Array<Value> = []
  const cells = UsageDaily.empty()
  for (const { opening, settlement } of closings) {
    ids.push(settlement.id)
    pushOpening(log, opening, settlement.provider, settlement.model)
    pushEnding(log, settlement)
    UsageDaily.add(cells, opening, settlement)
  }
  for (const cell of cells.list) pushCell(sums, cell)
  return Effect.flatMap(write(connection, deleteOpen, ids), (deleted): Effect.Effect<void, SqlError | NotOpen> =>
    deleted === closings.length
      ? Effect.flatMap(write(connection, insertLog, log), () => Effect.asVoid(write(connection, addDaily, sums)))
      : Effect.fail(notOpen)
  )
}

/** After another process has settled rows of this one as interrupted: what is left. */
const writeWhatIsOpen = Effect.fnUntraced(function* (
  connection: Connection,
  openings: ReadonlyArray<Opening>,
  closings: ReadonlyArray<Closing>
) {
  yield* writeOpenings(connection, openings)
  yield* writeClosings(connection, yield* stillOpen(connection, closings))
})

/**
 * All or nothing. `BEGIN IMMEDIATE`: a transaction that first reads could not be retried when it then has to wait. To
 * prepare these three anew is cheaper than to look them up.
 */
const transaction = <E>(connection: Connection, effect: Effect.Effect<void, E>): Effect.Effect<void, E | SqlError> => {
  const run = (text: string) => connection.executeUnprepared(text, [], undefined)
  return Effect.flatMap(run("BEGIN IMMEDIATE"), () =>
    Effect.matchCauseEffect(
      Effect.flatMap(effect, () => run("COMMIT")),
      {
        onSuccess: () => Effect.void,
        onFailure: (cause) => Effect.zipRight(Effect.ignore(run("ROLLBACK")), Effect.failCause(cause))
      }
    )
  )
}

/** Runs on the client's one connection while nobody else does: `Effect.scoped`, without what this does not need. */
const exclusively = <E>(
  sql: SqlClient.SqlClient,
  use: (connection: Connection) => Effect.Effect<void, E>
): Effect.Effect<void, E | SqlError> =>
  Effect.uninterruptible(
    Effect.flatMap(Scope.make(), (scope) =>
      Effect.matchCauseEffect(Effect.flatMap(Scope.extend(sql.reserve, scope), use), {
        onSuccess: () => Scope.close(scope, Exit.void),
        onFailure: (cause) => Effect.zipRight(Scope.close(scope, Exit.void), Effect.failCause(cause))
      })
    )
  )

const isLocked = (cause: unknown): boolean =>
  Predicate.hasProperty(cause, "code") &&
  typeof cause.code === "string" &&
  (cause.code.startsWith("SQLITE_BUSY") || cause.code.startsWith("SQLITE_LOCKED"))

const commitError = (error: SqlError | NotOpen): CommitError => {
  if (error._tag === "NotOpen") return { cause: error, retryable: false }
  return { cause: error.cause ?? error, retryable: isLocked(error.cause) }
}

/** Commits batches on the client's connection. Rows that are open are remembered until they are settled. */
export const make = (sql: SqlClient.SqlClient) => {
  const open = new Map<string, Opening>()

  return (batch: Batch): Effect.Effect<void, CommitError> =>
    Effect.suspend(() => {
      const openings: Array<Opening> = []
      for (const opening of batch.openings) {
        if (open.has(opening.id)) continue
        open.set(opening.id, opening)
        openings.push(opening)
      }
      const closings = new Map<string, Closing>()
      for (const settlement of batch.settlements) {
        const opening = open.get(settlement.id)
        // Not open: it is settled already, and the first settlement stands.
        if (opening === undefined || closings.has(settlement.id)) continue
        closings.set(settlement.id, { opening, settlement })
      }
      if (openings.length === 0 && closings.size === 0) return Effect.void
      const all = [...closings.values()]
      const attempt = exclusively(sql, (connection) =>
        Effect.catchAll(
          transaction(
            connection,
            Effect.flatMap(writeOpenings(connection, openings), () => writeClosings(connection, all))
          ),
          (error) =>
            error._tag === "NotOpen"
              ? transaction(connection, writeWhatIsOpen(connection, openings, all))
              : Effect.fail(error)
        )
      )
      return Effect.matchEffect(attempt, {
        onFailure: (error) => {
          for (const opening of openings) open.delete(opening.id)
          return Effect.fail(commitError(error))
        },
        onSuccess: () => {
          for (const id of closings.keys()) open.delete(id)
          return Effect.void
        }
      })
    })
}
