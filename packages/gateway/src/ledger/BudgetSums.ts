/**
 * The arithmetic of budgets: what is held when a request opens and what is counted when it is settled. Both ledgers
 * decide with these functions.
 *
 * As long as no request costs more than was held for it, `spent + reserved <= limit` at every instant. A request that
 * does cost more is counted at what it cost: `spent` may then be above the limit, and nothing more is let in.
 */
import type { BudgetWindow } from "@penstock/schema/config/Limits"
import type { Budget, Hold, Settlement } from "@penstock/schema/LedgerEntry"
import { formatUsd, NanoDollars } from "@penstock/schema/Money"
import * as Effect from "effect/Effect"
import * as Window from "./BudgetWindow.ts"
import { BudgetExceeded, type Spending } from "./Ledger.ts"

/** Which sum: a budget has one for each of its windows. Its limit is no part of it and may change at any time. */
export interface SumKey {
  /** `gateway`, `key:NAME` or `run:ID`. */
  readonly scope: string
  readonly per: BudgetWindow
  /** Milliseconds since the epoch. */
  readonly startsAt: number
}

/** A key under the names that it goes by. */
export interface NamedKey extends SumKey {
  /** In `Sums`. */
  readonly name: string
  /** In a list in JSON: it is written with every request. */
  readonly json: string
  /** When the next window begins; infinite where there is none. */
  readonly endsAt: number
}

/** Money held back. It is settled in the window that it was held in, however late that is. */
export interface Reservation {
  readonly of: NamedKey
  /** Nano-dollars. */
  readonly amount: number
}

export interface Sum extends SumKey {
  /** Nano-dollars. */
  spent: number
  reserved: number
  /** Whether it is to be written. */
  changed: boolean
}

export type Sums = Map<string, Sum>

/** A scope may hold any character, so it comes last. */
export const nameOf = ({ per, scope, startsAt }: SumKey): string => `${per} ${startsAt} ${scope}`

export const noReservations: ReadonlyArray<Reservation> = []

/** A key counts in the same few budgets with every request: the name is made once for each window. */
const latest = new WeakMap<Budget, NamedKey>()

const keyAt = (budget: Budget, now: number): NamedKey => {
  const known = latest.get(budget)
  if (known !== undefined && known.startsAt <= now && now < known.endsAt) return known
  const { per, scope } = budget
  const startsAt = Window.startOf(per, now)
  const endsAt = Window.endOf(per, startsAt) ?? Number.POSITIVE_INFINITY
  const name = nameOf({ scope, per, startsAt })
  const key = { scope, per, startsAt, endsAt, name, json: JSON.stringify([scope, per, startsAt]).slice(1, -1) }
  latest.set(budget, key)
  return key
}

/** The sums that a request with these holds would count in at `now` (milliseconds since the epoch). */
export const reservationsOf = (holds: ReadonlyArray<Hold>, now: number): ReadonlyArray<Reservation> =>
  holds.map(({ amount, budget }) => ({ of: keyAt(budget, now), amount }))

const sumOf = (sums: Sums, { name, per, scope, startsAt }: NamedKey): Sum => {
  let sum = sums.get(name)
  if (sum === undefined) {
    sum = { scope, per, startsAt, spent: 0, reserved: 0, changed: false }
    sums.set(name, sum)
  }
  return sum
}

const exceeded = ({ amount: needed, budget }: Hold, { per, reserved, spent, startsAt }: Sum): BudgetExceeded | null => {
  // Subtracted, not added: every number here is a safe integer.
  if (needed <= budget.limit - spent - reserved) return null
  return new BudgetExceeded({
    budget,
    spent: NanoDollars.make(spent),
    reserved: NanoDollars.make(reserved),
    needed,
    resetsAt: Window.endOf(per, startsAt),
    fitsLater: needed <= budget.limit - spent
  })
}

/**
 * Reserves all holds or none, each budget having at most one; `reservations` are those of the holds. A refusal that
 * waiting cannot mend is told before one that it can.
 */
export const reserve = (
  sums: Sums,
  holds: ReadonlyArray<Hold>,
  reservations: ReadonlyArray<Reservation>
): ReadonlyArray<Reservation> | BudgetExceeded => {
  let refusal: BudgetExceeded | null = null
  for (const [index, hold] of holds.entries()) {
    const reservation = reservations[index]
    if (reservation === undefined) continue
    const found = exceeded(hold, sumOf(sums, reservation.of))
    if (found !== null && (refusal === null || (refusal.fitsLater && !found.fitsLater))) refusal = found
  }
  if (refusal !== null) return refusal
  for (const { amount, of } of reservations) {
    const sum = sumOf(sums, of)
    sum.reserved += amount
    sum.changed = true
  }
  return reservations
}

/**
 * Releases what was held and counts what it cost; an unknown cost counts as nothing. A sum stays the largest safe
 * integer (9 million USD) once it is there: no limit is as high, so nothing more is let in.
 */
export const settle = (sums: Sums, reservations: ReadonlyArray<Reservation>, cost: number | null): void => {
  for (const { amount, of } of reservations) {
    const sum = sumOf(sums, of)
    sum.reserved -= amount
    sum.spent = Math.min(sum.spent + (cost ?? 0), Number.MAX_SAFE_INTEGER)
    sum.changed = true
  }
}

/** A cost above what was held may bring a budget above its limit, which somebody should know. Null where it is not. */
export const warningIfTooLow = (
  reservations: ReadonlyArray<Reservation>,
  { cost, id, model, provider }: Settlement
): Effect.Effect<void> | null => {
  const low = cost === null ? undefined : reservations.find(({ amount }) => amount < cost)
  return cost === null || low === undefined
    ? null
    : Effect.logWarning(
        `The request ${id} to ${provider}/${model} cost ${formatUsd(cost)} USD, more than the ${formatUsd(NanoDollars.make(low.amount))} USD ` +
          `that were held for it. The budget of ${low.of.scope} counts what it cost.`
      ).pipe(Effect.annotateLogs("request_id", id))
}

/** What a budget has seen in the window of `now`. */
export const spendingOf = (sums: Sums, budget: Budget, now: number): Spending => {
  const startsAt = Window.startOf(budget.per, now)
  const sum = sums.get(nameOf({ scope: budget.scope, per: budget.per, startsAt }))
  const resetsAt = Window.endOf(budget.per, startsAt)
  return {
    budget,
    spent: NanoDollars.make(sum?.spent ?? 0),
    reserved: NanoDollars.make(sum?.reserved ?? 0),
    startsAt: resetsAt === null ? null : startsAt,
    resetsAt
  }
}
