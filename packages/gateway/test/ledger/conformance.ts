/** What every ledger promises. `LedgerSqlite.test.ts` and `LedgerMemory.test.ts` run it. */
import { assert, describe, it } from "@effect/vitest"
import { Ledger, LedgerQueryError } from "@penstock/gateway/ledger/Ledger"
import type { PriceBook } from "@penstock/gateway/ledger/PriceBook"
import { CostReport, RequestPage } from "@penstock/schema/LedgerEntry"
import { NanoDollars } from "@penstock/schema/Money"
import * as Usage from "@penstock/schema/Usage"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { attempt, id, noon, oneDay, opening, prices, settlement } from "./Fixtures.ts"
import { keepsAttempts } from "./Attempts.ts"
import { keepsBudgets } from "./Budgets.ts"
import { keepsToolLog } from "./ToolLog.ts"
import { allRequests, assertConsistent, dimensions, lawOfSums } from "./Sums.ts"

const oneRequest = Effect.map(allRequests, (rows) => {
  assert.strictEqual(rows.length, 1)
  return rows[0]!
})

const refused = (effect: Effect.Effect<unknown, unknown, Ledger>, param: string) =>
  Effect.gen(function* () {
    const error = yield* Effect.flip(effect)
    assert.instanceOf(error, LedgerQueryError)
    assert.strictEqual(error.param, param)
    return error
  })

export const conforms = (name: string, layer: Layer.Layer<Ledger, unknown, PriceBook>) => {
  const run = <A, E>(effect: Effect.Effect<A, E, Ledger>) =>
    effect.pipe(Effect.provide(layer), Effect.provide(prices()))

  describe(`${name} keeps the ledger's promises`, () => {
    it.live("every read is of what was settled before it, also where the settlement still waits to be written", () =>
      run(
        Effect.gen(function* () {
          const ledger = yield* Ledger
          const budget = { scope: "key:alice", limit: NanoDollars.make(1_000), per: "total" } as const
          const spent = Effect.map(ledger.spending([budget]), ([state]) => state?.spent)
          const listed = Effect.map(ledger.requests({ status: "ok" }), ({ requests }) => requests.length)
          const shown = Effect.map(ledger.request(id(4)), (detail) => detail?.request.status)
          const counted = Effect.map(ledger.costs({ by: ["day"] }), ({ total }) => total.requests)
          const settled = (number: number) =>
            Effect.zipRight(
              ledger.open(opening(number, { holds: [{ budget, amount: NanoDollars.make(10) }] })),
              ledger.settle(settlement(number, { cost: NanoDollars.make(5) }))
            )
          assert.strictEqual(yield* Effect.zipRight(settled(1), spent), 5)
          assert.strictEqual(yield* Effect.zipRight(settled(2), listed), 2)
          assert.strictEqual(yield* Effect.zipRight(settled(3), counted), 3)
          assert.strictEqual(yield* Effect.zipRight(settled(4), shown), "ok")
        })
      )
    )

    it.live("an opened request is listed as open at once, without figures", () =>
      run(
        Effect.gen(function* () {
          const ledger = yield* Ledger
          yield* ledger.open(opening(1, { stream: true, workflowName: "digest" }))
          const row = yield* oneRequest
          assert.deepStrictEqual(
            { ...row },
            {
              id: id(1),
              timestamp: "2026-03-10T12:00:00.001Z",
              workflow_name: "digest",
              key_name: "alice",
              endpoint: "chat.completions",
              requested_model: "fast",
              model: "gpt-4o-mini",
              provider: "openai",
              stream: true,
              prompt_tokens: null,
              completion_tokens: null,
              total_tokens: null,
              cache_read_tokens: null,
              cache_write_tokens: null,
              reasoning_tokens: null,
              cost_usd: null,
              cost_nanousd: null,
              latency_ms: null,
              first_token_ms: null,
              attempts: 0,
              success: false,
              status: "open",
              error: null,
              estimated: false,
              saved_usd: null,
              saved_nanousd: null
            }
          )
        })
      )
    )

    it.live("a settled request shows the target that answered and every figure", () =>
      run(
        Effect.gen(function* () {
          const ledger = yield* Ledger
          yield* ledger.open(opening(1))
          yield* ledger.settle(
            settlement(1, {
              provider: "anthropic",
              model: "claude-haiku-4-5",
              usage: Usage.make({
                input: 1,
                cacheRead: 2,
                cacheWrite5m: 4,
                cacheWrite1h: 8,
                inputAudio: 16,
                output: 32,
                reasoning: 64,
                outputAudio: 128
              }),
              attempts: [attempt(), attempt(), attempt()]
            })
          )
          yield* ledger.flush
          const row = yield* oneRequest
          assert.deepInclude(row, {
            provider: "anthropic",
            model: "claude-haiku-4-5",
            requested_model: "fast",
            prompt_tokens: 31,
            completion_tokens: 224,
            total_tokens: 255,
            cache_read_tokens: 2,
            cache_write_tokens: 12,
            reasoning_tokens: 64,
            cost_usd: 0.000036,
            cost_nanousd: 36_000,
            latency_ms: 800,
            first_token_ms: 120,
            attempts: 3,
            success: true,
            status: "ok",
            error: null
          })
        })
      )
    )

    it.live("what is unknown is null, never 0", () =>
      run(
        Effect.gen(function* () {
          const ledger = yield* Ledger
          yield* ledger.open(opening(1))
          yield* ledger.settle(
            settlement(1, {
              status: "error",
              usage: null,
              cost: null,
              firstTokenMillis: null,
              error: { reason: "rate_limit", message: "slow down" }
            })
          )
          yield* ledger.flush
          assert.deepInclude(yield* oneRequest, {
            prompt_tokens: null,
            total_tokens: null,
            cost_usd: null,
            cost_nanousd: null,
            first_token_ms: null,
            success: false,
            status: "error",
            error: "rate_limit: slow down"
          })
          const { total } = yield* ledger.costs({ by: [] })
          assert.deepInclude(total, { requests: 1, errors: 1, unpriced: 1, cost_nanousd: 0 })
        })
      )
    )

    it.live("a cost of 0 is a known cost", () =>
      run(
        Effect.gen(function* () {
          const ledger = yield* Ledger
          yield* ledger.open(opening(1))
          yield* ledger.settle(settlement(1, { cost: NanoDollars.make(0) }))
          yield* ledger.flush
          assert.strictEqual((yield* oneRequest).cost_usd, 0)
          assert.strictEqual((yield* ledger.costs({ by: [] })).total.unpriced, 0)
        })
      )
    )

    it.live("the first settlement stands", () =>
      run(
        Effect.gen(function* () {
          const ledger = yield* Ledger
          yield* ledger.open(opening(1))
          // Twice in one turn, and once later.
          yield* ledger.settle(settlement(1))
          yield* ledger.settle(settlement(1, { status: "error", cost: NanoDollars.make(99) }))
          yield* ledger.flush
          yield* ledger.settle(settlement(1, { status: "partial", cost: NanoDollars.make(77) }))
          yield* ledger.flush
          assert.deepInclude(yield* oneRequest, { status: "ok", cost_nanousd: 36_000 })
          assert.deepInclude((yield* ledger.costs({ by: [] })).total, { requests: 1, errors: 0, cost_nanousd: 36_000 })
        })
      )
    )

    it.live("a settlement queued in the same turn as its opening counts", () =>
      run(
        Effect.gen(function* () {
          const ledger = yield* Ledger
          yield* Effect.all([ledger.open(opening(1)), ledger.settle(settlement(1))], { concurrency: "unbounded" })
          yield* ledger.flush
          assert.strictEqual((yield* oneRequest).status, "ok")
        })
      )
    )

    it.live("a settlement of a request that was never opened changes nothing", () =>
      run(
        Effect.gen(function* () {
          const ledger = yield* Ledger
          yield* ledger.settle(settlement(1))
          yield* ledger.flush
          assert.deepStrictEqual(yield* allRequests, [])
          assert.strictEqual((yield* ledger.costs({ by: [] })).total.requests, 0)
        })
      )
    )

    it.live("hundreds of writes at once are all kept", () =>
      run(
        Effect.gen(function* () {
          const ledger = yield* Ledger
          const all = Array.from({ length: 333 }, (_, number) => number)
          yield* Effect.forEach(all, (number) => ledger.open(opening(number)), { concurrency: "unbounded" })
          yield* Effect.forEach(all, (number) => ledger.settle(settlement(number)), { concurrency: "unbounded" })
          yield* ledger.flush
          const rows = yield* allRequests
          assert.deepStrictEqual(
            rows.map((row) => row.id),
            all.map(id).toReversed()
          )
          assert.isTrue(rows.every((row) => row.status === "ok" && row.cost_nanousd === 36_000))
          yield* assertConsistent
        })
      )
    )

    it.live("pages follow each other without a gap or a repeat, also where times are equal", () =>
      run(
        Effect.gen(function* () {
          const ledger = yield* Ledger
          for (let number = 0; number < 25; number++) {
            yield* ledger.open(opening(number, { startedAt: noon + Math.floor(number / 10) }))
            if (number % 3 !== 0) yield* ledger.settle(settlement(number))
          }
          yield* ledger.flush
          const first = yield* ledger.requests({ limit: 10 })
          // What happens between two pages moves nothing: a row is settled, a newer one is opened.
          yield* ledger.settle(settlement(0))
          yield* ledger.open(opening(100))
          yield* ledger.flush
          const second = yield* ledger.requests({ limit: 10, cursor: first.next! })
          const third = yield* ledger.requests({ limit: 10, cursor: second.next! })
          const ids = [first, second, third].flatMap((page) => page.requests.map((row) => row.id))
          assert.deepStrictEqual(
            ids,
            Array.from({ length: 25 }, (_, number) => id(24 - number))
          )
          assert.isNull(third.next)
          yield* Schema.encode(RequestPage)(first)
        })
      )
    )

    it.live("each filter selects, and they combine", () =>
      run(
        Effect.gen(function* () {
          const ledger = yield* Ledger
          yield* ledger.open(opening(1))
          yield* ledger.open(opening(2, { key: "bob" }))
          yield* ledger.open(opening(3, { workflowName: "digest" }))
          yield* ledger.open(opening(4, { key: null, startedAt: noon + oneDay }))
          yield* ledger.open(opening(5, { startedAt: noon - oneDay }))
          yield* ledger.settle(settlement(1))
          yield* ledger.settle(settlement(2, { status: "error" }))
          yield* ledger.settle(settlement(3, { provider: "mock", model: "other" }))
          yield* ledger.settle(settlement(4, { status: "partial" }))
          yield* ledger.flush
          const select = (filter: Parameters<typeof ledger.requests>[0]) =>
            Effect.map(ledger.requests(filter), (page) =>
              page.requests.map((row) => Number.parseInt(row.id.slice(16), 16))
            )
          assert.deepStrictEqual(yield* select({}), [4, 3, 2, 1, 5])
          assert.deepStrictEqual(yield* select({ model: "gpt-4o-mini" }), [4, 2, 1, 5])
          assert.deepStrictEqual(yield* select({ provider: "mock" }), [3])
          assert.deepStrictEqual(yield* select({ key: "bob" }), [2])
          assert.deepStrictEqual(yield* select({ workflow: "digest" }), [3])
          assert.deepStrictEqual(yield* select({ status: "ok" }), [3, 1])
          assert.deepStrictEqual(yield* select({ status: "error" }), [2])
          assert.deepStrictEqual(yield* select({ status: "partial" }), [4])
          assert.deepStrictEqual(yield* select({ status: "open" }), [5])
          assert.deepStrictEqual(yield* select({ status: "interrupted" }), [])
          assert.deepStrictEqual(yield* select({ key: "alice", status: "ok", model: "gpt-4o-mini" }), [1])
          assert.deepStrictEqual(yield* select({ from: "2026-03-11" }), [4])
          assert.deepStrictEqual(yield* select({ to: "2026-03-10" }), [5])
          assert.deepStrictEqual(
            yield* select({ from: "2026-03-10T13:00:00.002+01:00", to: "2026-03-10T12:00:00.003Z" }),
            [2]
          )
          assert.deepStrictEqual(yield* select({ model: "' OR 1=1 --" }), [])
        })
      )
    )

    it.live("a filter that is not one is refused, and the parameter named", () =>
      run(
        Effect.gen(function* () {
          const ledger = yield* Ledger
          yield* refused(ledger.requests({ cursor: "nonsense" }), "cursor")
          yield* refused(ledger.requests({ cursor: Buffer.from('["1","x"]').toString("base64url") }), "cursor")
          yield* refused(ledger.requests({ from: "yesterday" }), "from")
          yield* refused(ledger.requests({ to: "2026-02-30" }), "to")
          yield* refused(ledger.requests({ from: "2026-03-02", to: "2026-03-01" }), "to")
          yield* refused(ledger.requests({ limit: 0 }), "limit")
          yield* refused(ledger.costs({ by: [], from: "2026-3-1" }), "from")
          yield* refused(ledger.costs({ by: [], from: "2026-03-02", to: "2026-03-01" }), "to")
        })
      )
    )

    it.live("costs are limited to whole days, both included", () =>
      run(
        Effect.gen(function* () {
          const ledger = yield* Ledger
          for (let number = 0; number < 4; number++) {
            yield* ledger.open(opening(number, { startedAt: noon + number * oneDay }))
            yield* ledger.settle(settlement(number))
          }
          yield* ledger.flush
          const report = yield* ledger.costs({ by: ["day", "model"], from: "2026-03-11", to: "2026-03-12" })
          assert.deepStrictEqual(
            report.costs.map((row) => [row.day, row.model, row.requests]),
            [
              ["2026-03-11", "gpt-4o-mini", 1],
              ["2026-03-12", "gpt-4o-mini", 1]
            ]
          )
          assert.strictEqual(report.total.requests, 2)
          assert.deepStrictEqual((yield* ledger.costs({ by: [] })).costs, [])
          yield* Schema.encode(CostReport)(report)
        })
      )
    )

    it.live("a baseline reprices the same tokens, and leaves out what has no cost of its own", () =>
      run(
        Effect.gen(function* () {
          const ledger = yield* Ledger
          // 1,000 fresh input tokens at $2.50 and 100 output tokens at $10 per million: $0.0035 on gpt-4o.
          const usage = Usage.make({ input: 1000, output: 100 })
          yield* ledger.open(opening(1))
          yield* ledger.settle(settlement(1, { usage, cost: NanoDollars.make(210_000) }))
          yield* ledger.open(opening(2))
          yield* ledger.settle(settlement(2, { usage, cost: null, model: "unlisted" }))
          yield* ledger.flush
          for (const baseline of ["openai/gpt-4o", "gpt-4o"]) {
            const report = yield* ledger.costs({ by: ["model"], baseline })
            assert.strictEqual(report.baseline, baseline)
            assert.deepInclude(report.total, {
              cost_usd: 0.00021,
              baseline_usd: 0.0035,
              saved_usd: 0.00329,
              unpriced: 1
            })
            assert.deepStrictEqual(
              report.costs.map((row) => [row.model, row.baseline_usd, row.saved_usd]),
              [
                ["gpt-4o-mini", 0.0035, 0.00329],
                ["unlisted", 0, 0]
              ]
            )
          }
          const error = yield* refused(ledger.costs({ by: [], baseline: "openai/no-such-model" }), "baseline")
          assert.include((error as LedgerQueryError).message, "openai/no-such-model")
          assert.isUndefined((yield* ledger.costs({ by: [] })).total.baseline_usd)
        })
      )
    )

    it.live("pruning deletes settled requests and leaves the sums and what is open", () =>
      run(
        Effect.gen(function* () {
          const ledger = yield* Ledger
          const all = Array.from({ length: 1203 }, (_, number) => number)
          yield* Effect.forEach(all, (number) => ledger.open(opening(number)), { concurrency: "unbounded" })
          yield* Effect.forEach(all, (number) => (number === 5 ? Effect.void : ledger.settle(settlement(number))))
          yield* ledger.flush
          const before = yield* ledger.costs({ by: dimensions })
          assert.strictEqual(yield* ledger.prune(noon + 1200), 1199)
          assert.deepStrictEqual(
            (yield* allRequests).map((row) => row.id),
            [1202, 1201, 1200, 5].map(id)
          )
          assert.deepStrictEqual(yield* ledger.costs({ by: dimensions }), before)
          assert.strictEqual(yield* ledger.prune(noon + 1200), 0)
        })
      )
    )

    lawOfSums(run)
    keepsAttempts(run)
    keepsBudgets(run)
    keepsToolLog(run)
  })
}
