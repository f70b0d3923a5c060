/**
 * What of a batch is written: which of its requests begin, and what the budgets are after it. Decided in memory, on sums
 * that were read in the same transaction.
 */
import type { Opening, Settlement } from "@penstock/schema/LedgerEntry"
import * as Sums from "./BudgetSums.ts"
import type { Refusals } from "./GroupCommit.ts"
import type { BudgetExceeded } from "./Ledger.ts"

/** A row that this process has opened. */
export interface Open {
  readonly opening: Opening
  /** What it wants to hold, until that is decided. */
  wants: ReadonlyArray<Sums.Reservation>
  /** Null while it is being decided. */
  reservations: ReadonlyArray<Sums.Reservation> | null
}

export interface Closing {
  readonly open: Open
  readonly settlement: Settlement
}

/** What is left to write of a batch. */
export interface Work {
  readonly openings: ReadonlyArray<Open>
  readonly closings: ReadonlyArray<Closing>
}

export interface Decision extends Work {
  readonly refusals: Refusals
  readonly sums: Sums.Sums
}

/**
 * What fits. What is settled gives back first, so that as much as possible does; a row that is opened and settled in one
 * batch is settled last.
 */
export const decide = (work: Work, sums: Sums.Sums): Decision => {
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

export const holdsNothing = ({ opening }: Open): boolean => opening.holds.length === 0
