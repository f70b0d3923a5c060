/** What every ledger promises of budgets. */
import { assert, it } from "@effect/vitest"
import { BudgetExceeded, Ledger, type Service } from "@penstock/gateway/ledger/Ledger"
import type { Budget } from "@penstock/schema/LedgerEntry"
import * as Effect from "effect/Effect"
import { lawOfBudgets } from "./BudgetLaw.ts"
import { hold, id, idAt, nano, noon, oneDay, opening, type SetClock, setClock, settlement } from "./Fixtures.ts"
import { allRequests } from "./Sums.ts"

/** Spent and reserved. */
const amounts = (...all: ReadonlyArray<number>) => all.map(nano)

const alice = (limit: number, per: Budget["per"] = "day"): Budget => ({ scope: "key:alice", limit: nano(limit), per })

export const sums = (ledger: Service, budget: Budget) =>
  Effect.map(ledger.spending([budget]), ([state]) => [state?.spent, state?.reserved])

const refusal = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.gen(function* () {
    const error = yield* Effect.flip(effect)
    assert.instanceOf(error, BudgetExceeded)
    return error
  })

export const keepsBudgets = (run: <A, E>(effect: Effect.Effect<A, E, Ledger>) => Effect.Effect<A, unknown>) => {
  const promises = (name: string, test: (clock: SetClock) => Effect.Effect<void, unknown>) =>
    it.live(name, () =>
      Effect.suspend(() => {
        const clock = setClock()
        return Effect.withClock(test(clock), clock)
      })
    )

  promises("what is held is reserved with the row, and settled to what it cost with the row", () =>
    run(
      Effect.gen(function* () {
        const ledger = yield* Ledger
        const gateway: Budget = { scope: "gateway", limit: nano(5_000), per: "month" }
        assert.deepStrictEqual(yield* sums(ledger, alice(1_000)), amounts(0, 0))
        yield* ledger.open(opening(1, { holds: [hold(600, 1_000), { budget: gateway, amount: nano(600) }] }))
        assert.deepStrictEqual(yield* sums(ledger, alice(1_000)), amounts(0, 600))
        assert.deepStrictEqual(yield* ledger.spending([gateway, alice(1_000)]), [
          {
            budget: gateway,
            spent: nano(0),
            reserved: nano(600),
            startsAt: Date.UTC(2026, 2),
            resetsAt: Date.UTC(2026, 3)
          },
          {
            budget: alice(1_000),
            spent: nano(0),
            reserved: nano(600),
            startsAt: Date.UTC(2026, 2, 10),
            resetsAt: Date.UTC(2026, 2, 11)
          }
        ])
        yield* ledger.settle(settlement(1, { cost: nano(250) }))
        yield* ledger.settle(settlement(1, { cost: nano(250) }))
        yield* ledger.flush
        assert.deepStrictEqual(yield* sums(ledger, gateway), amounts(250, 0))
        assert.deepStrictEqual(yield* sums(ledger, alice(1_000)), amounts(250, 0))
      })
    )
  )

  promises("what does not fit is refused without a trace, in all budgets or none", () =>
    run(
      Effect.gen(function* () {
        const ledger = yield* Ledger
        yield* ledger.open(opening(1, { holds: [hold(600, 1_000)] }))
        const gateway = hold(500, 5_000, { scope: "gateway" })
        const later = yield* refusal(ledger.open(opening(2, { holds: [gateway, hold(500, 1_000)] })))
        assert.deepInclude(
          { ...later },
          {
            budget: alice(1_000),
            spent: nano(0),
            reserved: nano(600),
            needed: nano(500),
            resetsAt: Date.UTC(2026, 2, 11),
            fitsLater: true
          }
        )
        assert.deepStrictEqual(yield* sums(ledger, gateway.budget), amounts(0, 0))
        assert.deepStrictEqual(
          (yield* allRequests).map((row) => row.id),
          [id(1)]
        )
        // A settlement of what was never opened is none.
        yield* ledger.settle(settlement(2))
        yield* ledger.settle(settlement(1, { cost: nano(501) }))
        yield* ledger.flush
        assert.deepStrictEqual(yield* sums(ledger, alice(1_000)), amounts(501, 0))
        const never = yield* refusal(ledger.open(opening(2, { holds: [hold(500, 1_000)] })))
        assert.deepInclude({ ...never }, { spent: nano(501), reserved: nano(0), fitsLater: false })
        yield* ledger.open(opening(2, { holds: [hold(499, 1_000)] }))
      })
    )
  )

  promises("of two budgets that refuse, the one that waiting cannot mend is told", () =>
    run(
      Effect.gen(function* () {
        const ledger = yield* Ledger
        yield* ledger.open(opening(1, { holds: [hold(900, 1_000)] }))
        const holds = [hold(200, 1_000), hold(200, 100, { scope: "gateway" })]
        assert.strictEqual((yield* refusal(ledger.open(opening(2, { holds })))).budget.scope, "gateway")
      })
    )
  )

  promises("requests of one turn are decided in order; one that is opened and settled in it counts", () =>
    run(
      Effect.gen(function* () {
        const ledger = yield* Ledger
        const [first, second, third] = yield* Effect.all(
          [
            Effect.either(ledger.open(opening(1, { holds: [hold(600, 1_000)] }))),
            Effect.either(ledger.open(opening(2, { holds: [hold(600, 1_000)] }))),
            Effect.either(ledger.open(opening(3, { holds: [hold(400, 1_000)] }))),
            ledger.settle(settlement(1, { cost: nano(100) })),
            ledger.settle(settlement(2, { cost: nano(100) }))
          ],
          { concurrency: "unbounded" }
        )
        yield* ledger.flush
        assert.deepStrictEqual([first._tag, second._tag, third._tag], ["Right", "Left", "Right"])
        assert.deepStrictEqual(yield* sums(ledger, alice(1_000)), amounts(100, 400))
      })
    )
  )

  promises("an unknown cost releases what was held and counts as nothing", () =>
    run(
      Effect.gen(function* () {
        const ledger = yield* Ledger
        yield* ledger.open(opening(1, { holds: [hold(600, 1_000)] }))
        yield* ledger.settle(settlement(1, { cost: null }))
        yield* ledger.flush
        assert.deepStrictEqual(yield* sums(ledger, alice(1_000)), amounts(0, 0))
      })
    )
  )

  promises("a cost above what was held is the truth and is counted; then nothing more is let in", () =>
    run(
      Effect.gen(function* () {
        const ledger = yield* Ledger
        yield* ledger.open(opening(1, { holds: [hold(600, 1_000)] }))
        yield* ledger.settle(settlement(1, { cost: nano(1_400) }))
        yield* ledger.flush
        assert.deepStrictEqual(yield* sums(ledger, alice(1_000)), amounts(1_400, 0))
        assert.isFalse((yield* refusal(ledger.open(opening(2, { holds: [hold(0, 1_000)] })))).fitsLater)
      })
    )
  )

  promises("a settlement counts in the window in which it was held, and a new window begins empty", (clock) =>
    run(
      Effect.gen(function* () {
        const ledger = yield* Ledger
        const total = alice(10_000, "total")
        yield* ledger.open(opening(1, { holds: [hold(900, 1_000), { budget: total, amount: nano(900) }] }))
        clock.now = noon + oneDay
        yield* ledger.open(opening(2, { holds: [hold(900, 1_000)] }))
        yield* ledger.settle(settlement(1, { cost: nano(300) }))
        yield* ledger.flush
        assert.deepStrictEqual(yield* sums(ledger, alice(1_000)), amounts(0, 900))
        assert.deepStrictEqual(yield* sums(ledger, total), amounts(300, 0))
        // A clock that is set back finds what was spent, and so does one that jumps ahead and comes back.
        clock.now = noon
        assert.deepStrictEqual(yield* sums(ledger, alice(1_000)), amounts(300, 0))
        yield* refusal(ledger.open(opening(3, { holds: [hold(701, 1_000)] })))
        clock.now = noon + 400 * oneDay
        yield* ledger.open(opening(4, { holds: [hold(701, 1_000)] }))
        yield* ledger.settle(settlement(4, { cost: nano(701) }))
        yield* ledger.settle(settlement(2, { cost: nano(2) }))
        yield* ledger.flush
        yield* ledger.prune(noon + 390 * oneDay)
        clock.now = noon + oneDay
        assert.deepStrictEqual(yield* sums(ledger, alice(1_000)), amounts(2, 0))
      })
    )
  )

  promises("a limit is the one of the request, so that a changed one holds at once", () =>
    run(
      Effect.gen(function* () {
        const ledger = yield* Ledger
        yield* ledger.open(opening(1, { holds: [hold(900, 1_000)] }))
        yield* refusal(ledger.open(opening(2, { holds: [hold(200, 1_000)] })))
        yield* ledger.open(opening(2, { holds: [hold(200, 2_000)] }))
        const lowered = yield* refusal(ledger.open(opening(3, { holds: [hold(1, 100)] })))
        assert.deepInclude({ ...lowered }, { reserved: nano(1_100), fitsLater: true })
      })
    )
  )

  promises("scopes and windows do not meet, whatever their names are", (clock) =>
    run(
      Effect.gen(function* () {
        clock.now = Date.UTC(2026, 5, 1)
        const ledger = yield* Ledger
        // On this Monday the first of June, the hour, the day, the week and the month begin together.
        const budgets = ["key:a", "key:a 0", "gateway", "run:key:a", "key:ü\n'"].flatMap((scope) =>
          (["hour", "day", "week", "month", "total", "run"] as const).map((per) => ({ ...alice(100, per), scope }))
        )
        for (const [number, budget] of budgets.entries()) {
          yield* ledger.open(opening(number, { id: idAt(noon, number), holds: [{ budget, amount: nano(number) }] }))
        }
        assert.deepStrictEqual(
          (yield* ledger.spending(budgets)).map(({ reserved }) => Number(reserved)),
          budgets.map((_, number) => number)
        )
      })
    )
  )

  promises("sums stay safe integers: the largest one stays what it is and lets nothing in", () =>
    run(
      Effect.gen(function* () {
        const ledger = yield* Ledger
        const most = Number.MAX_SAFE_INTEGER
        for (const number of [1, 2]) {
          yield* ledger.open(opening(number, { holds: [hold(0, most)] }))
        }
        for (const number of [1, 2]) yield* ledger.settle(settlement(number, { cost: nano(most - 10) }))
        yield* ledger.flush
        assert.deepStrictEqual(yield* sums(ledger, alice(most)), amounts(most, 0))
        yield* refusal(ledger.open(opening(3, { holds: [hold(1, most)] })))
        yield* ledger.open(opening(3, { holds: [hold(most, most, { scope: "gateway" })] }))
        yield* refusal(ledger.open(opening(4, { holds: [hold(1, most, { scope: "gateway" })] })))
      })
    )
  )

  promises("listeners hear when something was given back, until they stop listening", () =>
    run(
      Effect.gen(function* () {
        const ledger = yield* Ledger
        let heard = 0
        yield* ledger.open(opening(1, { holds: [hold(1, 10)] }))
        yield* ledger.open(opening(2, { holds: [hold(1, 10)] }))
        yield* ledger.open(opening(3))
        yield* Effect.scoped(
          Effect.gen(function* () {
            yield* ledger.onRelease(() => heard++)
            yield* ledger.settle(settlement(3))
            yield* ledger.flush
            assert.strictEqual(heard, 0)
            yield* ledger.settle(settlement(1))
            yield* ledger.flush
            assert.strictEqual(heard, 1)
          })
        )
        yield* ledger.settle(settlement(2))
        yield* ledger.flush
        assert.strictEqual(heard, 1)
      })
    )
  )

  lawOfBudgets(run)
}
