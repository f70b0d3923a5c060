/**
 * The sums of budgets in SQLite: read once for a batch, decided on in memory, written once, in one transaction. Batches
 * count in the same few sums again and again: those of the last one are read only if somebody else has written since.
 */
import * as SqlClient from "@effect/sql/SqlClient"
import type { BudgetWindow } from "@penstock/schema/config/Limits"
import type { Budget } from "@penstock/schema/LedgerEntry"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { type NamedKey, nameOf, type Reservation, spendingOf, type SumKey, type Sums } from "./BudgetSums.ts"
import * as Window from "./BudgetWindow.ts"
import { LedgerError } from "./Ledger.ts"
import * as RowStatement from "./RowStatement.ts"
import type { SqliteWriter } from "./SqliteWriter.ts"

/** A row of a STRICT table that only this ledger writes. */
interface StoredSum {
  readonly scope: string
  readonly per: BudgetWindow
  readonly starts_at: number
  readonly spent: number
  readonly reserved: number
}

const selectSums = RowStatement.make(
  3,
  (values) => `SELECT scope, per, starts_at, spent, reserved FROM budget_window
    WHERE (scope, per, starts_at) IN (VALUES ${values})`
)
const writeSums = RowStatement.make(
  5,
  (values) => `INSERT INTO budget_window (scope, per, starts_at, spent, reserved) VALUES ${values}
    ON CONFLICT (scope, per, starts_at) DO UPDATE SET spent = excluded.spent, reserved = excluded.reserved`
)

/** Says what these sums are now; they are all different. One that was never written is not in the answer. */
export type Read = (keys: ReadonlyArray<SumKey>) => Sums

export const reader = (writer: SqliteWriter): Read => {
  const select = writer.reading<StoredSum>(selectSums)
  return (keys) => {
    const sums: Sums = new Map()
    const rows = select(keys.flatMap(({ per, scope, startsAt }) => [scope, per, startsAt]))
    for (const { per, reserved, scope, spent, starts_at: startsAt } of rows) {
      const sum = { scope, per, startsAt, spent, reserved, changed: false }
      sums.set(nameOf(sum), sum)
    }
    return sums
  }
}

export interface Memory {
  /** What these sums are, in a transaction. They are the caller's to change. */
  readonly take: (keys: Iterable<NamedKey>) => Sums
  /** What was taken last was written as it is now, and committed. Not called after a failure: then all is read again. */
  readonly keep: (sums: Sums) => void
}

const none: Sums = new Map()

export const memory = (writer: SqliteWriter): Memory => {
  const read = reader(writer)
  let last = none
  let seen = Number.NaN
  return {
    take: (keys) => {
      const version = writer.version()
      const known = version === seen ? last : none
      seen = version
      last = none
      const sums: Sums = new Map()
      const unknown: Array<NamedKey> = []
      for (const key of keys) {
        const sum = known.get(key.name)
        if (sum === undefined) unknown.push(key)
        else sums.set(key.name, sum)
      }
      if (unknown.length > 0) for (const [name, sum] of read(unknown)) sums.set(name, sum)
      return sums
    },
    keep: (sums) => {
      for (const sum of sums.values()) sum.changed = false
      last = sums
    }
  }
}

export const write = (writer: SqliteWriter, sums: Sums): void => {
  const values: Array<RowStatement.Value> = []
  for (const { changed, per, reserved, scope, spent, startsAt } of sums.values()) {
    if (changed) values.push(scope, per, startsAt, spent, reserved)
  }
  writer.write(writeSums, values)
}

/** Reservations as the open row keeps them, for whoever has to release them; see `LedgerProcess`. */
export const encode = (reservations: ReadonlyArray<Reservation>): string => {
  let items = ""
  for (const { amount, of } of reservations) items += `${items === "" ? "" : ","}[${of.json},${amount}]`
  return `[${items}]`
}

/** Releases what the open rows that `where` selects hold. They are to be settled in the same transaction. */
export const release = (where: string): string => `UPDATE budget_window SET reserved = reserved - held.amount
  FROM (
    SELECT hold.value ->> 0 AS scope, hold.value ->> 1 AS per, hold.value ->> 2 AS starts_at,
      SUM(hold.value ->> 3) AS amount
    FROM request_open, json_each(request_open.holds) AS hold WHERE ${where} GROUP BY 1, 2, 3
  ) AS held
  WHERE (budget_window.scope, budget_window.per, budget_window.starts_at) = (held.scope, held.per, held.starts_at)`

/**
 * Forgets windows that ended long ago, but of each budget the two latest: a clock that jumped ahead and came back finds
 * the sums that it left.
 */
export const prune = (before: number) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql`DELETE FROM budget_window AS old
      WHERE per NOT IN ('run', 'total') AND reserved = 0 AND starts_at < ${Window.beganBefore(before)}
        AND 2 <= (SELECT COUNT(*) FROM budget_window AS later
          WHERE later.scope = old.scope AND later.per = old.per AND later.starts_at > old.starts_at)`
  )

export const spending = (read: Read, budgets: ReadonlyArray<Budget>) =>
  Effect.flatMap(Clock.currentTimeMillis, (now) =>
    Effect.try({
      try: () => {
        const keys = budgets.map(({ per, scope }) => ({ scope, per, startsAt: Window.startOf(per, now) }))
        const sums = read(keys)
        return budgets.map((budget) => spendingOf(sums, budget, now))
      },
      catch: (cause) => new LedgerError({ operation: "read", cause })
    })
  )
