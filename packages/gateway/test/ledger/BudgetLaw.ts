/** The law of budgets: what is spent and reserved is what the requests say, and never above the limit. */
import { assert, it } from "@effect/vitest"
import { Ledger, type LedgerError } from "@penstock/gateway/ledger/Ledger"
import type { Budget } from "@penstock/schema/LedgerEntry"
import * as Effect from "effect/Effect"
import * as fc from "effect/FastCheck"
import { nano, opening, settlement } from "./Fixtures.ts"

const windows = ["total", "run", "month"] as const

/** Three budgets with any limits. */
export const anyBudgets = fc
  .tuple(...windows.map(() => fc.integer({ min: 0, max: 1_000 })))
  .map((limits) =>
    windows.map((per, index): Budget => ({ scope: `key:${index}`, limit: nano(limits[index] ?? 0), per }))
  )

export type Step =
  | {
      readonly kind: "open"
      readonly number: number
      readonly holds: ReadonlyArray<readonly [budget: number, amount: number]>
    }
  | { readonly kind: "settle"; readonly number: number; readonly part: number | null }
  | { readonly kind: "flush" }

const number = fc.integer({ min: 0, max: 15 })

export const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant("open" as const),
    number,
    holds: fc.uniqueArray(fc.tuple(fc.nat({ max: windows.length - 1 }), fc.nat({ max: 400 })), {
      selector: ([budget]) => budget
    })
  }),
  // What a request costs, as a part of the least that was held for it.
  fc.record({
    kind: fc.constant("settle" as const),
    number,
    part: fc.option(fc.double({ min: 0, max: 1, noNaN: true }))
  }),
  fc.record({ kind: fc.constant("flush" as const) })
)

/** What the sums should be, from the answers that the ledger gave. */
export interface Model {
  readonly budgets: ReadonlyArray<Budget>
  /** An id is used once. */
  readonly used: Set<number>
  readonly open: Map<number, ReadonlyArray<readonly [number, number]>>
  readonly spent: Array<number>
}

export const newModel = (budgets: ReadonlyArray<Budget>): Model => ({
  budgets,
  used: new Set(),
  open: new Map(),
  spent: budgets.map(() => 0)
})

const reservedOf = ({ open }: Model, budget: number): number =>
  [...open.values()].flat().reduce((sum, [of, amount]) => (of === budget ? sum + amount : sum), 0)

export const assertAgrees = (model: Model): Effect.Effect<void, LedgerError, Ledger> =>
  Effect.flatMap(Ledger, (ledger) =>
    Effect.map(ledger.spending(model.budgets), (states) => {
      for (const [index, { budget, reserved, spent }] of states.entries()) {
        assert.strictEqual(spent, model.spent[index])
        assert.strictEqual(reserved, reservedOf(model, index))
        assert.isAtMost(spent + reserved, budget.limit)
      }
    })
  )

export const take = Effect.fnUntraced(function* (model: Model, one: Step) {
  const ledger = yield* Ledger
  switch (one.kind) {
    case "open": {
      if (model.used.has(one.number)) return
      const holds = one.holds.map(([budget, amount]) => ({ budget: model.budgets[budget]!, amount: nano(amount) }))
      const fits = one.holds.every(
        ([budget, amount]) => model.spent[budget]! + reservedOf(model, budget) + amount <= model.budgets[budget]!.limit
      )
      const opened = yield* Effect.either(ledger.open(opening(one.number, { holds })))
      assert.strictEqual(opened._tag, fits ? "Right" : "Left")
      if (fits) {
        model.used.add(one.number)
        model.open.set(one.number, one.holds)
      }
      return
    }
    case "settle": {
      const held = model.open.get(one.number)
      if (held === undefined) return
      const least = Math.min(...held.map(([, amount]) => amount), 400)
      const cost = one.part === null ? null : Math.round(one.part * least)
      yield* ledger.settle(settlement(one.number, { cost: cost === null ? null : nano(cost) }))
      model.open.delete(one.number)
      for (const [budget] of held) model.spent[budget]! += cost ?? 0
      return
    }
    case "flush":
      yield* ledger.flush
      yield* assertAgrees(model)
  }
})

export const lawOfBudgets = (run: <A, E>(effect: Effect.Effect<A, E, Ledger>) => Effect.Effect<A, unknown>) => {
  it.live("spent is what was settled, reserved what is open, and both together never above the limit", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(anyBudgets, fc.array(step, { maxLength: 60 }), (budgets, steps) => {
          const model = newModel(budgets)
          return run(Effect.forEach([...steps, { kind: "flush" } as const], (one) => take(model, one))).pipe(
            Effect.asVoid,
            Effect.runPromise
          )
        }),
        { numRuns: 60 }
      )
    )
  )
}
