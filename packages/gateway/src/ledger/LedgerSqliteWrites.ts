/**
 * How a batch is written to SQLite: one statement for each kind of write and run of rows. Budgets cost a read and a
 * write for the whole batch, and nothing where nothing is held.
 */
import type * as SqlClient from "@effect/sql/SqlClient"
import type { Connection } from "@effect/sql/SqlConnection"
import type { SqlError } from "@effect/sql/SqlError"
import type { Opening, Settlement } from "@penstock/schema/LedgerEntry"
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Sums from "./BudgetSums.ts"
import { type Batch, type CommitError, noRefusals, type Refusals } from "./GroupCommit.ts"
import type { BudgetExceeded } from "./Ledger.ts"
import * as Budgets from "./LedgerSqliteBudgets.ts"
import * as Rows from "./LedgerSqliteRows.ts"
import * as RowStatement from "./RowStatement.ts"
import { exclusively, isLocked, transaction } from "./SqliteTransaction.ts"
import * as UsageDaily from "./UsageDaily.ts"

/** A row that this process opened is not open in the database any more. */
interface NotOpen {
  readonly _tag: "NotOpen"
}
const notOpen: NotOpen = { _tag: "NotOpen" }

/** A row that this process has opened. */
interface Open {
  readonly opening: Opening
  /** What it wants to hold, until that is decided. */
  wants: ReadonlyArray<Sums.Reservation>
  /** Null while it is being decided. */
  reservations: ReadonlyArray<Sums.Reservation> | null
}

interface Closing {
  readonly open: Open
  readonly settlement: Settlement
}

/** What is left to write of a batch. */
interface Work {
  readonly openings: ReadonlyArray<Open>
  readonly closings: ReadonlyArray<Closing>
}

interface Decision extends Work {
  readonly refusals: Refusals
  readonly sums: Sums.Sums
}

/** Which of these rows are open in the database. All of them, unless another process has taken them. */
const stillOpen = Effect.fnUntraced(function* (connection: Connection, work: Work) {
  const closings: Array<Closing> = []
  for (const closing of work.closings) {
    const { settlement } = closing
    const rows = yield* connection.executeValues("SELECT 1 FROM request_open WHERE id = ?", [settlement.id])
    if (rows.length > 0 || work.openings.includes(closing.open)) closings.push(closing)
    else yield* Effect.logWarning("A request was settled as interrupted before it ended", JSON.stringify(settlement))
  }
  return { openings: work.openings, closings }
})

/**
 * What fits. What is settled gives back first, so that as much as possible does; a row that is opened and settled in one
 * batch is settled last.
 */
const decide = (work: Work, sums: Sums.Sums): Decision => {
  const refusals = new Map<string, BudgetExceeded>()
  for (const open of work.openings) open.reservations = null
  const count = ({ open, settlement }: Closing) => Sums.settle(sums, open.reservations ?? [], settlement.cost)
  const settledLast: Array<Closing> = []
  for (const closing of work.closings) {
    if (closing.open.reservations === null) settledLast.push(closing)
    else count(closing)
  }
  for (const open of work.openings) {
    const reserved = Sums.reserve(sums, open.opening.holds, open.wants)
    if ("_tag" in reserved) refusals.set(open.opening.id, reserved)
    else open.reservations = reserved
  }
  const stays = (open: Open) => open.reservations !== null
  settledLast.filter(({ open }) => stays(open)).forEach(count)
  return {
    openings: work.openings.filter(stays),
    closings: work.closings.filter(({ open }) => stays(open)),
    refusals,
    sums
  }
}

const holdsNothing = ({ opening }: Open): boolean => opening.holds.length === 0

/** Everything that a commit needs to know of its process. */
interface Owner {
  readonly clock: Clock.Clock
  readonly insertOpen: RowStatement.RowStatement
  readonly insertHolding: RowStatement.RowStatement
}

const writeOpenings = (connection: Connection, { insertHolding, insertOpen }: Owner, openings: ReadonlyArray<Open>) => {
  const plain = openings.every(holdsNothing)
  const values: Rows.Values = []
  for (const { opening, reservations } of openings) {
    Rows.pushOpening(values, opening, opening.provider, opening.model)
    if (!plain) values.push(reservations === null || reservations.length === 0 ? null : Budgets.encode(reservations))
  }
  return RowStatement.write(connection, plain ? insertOpen : insertHolding, values)
}

const writeClosings = (
  connection: Connection,
  closings: ReadonlyArray<Closing>
): Effect.Effect<void, SqlError | NotOpen> => {
  if (closings.length === 0) return Effect.void
  const ids: Rows.Values = []
  const log: Rows.Values = []
  const attempts: Rows.Values = []
  const sums: Rows.Values = []
  const cells = UsageDaily.empty()
  for (const {
    open: { opening },
    settlement
  } of closings) {
    ids.push(settlement.id)
    Rows.pushOpening(log, opening, settlement.provider, settlement.model)
    Rows.pushEnding(log, settlement)
    if (!Rows.toldByRequest(settlement)) Rows.pushAttempts(attempts, settlement)
    UsageDaily.add(cells, opening, settlement)
  }
  for (const cell of cells.list) Rows.pushCell(sums, cell)
  const writeLog = Effect.flatMap(RowStatement.write(connection, Rows.insertLog, log), () =>
    RowStatement.write(connection, Rows.addDaily, sums)
  )
  return Effect.flatMap(
    RowStatement.write(connection, Rows.deleteOpen, ids),
    (deleted): Effect.Effect<unknown, SqlError | NotOpen> => {
      if (deleted !== closings.length) return Effect.fail(notOpen)
      if (attempts.length === 0) return writeLog
      return Effect.zipRight(writeLog, RowStatement.write(connection, Rows.insertAttempts, attempts))
    }
  )
}

const writeRows = (connection: Connection, owner: Owner, { closings, openings }: Work) =>
  Effect.flatMap(writeOpenings(connection, owner, openings), () => writeClosings(connection, closings))

/** The rows, and with them the budgets if any is touched. */
const writeWork = (connection: Connection, owner: Owner, work: Work): Effect.Effect<Refusals, SqlError | NotOpen> => {
  if (work.openings.every(holdsNothing) && work.closings.every(({ open }) => holdsNothing(open))) {
    return Effect.as(writeRows(connection, owner, work), noRefusals)
  }
  const now = owner.clock.unsafeCurrentTimeMillis()
  const touched = new Map<string, Sums.SumKey>()
  for (const open of work.openings) {
    open.wants = Sums.reservationsOf(open.opening.holds, now)
    for (const { of } of open.wants) touched.set(of.name, of)
  }
  for (const { open } of work.closings) for (const { of } of open.reservations ?? []) touched.set(of.name, of)
  return Effect.flatMap(Budgets.read(connection, [...touched.values()]), (sums) => {
    const decision = decide(work, sums)
    return writeRows(connection, owner, decision).pipe(
      Effect.zipRight(Budgets.write(connection, decision.sums)),
      Effect.as(decision.refusals)
    )
  })
}

/** After another process has settled rows of this one as interrupted: what is left. */
const writeWhatIsOpen = (connection: Connection, owner: Owner, work: Work) =>
  Effect.flatMap(stillOpen(connection, work), (left) => writeWork(connection, owner, left))

const commitError = (error: SqlError | NotOpen): CommitError =>
  error._tag === "NotOpen"
    ? { cause: error, retryable: false }
    : { cause: error.cause ?? error, retryable: isLocked(error) }

export interface Options {
  /** The id that its rows carry; see `LedgerProcess`. */
  readonly owner: number
  readonly clock: Clock.Clock
  /** Called after a commit that gave back what was held. */
  readonly released: () => void
}

/** Commits batches on the client's connection. Rows that are open are remembered until they are settled. */
export const make = (sql: SqlClient.SqlClient, { clock, owner: id, released }: Options) => {
  const open = new Map<string, Open>()
  const owner: Owner = { clock, insertOpen: Rows.insertOpen(id), insertHolding: Rows.insertHolding(id) }

  return (batch: Batch): Effect.Effect<Refusals, CommitError> =>
    Effect.suspend(() => {
      const openings: Array<Open> = []
      for (const opening of batch.openings) {
        if (open.has(opening.id)) continue
        const holdsNothing = opening.holds.length === 0
        const row: Open = {
          opening,
          wants: Sums.noReservations,
          reservations: holdsNothing ? Sums.noReservations : null
        }
        open.set(opening.id, row)
        openings.push(row)
      }
      const closings = new Map<string, Closing>()
      for (const settlement of batch.settlements) {
        const row = open.get(settlement.id)
        // Not open: it is settled already, and the first settlement stands.
        if (row === undefined || closings.has(settlement.id)) continue
        closings.set(settlement.id, { open: row, settlement })
      }
      if (openings.length === 0 && closings.size === 0) return Effect.succeed(noRefusals)
      const work: Work = { openings, closings: [...closings.values()] }
      const attempt = exclusively(sql, (connection) =>
        Effect.catchAll(transaction(connection, writeWork(connection, owner, work)), (error) =>
          error._tag === "NotOpen"
            ? transaction(connection, writeWhatIsOpen(connection, owner, work))
            : Effect.fail(error)
        )
      )
      return Effect.matchEffect(attempt, {
        onFailure: (error) => {
          for (const { opening } of openings) open.delete(opening.id)
          return Effect.fail(commitError(error))
        },
        onSuccess: (refusals) => {
          for (const id of closings.keys()) open.delete(id)
          for (const id of refusals.keys()) open.delete(id)
          if (work.closings.every(({ open }) => holdsNothing(open))) return Effect.succeed(refusals)
          released()
          const warnings = Effect.forEach(
            work.closings,
            ({ open, settlement }) => Sums.warnIfTooLow(open.reservations ?? Sums.noReservations, settlement),
            { discard: true }
          )
          return Effect.as(warnings, refusals)
        }
      })
    })
}
