/** What every ledger promises of attempts, and of the request that they belong to. */
import { assert, it } from "@effect/vitest"
import { Ledger } from "@penstock/gateway/ledger/Ledger"
import { RequestDetail } from "@penstock/schema/LedgerEntry"
import * as Usage from "@penstock/schema/Usage"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { attempt, id, nano, noon, opening, settlement } from "./Fixtures.ts"
import { allRequests } from "./Sums.ts"

const failed = attempt({
  provider: "mock",
  model: "slow",
  outcome: "error",
  reason: "timeout",
  upstreamStatus: 504,
  startedAt: noon + 1,
  latencyMillis: 300,
  firstTokenMillis: null,
  usage: null,
  cost: null
})

export const keepsAttempts = (run: <A, E>(effect: Effect.Effect<A, E, Ledger>) => Effect.Effect<A, unknown>) => {
  it.live("a request is found by its id: open, settled, and not at all", () =>
    run(
      Effect.gen(function* () {
        const ledger = yield* Ledger
        yield* ledger.open(opening(1))
        const open = yield* ledger.request(id(1))
        assert.deepInclude(open?.request, { id: id(1), status: "open" })
        assert.deepStrictEqual(open?.attempts, [])
        yield* ledger.settle(settlement(1))
        yield* ledger.flush
        const [row] = yield* allRequests
        const settled = yield* ledger.request(id(1))
        assert.deepStrictEqual(settled?.request, row)
        yield* Schema.encode(RequestDetail)(settled!)
        for (const absent of [id(2), "req_", "x' OR 1=1 --"]) assert.isNull(yield* ledger.request(absent))
      })
    )
  )

  it.live("the one attempt of a request that ended well is told without having been written twice", () =>
    run(
      Effect.gen(function* () {
        const ledger = yield* Ledger
        yield* ledger.open(opening(1))
        yield* ledger.settle(settlement(1, { attempts: [attempt({ startedAt: noon + 1 })] }))
        yield* ledger.flush
        assert.deepStrictEqual(
          (yield* ledger.request(id(1)))?.attempts.map((row) => ({ ...row })),
          [
            {
              request_id: id(1),
              number: 1,
              provider: "openai",
              model: "gpt-4o-mini",
              outcome: "ok",
              reason: null,
              status: null,
              timestamp: "2026-03-10T12:00:00.001Z",
              latency_ms: 800,
              first_token_ms: 120,
              prompt_tokens: 120,
              completion_tokens: 35,
              total_tokens: 155,
              cache_read_tokens: 20,
              cost_usd: 0.000036,
              cost_nanousd: 36_000
            }
          ]
        )
      })
    )
  )

  it.live("every attempt of a request that needed several is kept, in order and with its own figures", () =>
    run(
      Effect.gen(function* () {
        const ledger = yield* Ledger
        yield* ledger.open(opening(1))
        const last = attempt({ startedAt: noon + 400, usage: Usage.make({ input: 7, output: 3 }), cost: nano(9) })
        yield* ledger.settle(settlement(1, { attempts: [failed, failed, last], cost: nano(9) }))
        yield* ledger.flush
        const detail = yield* ledger.request(id(1))
        assert.strictEqual(detail?.request.attempts, 3)
        assert.deepStrictEqual(
          detail?.attempts.map((row) => [
            row.number,
            row.provider,
            row.outcome,
            row.reason,
            row.status,
            row.total_tokens
          ]),
          [
            [1, "mock", "error", "timeout", 504, null],
            [2, "mock", "error", "timeout", 504, null],
            [3, "openai", "ok", null, null, 10]
          ]
        )
        assert.deepStrictEqual(
          detail?.attempts.map((row) => [
            row.timestamp.slice(17),
            row.latency_ms,
            row.first_token_ms,
            row.cost_nanousd
          ]),
          [
            ["00.001Z", 300, null, null],
            ["00.001Z", 300, null, null],
            ["00.400Z", 800, 120, 9]
          ]
        )
      })
    )
  )

  it.live("the attempt of a request that failed or was left is kept, an answer from the cache has none", () =>
    run(
      Effect.gen(function* () {
        const ledger = yield* Ledger
        for (const number of [1, 2, 3]) yield* ledger.open(opening(number))
        yield* ledger.settle(settlement(1, { status: "error", attempts: [failed] }))
        yield* ledger.settle(
          settlement(2, { status: "partial", estimated: true, attempts: [attempt({ outcome: "partial" })] })
        )
        yield* ledger.settle(settlement(3, { cost: nano(0), saved: nano(1_500), attempts: [] }))
        yield* ledger.flush
        const outcomes = Effect.fnUntraced(function* (number: number) {
          return (yield* ledger.request(id(number)))?.attempts.map((row) => row.outcome)
        })
        assert.deepStrictEqual(yield* outcomes(1), ["error"])
        assert.deepStrictEqual(yield* outcomes(2), ["partial"])
        assert.deepStrictEqual(yield* outcomes(3), [])
        assert.deepStrictEqual(
          (yield* allRequests).map((row) => [row.estimated, row.saved_nanousd, row.saved_usd]),
          [
            [false, 1_500, 0.0000015],
            [true, null, null],
            [false, null, null]
          ]
        )
      })
    )
  )
}
