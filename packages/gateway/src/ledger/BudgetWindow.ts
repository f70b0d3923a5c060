/**
 * The windows of a budget: those of the calendar in UTC, so that everybody knows when they end. A week begins on Monday.
 *
 * A window is found by the clock alone, and the sums of earlier windows are kept: a clock that is set back finds the
 * window that it left with what was spent in it, and one that jumps ahead and comes back has reset nothing.
 */
import type { BudgetWindow } from "@penstock/schema/config/Limits"

const hour = 3_600_000
const day = 24 * hour
/** The first of January 1970 was a Thursday. */
const mondayBeforeEpoch = -3 * day

const floorTo = (at: number, length: number, origin = 0): number => origin + Math.floor((at - origin) / length) * length

const monthOf = (at: number, later = 0): number => {
  const date = new Date(at)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + later)
}

/** When the window of a time began, in milliseconds since the epoch; 0 for `run` and `total`, which are one window. */
export const startOf = (per: BudgetWindow, at: number): number => {
  switch (per) {
    case "hour":
      return floorTo(at, hour)
    case "day":
      return floorTo(at, day)
    case "week":
      return floorTo(at, 7 * day, mondayBeforeEpoch)
    case "month":
      return monthOf(at)
    case "run":
    case "total":
      return 0
  }
}

/** When the next window begins; null for `run` and `total`, which do not end. */
export const endOf = (per: BudgetWindow, start: number): number | null => {
  switch (per) {
    case "hour":
      return start + hour
    case "day":
      return start + day
    case "week":
      return start + 7 * day
    case "month":
      return monthOf(start, 1)
    case "run":
    case "total":
      return null
  }
}

/** The longest window is a month. */
const longest = 31 * day

/** Windows that began before this have ended before `before`, if they end at all. */
export const beganBefore = (before: number): number => before - longest
