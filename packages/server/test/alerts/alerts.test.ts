import * as SqliteClient from "@effect/sql-sqlite-node/SqliteClient"
import { assert, describe, it } from "@effect/vitest"
import { Breakers } from "@penstock/gateway/failover/Breakers"
import { Ledger } from "@penstock/gateway/ledger/Ledger"
import { NanoDollars } from "@penstock/schema/Money"
import * as Alerts from "@penstock/server/alerts/Alerts"
import * as ToldAlerts from "@penstock/server/alerts/ToldAlerts"
import { createHmac } from "node:crypto"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import * as Fixtures from "../../../gateway/test/ledger/Fixtures.ts"
import { start } from "../control/harness.ts"
import * as Collector from "../telemetry/Collector.ts"

const turn = Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))

type Needs = Effect.Effect.Context<typeof Alerts.run>

/** A server that was never told anything before. */
const run = (context: Context.Context<Exclude<Needs, Scope.Scope | ToldAlerts.ToldAlerts>>) =>
  Alerts.run.pipe(Effect.provide(context), Effect.provide(ToldAlerts.layerMemory))

/** Lets a second pass again and again until that many messages are there. */
const until = (received: ReadonlyArray<unknown>, count: number) =>
  Effect.zipRight(TestClock.adjust("1 seconds"), turn).pipe(
    Effect.repeat({ until: () => received.length >= count, times: 2_000 }),
    Effect.zipRight(Effect.sync(() => assert.strictEqual(received.length, count)))
  )

const temporaryFile = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => fs.mkdtempSync(path.join(os.tmpdir(), "penstock-alerts-"))),
    (folder) => Effect.sync(() => fs.rmSync(folder, { recursive: true }))
  ),
  (folder) => path.join(folder, "told.db")
)

/** Some looks, where there is one each second. */
const looks = Effect.repeatN(Effect.zipRight(TestClock.adjust("1 seconds"), turn), 3)

/** Ten more looks. */
const later = Effect.repeatN(Effect.zipRight(TestClock.adjust("15 seconds"), turn), 10)

const target = { provider: "openai", model: "gpt-4o" }
const policy = { failures: 1, window: 1000, cooldown: 1000 }
const fold = (received: ReadonlyArray<Collector.Received>) => received.map(({ body }) => [body.status, body.kind])

describe("alerts", () => {
  it.scoped("are told once when they begin and once when they are over, signed", () =>
    Effect.gen(function* () {
      const { received, url } = yield* Collector.start
      const { context } = yield* start({ config: { alerts: { webhook: `${url}/hook`, secret: "a-shared-secret" } } })
      const breakers = Context.get(context, Breakers)
      yield* run(context)
      yield* later
      assert.strictEqual(received.length, 0)
      breakers.leave(target, "pass", "failed", policy)
      yield* until(received, 1)
      yield* later
      breakers.leave(target, "last_resort", "alive", policy)
      yield* until(received, 2)
      yield* later
      assert.deepStrictEqual(fold(received), [
        ["firing", "breaker"],
        ["resolved", "breaker"]
      ])
      const [{ body, headers, path } = assert.fail("none")] = received
      assert.strictEqual(path, "/hook")
      assert.include(body.summary, "openai/gpt-4o")
      const signed = `${String(headers["x-penstock-timestamp"])}.${JSON.stringify(body)}`
      const expected = createHmac("sha256", "a-shared-secret").update(signed).digest("hex")
      assert.strictEqual(headers["x-penstock-signature"], `sha256=${expected}`)
    })
  )

  it.scoped("reach a webhook that fails at first, however long, and then only once", () =>
    Effect.gen(function* () {
      const { failures, received, url } = yield* Collector.start
      const { context } = yield* start({ config: { alerts: { webhook: url } } })
      // More often than one look tries.
      failures.push(500, 503, 302, 500, 429, 500)
      Context.get(context, Breakers).leave(target, "pass", "failed", policy)
      yield* run(context)
      yield* until(received, 7)
      yield* later
      assert.strictEqual(received.length, 7)
      assert.isUndefined(received[0]?.headers["x-penstock-signature"])
    })
  )

  it.scoped("each share of a budget is told of by itself", () =>
    Effect.gen(function* () {
      const { received, url } = yield* Collector.start
      const config = { budget: { usd: 1, per: "total" }, alerts: { webhook: url } }
      const { context } = yield* start({ config })
      const ledger = Context.get(context, Ledger)
      const spend = (number: number, usd: number) =>
        Effect.gen(function* () {
          const hold = Fixtures.hold(usd * 1e9, 1e9, { scope: "gateway", per: "total" })
          yield* ledger.open(Fixtures.opening(number, { holds: [hold] }))
          yield* ledger.settle(Fixtures.settlement(number, { cost: NanoDollars.make(usd * 1e9) }))
        })
      yield* spend(1, 0.75)
      yield* run(context)
      yield* later
      assert.strictEqual(received.length, 0)
      yield* spend(2, 0.1)
      yield* until(received, 1)
      yield* spend(3, 0.15)
      yield* until(received, 2)
      assert.deepStrictEqual(
        received.map(({ body }) => body.details.percent),
        [80, 100]
      )
    })
  )

  it.scoped("are neither repeated nor forgotten by a server that starts again", () =>
    Effect.gen(function* () {
      const { received, url } = yield* Collector.start
      const { context } = yield* start({ config: { alerts: { webhook: url, every: "1s" } } })
      const breakers = Context.get(context, Breakers)
      const file = yield* temporaryFile
      /** A server's life. */
      const alive = (what: Effect.Effect<unknown>) =>
        Effect.scoped(Effect.zipRight(Effect.provide(Alerts.run, context), what)).pipe(
          Effect.provide(Layer.fresh(Layer.provide(ToldAlerts.layerSqlite, SqliteClient.layer({ filename: file })))),
          Effect.orDie
        )
      breakers.leave(target, "pass", "failed", policy)
      yield* alive(Effect.zipRight(until(received, 1), looks))
      yield* alive(looks)
      breakers.leave(target, "last_resort", "alive", policy)
      yield* alive(Effect.zipRight(until(received, 2), looks))
      yield* alive(looks)
      assert.deepStrictEqual(fold(received), [
        ["firing", "breaker"],
        ["resolved", "breaker"]
      ])
      assert.strictEqual(received[1]?.body.since, received[0]?.body.since)
    })
  )
})
