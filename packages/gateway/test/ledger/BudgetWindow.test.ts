import { assert, describe, it } from "@effect/vitest"
import * as BudgetWindow from "@penstock/gateway/ledger/BudgetWindow"
import * as fc from "effect/FastCheck"

const iso = (millis: number | null) => (millis === null ? null : new Date(millis).toISOString().slice(0, 16))

describe("a budget's window", () => {
  it("is the calendar's in UTC, and a week begins on Monday", () => {
    // A Sunday.
    const at = Date.UTC(2026, 1, 1, 23, 59, 59, 999)
    const windowOf = (per: Parameters<typeof BudgetWindow.startOf>[0]) => {
      const start = BudgetWindow.startOf(per, at)
      return [iso(start), iso(BudgetWindow.endOf(per, start))]
    }
    assert.deepStrictEqual(windowOf("hour"), ["2026-02-01T23:00", "2026-02-02T00:00"])
    assert.deepStrictEqual(windowOf("day"), ["2026-02-01T00:00", "2026-02-02T00:00"])
    assert.deepStrictEqual(windowOf("week"), ["2026-01-26T00:00", "2026-02-02T00:00"])
    assert.deepStrictEqual(windowOf("month"), ["2026-02-01T00:00", "2026-03-01T00:00"])
    assert.deepStrictEqual(windowOf("total"), ["1970-01-01T00:00", null])
    assert.deepStrictEqual(windowOf("run"), ["1970-01-01T00:00", null])
  })

  it("holds the time it is of, is the same for all its times, and ends where the next one begins", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("hour" as const, "day" as const, "week" as const, "month" as const),
        fc.integer({ min: 0, max: Date.UTC(2400, 0) }),
        (per, at) => {
          const start = BudgetWindow.startOf(per, at)
          const end = BudgetWindow.endOf(per, start)!
          assert.isTrue(start <= at && at < end)
          assert.strictEqual(BudgetWindow.startOf(per, start), start)
          assert.strictEqual(BudgetWindow.startOf(per, end - 1), start)
          assert.strictEqual(BudgetWindow.startOf(per, end), end)
          assert.isBelow(BudgetWindow.beganBefore(end), start + 1)
        }
      )
    )
  })
})
