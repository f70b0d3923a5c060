/**
 * How a batch is written to SQLite: one statement for each kind of write and run of rows, in one synchronous call. Budgets
 * cost a read and a write for the whole batch, and nothing where nothing is held.
 */
import type { Settlement } from "@penstock/schema/LedgerEntry"
import type * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { type Closing, decide, holdsNothing, type Open, type Work } from "./BatchDecision.ts"
import * as Sums from "./BudgetSums.ts"
import { type Batch, type CommitError, noRefusals, type Refusals } from "./GroupCommit.ts"
import * as Budgets from "./LedgerSqliteBudgets.ts"
import * as Rows from "./LedgerSqliteRows.ts"
import * as RowStatement from "./RowStatement.ts"
import type { SqliteWriter } from "./SqliteWriter.ts"
import { isLocked } from "./SqliteTransaction.ts"
import * as UsageDaily from "./UsageDaily.ts"

/** Rows that this process opened are not open in the database any more. Thrown, so that nothing of the batch is written. */
class NotOpen extends Data.TaggedError("NotOpen") {}

const selectOpen = RowStatement.make(1, (values) => `SELECT id FROM request_open WHERE id IN (${values})`)

/** What is left to write where another process may have settled rows of this one. */
const stillOpen = (writer: SqliteWriter, { closings, openings }: Work): Work => {
  const select = writer.reading<{ readonly id: string }>(selectOpen)
  const left = new Set(select(closings.map(({ settlement }) => settlement.id)).map(({ id }) => id))
  return {
    openings,
    closings: closings.filter(({ open, settlement }) => left.has(settlement.id) || openings.includes(open))
  }
}

/** Everything that a commit needs to know of its process. */
interface Owner {
  readonly clock: Clock.Clock
  readonly insertOpen: RowStatement.RowStatement
  readonly insertHolding: RowStatement.RowStatement
  readonly sums: Budgets.Memory
}

const writeOpenings = (
  writer: SqliteWriter,
  { insertHolding, insertOpen }: Owner,
  openings: ReadonlyArray<Open>
): void => {
  const plain = openings.every(holdsNothing)
  const values: Rows.Values = []
  for (const { opening, reservations } of openings) {
    Rows.pushOpening(values, opening, opening.provider, opening.model)
    if (!plain) values.push(reservations === null || reservations.length === 0 ? null : Budgets.encode(reservations))
  }
  writer.write(plain ? insertOpen : insertHolding, values)
}

const writeClosings = (writer: SqliteWriter, closings: ReadonlyArray<Closing>): void => {
  if (closings.length === 0) return
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
  if (writer.write(Rows.deleteOpen, ids) !== closings.length) throw new NotOpen()
  writer.write(Rows.insertLog, log)
  writer.write(Rows.addDaily, sums)
  writer.write(Rows.insertAttempts, attempts)
}

const writeRows = (writer: SqliteWriter, owner: Owner, { closings, openings }: Work): void => {
  writeOpenings(writer, owner, openings)
  writeClosings(writer, closings)
}

/** What is in the file once it is committed. */
interface Done {
  readonly refusals: Refusals
  /** Of the budgets that were touched; null where none was. */
  readonly sums: Sums.Sums | null
}

const untouched: Done = { refusals: noRefusals, sums: null }

/** The rows, and with them the budgets if any is touched. */
const writeWork = (writer: SqliteWriter, owner: Owner, work: Work): Done => {
  if (work.openings.every(holdsNothing) && work.closings.every(({ open }) => holdsNothing(open))) {
    writeRows(writer, owner, work)
    return untouched
  }
  const now = owner.clock.unsafeCurrentTimeMillis()
  const touched = new Map<string, Sums.NamedKey>()
  for (const open of work.openings) {
    open.wants = Sums.reservationsOf(open.opening.holds, now)
    for (const { of } of open.wants) touched.set(of.name, of)
  }
  for (const { open } of work.closings) for (const { of } of open.reservations ?? []) touched.set(of.name, of)
  const decision = decide(work, owner.sums.take(touched.values()))
  writeRows(writer, owner, decision)
  Budgets.write(writer, decision.sums)
  return decision
}

/** What became of a batch: what was refused, and which settlements came too late. */
interface Written extends Done {
  readonly tooLate: ReadonlyArray<Settlement>
}

const commitError = (cause: unknown): CommitError => ({ cause, retryable: isLocked({ cause }) })

const late = (settlement: Settlement): Effect.Effect<void> =>
  Effect.logWarning("A request was settled as interrupted before it ended", JSON.stringify(settlement))

export interface Options {
  /** The id that its rows carry; see `LedgerProcess`. */
  readonly owner: number
  readonly clock: Clock.Clock
  /** Called after a commit that gave back what was held. */
  readonly released: () => void
}

/** Commits batches. Rows that are open are remembered until they are settled. */
export const make = (writer: SqliteWriter, { clock, owner: id, released }: Options) => {
  const open = new Map<string, Open>()
  const owner: Owner = {
    clock,
    insertOpen: Rows.insertOpen(id),
    insertHolding: Rows.insertHolding(id),
    sums: Budgets.memory(writer)
  }
  const writeAll = writer.transaction((work: Work): Written => ({ ...writeWork(writer, owner, work), tooLate: [] }))
  const writeWhatIsOpen = writer.transaction((work: Work): Written => {
    const left = stillOpen(writer, work)
    const tooLate = work.closings.filter((closing) => !left.closings.includes(closing))
    return { ...writeWork(writer, owner, left), tooLate: tooLate.map(({ settlement }) => settlement) }
  })
  const commit = (work: Work): Written => {
    try {
      return writeAll(work)
    } catch (error) {
      if (error instanceof NotOpen) return writeWhatIsOpen(work)
      throw error
    }
  }
  const write = (work: Work): Written => {
    const written = commit(work)
    if (written.sums !== null) owner.sums.keep(written.sums)
    return written
  }

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
      return Effect.matchEffect(Effect.try({ try: () => write(work), catch: commitError }), {
        onFailure: (error) => {
          for (const { opening } of openings) open.delete(opening.id)
          return Effect.fail(error)
        },
        onSuccess: ({ refusals, tooLate }) => {
          for (const id of closings.keys()) open.delete(id)
          for (const id of refusals.keys()) open.delete(id)
          if (!work.closings.every(({ open }) => holdsNothing(open))) released()
          const warnings = [
            ...tooLate.map(late),
            ...work.closings.flatMap(
              ({ open, settlement }) => Sums.warningIfTooLow(open.reservations ?? Sums.noReservations, settlement) ?? []
            )
          ]
          return warnings.length === 0
            ? Effect.succeed(refusals)
            : Effect.as(Effect.all(warnings, { discard: true }), refusals)
        }
      })
    })
}
