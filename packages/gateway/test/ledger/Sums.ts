/** The law of sums: `costs` tells what `requests` tells. */
import { assert, it } from "@effect/vitest"
import { Ledger } from "@penstock/gateway/ledger/Ledger"
import type { CostDimension, CostRow, RequestRow } from "@penstock/schema/LedgerEntry"
import { NanoDollars } from "@penstock/schema/Money"
import * as Usage from "@penstock/schema/Usage"
import * as Effect from "effect/Effect"
import * as fc from "effect/FastCheck"
import { noon, oneDay, opening, settlement } from "./Fixtures.ts"

export const allRequests = Effect.gen(function* () {
  const ledger = yield* Ledger
  const rows: Array<RequestRow> = []
  let cursor: string | undefined
  do {
    const page = yield* ledger.requests({ limit: 7, ...(cursor === undefined ? {} : { cursor }) })
    rows.push(...page.requests)
    cursor = page.next ?? undefined
  } while (cursor !== undefined)
  return rows
})

/** The same sums, from the requests themselves. */
const sumsOf = (rows: ReadonlyArray<RequestRow>) => {
  const settled = rows.filter((row) => row.status !== "open")
  const sum = (of: (row: RequestRow) => number | null) => settled.reduce((total, row) => total + (of(row) ?? 0), 0)
  return {
    requests: settled.length,
    errors: settled.filter((row) => row.status === "error" || row.status === "interrupted").length,
    unpriced: settled.filter((row) => row.cost_nanousd === null).length,
    prompt_tokens: sum((row) => row.prompt_tokens),
    completion_tokens: sum((row) => row.completion_tokens),
    total_tokens: sum((row) => row.total_tokens),
    cost_nanousd: sum((row) => row.cost_nanousd)
  }
}

const figures = (row: CostRow) => ({
  requests: row.requests,
  errors: row.errors,
  unpriced: row.unpriced,
  prompt_tokens: row.prompt_tokens,
  completion_tokens: row.completion_tokens,
  total_tokens: row.total_tokens,
  cost_nanousd: row.cost_nanousd
})

const dimensionOf: { readonly [D in CostDimension]: (row: RequestRow) => string | null } = {
  model: (row) => row.model,
  provider: (row) => row.provider,
  key: (row) => row.key_name,
  workflow: (row) => row.workflow_name,
  day: (row) => row.timestamp.slice(0, 10)
}
export const dimensions = Object.keys(dimensionOf) as ReadonlyArray<CostDimension>

/** `costs` and `requests` tell the same, in total and by each dimension. */
export const assertConsistent = Effect.gen(function* () {
  const ledger = yield* Ledger
  const rows = yield* allRequests
  for (const dimension of dimensions) {
    const report = yield* ledger.costs({ by: [dimension] })
    assert.deepStrictEqual(figures(report.total), sumsOf(rows))
    const settled = rows.filter((row) => row.status !== "open")
    const values = new Set(settled.map(dimensionOf[dimension]))
    assert.strictEqual(report.costs.length, values.size)
    for (const cost of report.costs) {
      const value = cost[dimension] as string | null
      assert.isTrue(values.has(value))
      assert.deepStrictEqual(figures(cost), sumsOf(settled.filter((row) => dimensionOf[dimension](row) === value)))
    }
  }
})

/** Names that would trip a ledger that joins them into keys. */
const names = fc.constantFrom("a", "b", "a,b", "1", "", "ü\n'\"")
const count = fc.integer({ min: 0, max: 100_000 })

const write = fc.oneof(
  fc.record({
    kind: fc.constant("open" as const),
    number: fc.integer({ min: 0, max: 20 }),
    day: fc.integer({ min: 0, max: 2 }),
    key: fc.option(fc.constantFrom("alice", "bob")),
    workflow: fc.option(fc.constantFrom("digest", "digest 2"))
  }),
  fc.record({
    kind: fc.constant("settle" as const),
    number: fc.integer({ min: 0, max: 20 }),
    status: fc.constantFrom("ok" as const, "error" as const, "partial" as const),
    provider: names,
    model: names,
    usage: fc.option(
      fc.record({ input: count, cacheRead: count, cacheWrite1h: count, output: count, reasoning: count })
    ),
    cost: fc.option(fc.integer({ min: 0, max: 1e12 })),
    flush: fc.boolean()
  })
)

export const lawOfSums = (run: <A, E>(effect: Effect.Effect<A, E, Ledger>) => Effect.Effect<A, unknown>) => {
  it.live("sums equal the requests by every dimension, after any writes in any order", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(fc.array(write, { maxLength: 60 }), (writes) =>
          run(
            Effect.gen(function* () {
              const ledger = yield* Ledger
              for (const one of writes) {
                if (one.kind === "open") {
                  yield* Effect.fork(
                    ledger.open(
                      opening(one.number, {
                        startedAt: noon + one.day * oneDay + one.number,
                        key: one.key,
                        workflowName: one.workflow
                      })
                    )
                  )
                  // Queued before what follows, in the same turn.
                  yield* Effect.yieldNow()
                } else {
                  yield* ledger.settle(
                    settlement(one.number, {
                      status: one.status,
                      provider: one.provider,
                      model: one.model,
                      usage: one.usage === null ? null : Usage.make(one.usage),
                      cost: one.cost === null ? null : NanoDollars.make(one.cost)
                    })
                  )
                  if (one.flush) yield* ledger.flush
                }
              }
              yield* ledger.flush
              yield* assertConsistent
            })
          ).pipe(Effect.runPromise)
        ),
        { numRuns: 40 }
      )
    )
  )
}
