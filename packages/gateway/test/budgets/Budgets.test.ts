import { assert, describe, it } from "@effect/vitest"
import * as Budgets from "@penstock/gateway/budgets/Budgets"
import { anonymous } from "@penstock/gateway/keys/Keys"
import { Ledger } from "@penstock/gateway/ledger/Ledger"
import * as LedgerMemory from "@penstock/gateway/ledger/LedgerMemory"
import * as LedgerSqlite from "@penstock/gateway/ledger/LedgerSqlite"
import * as Settings from "@penstock/gateway/Settings"
import type { NanoDollars } from "@penstock/schema/Money"
import type { Caller } from "@penstock/schema/api/Caller"
import { GatewayError } from "@penstock/schema/GatewayError"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import { config, hold, id, nano, noon, opening, prices, settlement } from "../ledger/Fixtures.ts"

const alice: Caller = { ...anonymous, key: "alice", admin: false, budget: { usd: 1, per: "day" } }

const layerOver = <E>(ledger: Layer.Layer<Ledger, E>, raw: unknown = {}) =>
  Budgets.layer.pipe(Layer.provideMerge(Layer.merge(ledger, Settings.layer(config(raw)))))
const layer = (raw?: unknown) => layerOver(Layer.provide(LedgerMemory.layer, prices()), raw)

const holdsOf = (raw: unknown, caller: Caller, run: Budgets.Run | null, worstCase: NanoDollars | null) =>
  Effect.map(Budgets.Budgets, (budgets) =>
    budgets
      .holds(caller, run, () => worstCase)
      .map(({ amount, budget: { limit, per, scope } }) => [scope, per, Number(limit), Number(amount)])
  ).pipe(Effect.provide(layer(raw)), Effect.runPromise)

describe("what a request holds", () => {
  it("is its worst case, in the budget of the gateway, of the key and of the run", async () => {
    const raw = { budget: { usd: 10, per: "month" } }
    const run = { id: "r1", budget: { usd: 0.5, per: "run" } } as const
    assert.deepStrictEqual(await holdsOf(raw, alice, run, nano(7)), [
      ["gateway", "month", 1e10, 7],
      ["key:alice", "day", 1e9, 7],
      ["run:r1", "run", 5e8, 7]
    ])
    assert.deepStrictEqual(await holdsOf(raw, anonymous, null, nano(7)), [["gateway", "month", 1e10, 7]])
    assert.deepStrictEqual(await holdsOf({}, anonymous, { id: "r1", budget: null }, nano(7)), [])
  })

  it("is its worst case in each part of the run that it belongs to, too", async () => {
    const parts = [
      { path: "steps/all", usd: 0.3 },
      { path: "steps/all/steps[0]/one", usd: 0.1 }
    ]
    assert.deepStrictEqual(await holdsOf({}, anonymous, { id: "r1", budget: null, parts }, nano(7)), [
      ["run:r1/steps/all", "run", 3e8, 7],
      ["run:r1/steps/all/steps[0]/one", "run", 1e8, 7]
    ])
  })

  it("is nothing where the worst case is unknown, but the budgets count what it turns out to cost", async () => {
    assert.deepStrictEqual(await holdsOf({}, alice, null, null), [["key:alice", "day", 1e9, 0]])
  })

  it("is in no budget where nothing is paid: what is free is never refused", async () => {
    assert.deepStrictEqual(await holdsOf({ budget: { usd: 0, per: "day" } }, alice, null, nano(0)), [])
  })

  it("counts a limit per run on the run, where the lowest decides, and not on direct requests", async () => {
    const raw = { budget: { usd: 2, per: "run" } }
    const perRun: Caller = { ...alice, budget: { usd: 1, per: "run" } }
    assert.deepStrictEqual(await holdsOf(raw, perRun, { id: "r1", budget: null }, nano(7)), [["run:r1", "run", 1e9, 7]])
    assert.deepStrictEqual(await holdsOf(raw, perRun, { id: "r1", budget: { usd: 0.25, per: "run" } }, nano(7)), [
      ["run:r1", "run", 2.5e8, 7]
    ])
    assert.deepStrictEqual(await holdsOf(raw, perRun, null, nano(7)), [])
  })
})

/** Lets everything that can go on without the clock do so. */
const settled = Effect.yieldNow().pipe(Effect.repeatN(20))

const open = (number: number, amount: number, limit: number, over: Parameters<typeof hold>[2] = {}) =>
  Effect.flatMap(Budgets.Budgets, (budgets) =>
    budgets.open(opening(number, { holds: [hold(amount, limit, { per: "total", ...over })] }))
  )
const settle = (number: number, cost: number) =>
  Effect.flatMap(Ledger, (ledger) => ledger.settle(settlement(number, { cost: nano(cost) })))

describe("a request that does not fit", () => {
  it.effect("is refused at once when no settlement can mend it, and told all that it needs to know", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(noon)
      yield* open(1, 900_000_000, 1_000_000_000, { per: "day" })
      yield* settle(1, 900_000_000)
      yield* open(2, 50_000_000, 1_000_000_000, { per: "day" })
      const error = yield* Effect.flip(open(3, 200_000_000, 1_000_000_000, { per: "day" }))
      assert.instanceOf(error, GatewayError)
      assert.deepInclude(
        { ...error },
        { reason: "budget_exceeded", code: "budget_exceeded", retryAfterMillis: 12 * 3_600_000 }
      )
      assert.strictEqual(error.status, 402)
      for (const figure of ["key alice", "$1 per day", "$0.9 ", "$0.05 ", "$0.2.", "2026-03-11T00:00:00.000Z"]) {
        assert.include(error.message, figure)
      }
    }).pipe(Effect.provide(layer()))
  )

  it.effect("has no time to retry after where the budget does not reset", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(open(1, 2, 1))
      assert.isTrue(error instanceof GatewayError && error.retryAfterMillis === undefined)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("waits for those that run and goes on when they cost less than was held; first come, first served", () =>
    Effect.gen(function* () {
      const done: Array<number> = []
      const waiting = (number: number, amount: number) =>
        Effect.fork(Effect.tap(open(number, amount, 1_000), () => Effect.sync(() => done.push(number))))
      yield* open(1, 900, 1_000)
      yield* waiting(2, 800)
      yield* settled
      // These would fit at once, but they came later.
      yield* waiting(3, 100)
      yield* waiting(4, 100)
      yield* settled
      assert.deepStrictEqual(done, [])
      yield* settle(1, 100)
      yield* settled
      assert.deepStrictEqual(done, [2, 3])
      yield* settle(2, 0)
      yield* settled
      assert.deepStrictEqual(done, [2, 3, 4])
    }).pipe(Effect.provide(layer()))
  )

  it.effect("does not hold up requests of other keys while it waits for its own", () =>
    Effect.gen(function* () {
      const budgets = yield* Budgets.Budgets
      const gateway = hold(400, 10_000, { scope: "gateway", per: "total" })
      yield* open(1, 900, 1_000)
      const both = { holds: [gateway, hold(400, 1_000, { per: "total" })] }
      const waiting = yield* Effect.fork(budgets.open(opening(2, both)))
      yield* settled
      yield* budgets.open(opening(3, { holds: [gateway] }))
      assert.isNull(waiting.unsafePoll())
      yield* settle(1, 1)
      yield* Fiber.join(waiting)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("is refused as soon as settlements leave no room for it", () =>
    Effect.gen(function* () {
      yield* open(1, 900, 1_000)
      const waiting = yield* Effect.fork(Effect.either(open(2, 400, 1_000)))
      yield* settled
      yield* settle(1, 700)
      assert.isTrue(Either.isLeft(yield* Fiber.join(waiting)))
    }).pipe(Effect.provide(layer()))
  )

  it.effect("waits 30 seconds at most, and not beyond its deadline", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(noon)
      const { open: openBefore } = yield* Budgets.Budgets
      yield* open(1, 900, 1_000)
      const long = yield* Effect.fork(Effect.either(open(2, 400, 1_000)))
      const short = yield* Effect.fork(
        Effect.either(
          openBefore(opening(3, { holds: [hold(400, 1_000, { per: "total" })] }), { deadline: noon + 5_000 })
        )
      )
      yield* TestClock.adjust("4 seconds")
      assert.deepStrictEqual([long.unsafePoll(), short.unsafePoll()], [null, null])
      yield* TestClock.adjust("1 seconds")
      assert.isTrue(Either.isLeft(yield* Fiber.join(short)))
      yield* TestClock.adjust("24 seconds")
      assert.isNull(long.unsafePoll())
      yield* TestClock.adjust("1 seconds")
      assert.isTrue(Either.isLeft(yield* Fiber.join(long)))
      const { requests } = yield* (yield* Ledger).requests({})
      assert.deepStrictEqual(
        requests.map((row) => row.id),
        [id(1)]
      )
    }).pipe(Effect.provide(layer()))
  )

  it.effect("a run waits for as long as it takes: its steps have times of their own", () =>
    Effect.gen(function* () {
      const { open: openBefore } = yield* Budgets.Budgets
      yield* open(1, 900, 1_000)
      const run = { id: "run_1", budget: null }
      const patient = yield* Effect.fork(
        openBefore(opening(2, { holds: [hold(400, 1_000, { per: "total" })] }), { run })
      )
      yield* TestClock.adjust("10 minutes")
      assert.isNull(patient.unsafePoll())
      yield* settle(1, 100)
      yield* TestClock.adjust("1 seconds")
      yield* Fiber.join(patient)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("can leave while it waits, also within an acquisition, and makes way for the next", () =>
    Effect.gen(function* () {
      const budgets = yield* Budgets.Budgets
      yield* open(1, 900, 1_000)
      const leaving = yield* Effect.fork(
        Effect.acquireUseRelease(
          budgets.open(opening(2, { holds: [hold(800, 1_000, { per: "total" })] })),
          () => Effect.die("was never opened"),
          () => Effect.die("was never opened")
        )
      )
      yield* settled
      const next = yield* Effect.fork(open(3, 100, 1_000))
      yield* settled
      assert.isNull(next.unsafePoll())
      assert.strictEqual((yield* Fiber.interrupt(leaving))._tag, "Failure")
      yield* Fiber.join(next)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("finds what another process gave back, though nobody calls it", () =>
    Effect.gen(function* () {
      const ledger = yield* Ledger
      // Hears of no settlement.
      const deaf = { ...ledger, onRelease: () => Effect.void }
      yield* Effect.gen(function* () {
        yield* open(1, 900, 1_000)
        const waiting = yield* Effect.fork(open(2, 400, 1_000))
        yield* settled
        yield* settle(1, 100)
        yield* settled
        assert.isNull(waiting.unsafePoll())
        yield* TestClock.adjust("1 seconds")
        yield* Fiber.join(waiting)
      }).pipe(Effect.provide(layerOver(Layer.succeed(Ledger, deaf))))
    }).pipe(Effect.provide(Layer.provide(LedgerMemory.layer, prices())))
  )
})

describe("a thousand parallel requests on one dollar, each holding three times what it costs", () => {
  const price = 1_300_000
  const dollar = 1_000_000_000

  for (const [name, ledger] of [
    ["in memory", LedgerMemory.layer],
    ["on disk", LedgerSqlite.layerFile(":memory:")]
  ] as const) {
    it.live(`spend nearly all of it and never more, ${name}`, () =>
      Effect.gen(function* () {
        const { open: openNext } = yield* Budgets.Budgets
        const ledger = yield* Ledger
        const { budget } = hold(0, dollar, { per: "total" })
        let most = 0
        const one = (number: number) =>
          Effect.acquireUseRelease(
            openNext(opening(number, { holds: [{ budget, amount: nano(3 * price) }] })),
            () =>
              Effect.gen(function* () {
                const [state] = yield* ledger.spending([budget])
                most = Math.max(most, state!.spent + state!.reserved)
                yield* Effect.yieldNow()
              }),
            () => settle(number, price)
          )
        const answers = yield* Effect.forEach(
          Array.from({ length: 1_000 }, (_, number) => number),
          (number) => Effect.either(one(number)),
          { concurrency: "unbounded" }
        )
        yield* ledger.flush
        const successes = answers.filter(Either.isRight).length
        const [state] = yield* ledger.spending([budget])
        assert.strictEqual(state?.spent, successes * price)
        assert.strictEqual(state?.reserved, 0)
        assert.isAtMost(most, dollar)
        assert.isAtMost(successes * price, dollar)
        assert.isAbove(successes * price, 0.9 * dollar)
      }).pipe(Effect.provide(layerOver(Layer.provide(ledger, prices()))))
    )
  }
})

describe("the state of budgets", () => {
  const keys: ReadonlyArray<Budgets.KeyBudget> = [
    { name: "alice", budget: { usd: 1, per: "day" } },
    { name: "bob", budget: null },
    { name: "carol", budget: { usd: 0, per: "total" } }
  ]

  it.effect("names the gateway's and those of keys, with what is left of it and when it resets", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(noon)
      const { states } = yield* Budgets.Budgets
      yield* open(1, 300_000_000, 1_000_000_000, { per: "day" })
      yield* settle(1, 250_000_000)
      yield* open(2, 100_000_000, 1_000_000_000, { per: "day" })
      assert.deepStrictEqual(
        (yield* states(keys)).map((state) => ({ ...state })),
        [
          {
            scope: "gateway",
            per: "run",
            limit_usd: 5,
            spent_usd: null,
            reserved_usd: null,
            remaining_usd: null,
            starts_at: null,
            resets_at: null
          },
          {
            scope: "key:alice",
            per: "day",
            limit_usd: 1,
            spent_usd: 0.25,
            reserved_usd: 0.1,
            remaining_usd: 0.65,
            starts_at: "2026-03-10T00:00:00.000Z",
            resets_at: "2026-03-11T00:00:00.000Z"
          },
          {
            scope: "key:carol",
            per: "total",
            limit_usd: 0,
            spent_usd: 0,
            reserved_usd: 0,
            remaining_usd: 0,
            starts_at: null,
            resets_at: null
          }
        ]
      )
    }).pipe(Effect.provide(layer({ budget: { usd: 5, per: "run" } })))
  )
})
