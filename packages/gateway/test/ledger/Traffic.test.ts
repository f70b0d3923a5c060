/** What was asked lately: counted once, and answered without reading it again. */
import * as SqlClient from "@effect/sql/SqlClient"
import { assert, describe, it } from "@effect/vitest"
import { Ledger } from "@penstock/gateway/ledger/Ledger"
import * as LedgerSqlite from "@penstock/gateway/ledger/LedgerSqlite"
import * as Traffic from "@penstock/gateway/ledger/Traffic"
import * as TrafficWindow from "@penstock/gateway/ledger/TrafficWindow"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Layer from "effect/Layer"
import { noon, opening, prices, setClock, settlement } from "./Fixtures.ts"

const minute = noon / TrafficWindow.millisPerMinute

const cell = (more: Partial<TrafficWindow.Cell>): TrafficWindow.Cell => ({
  minute,
  provider: "openai",
  bucket: null,
  requests: 1,
  errors: 0,
  unpriced: 0,
  tokens: 10,
  cost: 5,
  ...more
})

describe("the window", () => {
  it("tells percentiles that are at most 5 % off, of any latencies", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.array(FastCheck.integer({ min: 1, max: 3_600_000 }), { minLength: 1, maxLength: 200 }),
        (latencies) => {
          const window = TrafficWindow.make()
          window.add(
            latencies.map((millis) => cell({ bucket: Math.floor(TrafficWindow.bucketsPerE * Math.log(millis)) }))
          )
          const ordered = latencies.toSorted((one, other) => one - other)
          for (const [share, told] of [
            [0.5, window.view(minute, 1).total.p50_ms],
            [0.95, window.view(minute, 1).total.p95_ms]
          ] as const) {
            const exact = ordered[Math.ceil(share * ordered.length) - 1]!
            assert.isAtMost(Math.abs(told! - exact), Math.max(1, 0.05 * exact))
          }
        }
      )
    )
  })

  it("has a point for every step, also where nothing happened, and forgets what is older than a day", () => {
    const window = TrafficWindow.make()
    window.add([cell({}), cell({ minute: minute - 59, requests: 2 }), cell({ minute: minute - 60, requests: 4 })])
    const view = window.view(minute, 60)
    assert.strictEqual(view.points.length, 60)
    assert.deepStrictEqual([view.points[0]!.requests, view.points[59]!.requests], [2, 1])
    assert.strictEqual(view.points[1]!.p50_ms, null)
    assert.strictEqual(view.total.requests, 3)
    const day = window.view(minute, 1440)
    assert.deepStrictEqual([day.step, day.points.length, day.total.requests], [24, 60, 7])
    window.forget(minute + TrafficWindow.minutesKept)
    assert.strictEqual(window.view(minute, 1440).total.requests, 0)
  })
})

const layer = Traffic.layerSqlite.pipe(Layer.provideMerge(LedgerSqlite.layerFile(":memory:")), Layer.provide(prices()))

const record = (number: number, more: Parameters<typeof settlement>[1] = {}) =>
  Effect.gen(function* () {
    const ledger = yield* Ledger
    yield* ledger.open(opening(number))
    yield* ledger.settle(settlement(number, more))
    yield* ledger.flush
  })

describe("traffic over the ledger's file", () => {
  it.live("counts each row once, whoever wrote it, and says what is under way", () =>
    Effect.gen(function* () {
      const { seen } = yield* Traffic.Traffic
      yield* record(1)
      assert.strictEqual((yield* seen(60)).total.requests, 1)
      yield* record(2, { status: "error", provider: "anthropic", cost: null, usage: null })
      yield* Effect.flatMap(Ledger, ({ open }) => open(opening(3)))
      const now = yield* seen(60)
      assert.deepStrictEqual(
        [now.total.requests, now.total.errors, now.total.unpriced, now.open, now.total.total_tokens],
        [2, 1, 1, 1, 155]
      )
      assert.deepStrictEqual(
        now.providers.map(({ provider, requests }) => [provider, requests]),
        [
          ["anthropic", 1],
          ["openai", 1]
        ]
      )
      assert.closeTo(now.total.p50_ms!, 800, 40)
    }).pipe(Effect.provide(layer), Effect.withClock(setClock(noon + 1000)))
  )

  it.live("starts with the last day of a ledger that was there before", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      // 30,000 rows of the last 12 hours and as many older ones: more than one statement sums.
      yield* sql`INSERT INTO request_log
        (id, started_at, endpoint, requested_model, provider, model, stream, status, cost, latency_ms, attempts)
        WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 59999)
        SELECT 'req_' || i, ${noon - 2 * 86_400_000} + CASE WHEN i < 30000 THEN i ELSE ${1.5 * 86_400_000} + i END,
          'chat.completions', 'm', 'openai', 'm', 0, 'ok', 1000, 100, 1 FROM n`
      yield* record(1)
      const { seen } = yield* Effect.provide(Traffic.Traffic, Traffic.layerSqlite)
      assert.strictEqual((yield* seen(1)).total.requests, 1)
      assert.strictEqual((yield* seen(1440)).total.requests, 30_001)
      assert.strictEqual((yield* seen(1440)).total.requests, 30_001)
    }).pipe(Effect.provide(Layer.fresh(layer)), Effect.withClock(setClock(noon + 1000)))
  )
})
