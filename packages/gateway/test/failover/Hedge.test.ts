import { assert, describe, it } from "@effect/vitest"
import * as Hedge from "@penstock/gateway/failover/Hedge"
import * as Effect from "effect/Effect"
import * as fc from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { openai } from "../exchange/answers.ts"
import * as Harness from "../exchange/gateway.ts"
import type { Answer } from "../exchange/transport.ts"
import { begun, frames, good, harnessOf, inTurn, run, sent, started, status } from "./scene.ts"

const entry = { hedge: { after: "2s", max_share: 1 }, retry: { max: 0 } }
const silent: Answer = { then: "mute" }

describe.each([
  { how: "streamed", stream: true },
  { how: "whole", stream: false }
])("a hedged request, its answer $how,", ({ stream }) => {
  const ok = good(openai, stream)

  it.scoped("is answered by the second target when the first is silent; the first is ended and in the ledger", () =>
    Effect.gen(function* () {
      const world = yield* started({ first: silent, second: ok, stream, entry })
      yield* TestClock.adjust("1999 millis")
      assert.deepStrictEqual(world.asked, ["mock"])
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(world.fiber)
      assert.deepStrictEqual(world.asked, ["mock", "spare"])
      assert.strictEqual(world.transport.aborted(), 1)
      assert.lengthOf(world.sink.heads, 1)
      assert.deepInclude(world.sink.heads[0], { provider: "spare", fallback: true, attempts: 2 })
      assert.lengthOf(world.sink.ends, 1)
      assert.deepInclude(world.settlements[0], { provider: "spare", status: "ok", cost: 19_000 as never })
      assert.deepStrictEqual(
        world.settlements[0]!.attempts.map(({ latencyMillis, outcome, provider, reason }) => [
          provider,
          outcome,
          reason,
          latencyMillis
        ]),
        [
          ["mock", "partial", null, 2000],
          ["spare", "ok", null, 0]
        ]
      )
      // Being slow once is no failure.
      assert.deepStrictEqual(world.breakers(), [])
    })
  )

  it.scoped("asks nobody else when the first answers in time, or fails", () =>
    Effect.gen(function* () {
      const quick = yield* run({ first: ok, second: ok, stream, entry })
      assert.deepStrictEqual(quick.asked, ["mock"])
      const failing = yield* run({ first: status(500), second: ok, stream, entry })
      assert.deepStrictEqual(failing.asked, ["mock", "spare"])
      assert.deepStrictEqual(
        failing.settlement.attempts.map(({ reason, startedAt }) => [reason, startedAt]),
        [
          ["server", failing.settlement.attempts[0]!.startedAt],
          [null, failing.settlement.attempts[0]!.startedAt]
        ]
      )
    })
  )

  it.scoped("waits for the first when the second fails, and then tries the others", () =>
    Effect.gen(function* () {
      const world = yield* started({ first: silent, second: status(500), third: ok, stream, entry })
      yield* TestClock.adjust("29 seconds")
      assert.deepStrictEqual(world.asked, ["mock", "spare"])
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(world.fiber)
      assert.deepStrictEqual(world.asked, ["mock", "spare", "third"])
      assert.deepStrictEqual(
        world.settlements[0]!.attempts.map(({ provider, reason }) => [provider, reason]),
        [
          ["spare", "server"],
          ["mock", "timeout"],
          ["third", null]
        ]
      )
    })
  )

  it.scoped("ends both when its caller leaves", () =>
    Effect.gen(function* () {
      const world = yield* started({ first: silent, second: silent, stream, entry })
      yield* TestClock.adjust("3 seconds")
      yield* Fiber.interrupt(world.fiber)
      assert.strictEqual(world.transport.aborted(), 1)
      assert.strictEqual(world.transports["spare"]!.aborted(), 1)
      assert.deepStrictEqual(
        world.settlements[0]!.attempts.map(({ outcome, provider }) => [provider, outcome]),
        [
          ["mock", "partial"],
          ["spare", "partial"]
        ]
      )
      assert.strictEqual(world.settlements[0]!.status, "partial")
    })
  )

  it.scoped("is told the failure of the one that answered, when that one breaks and nothing is left", () =>
    Effect.gen(function* () {
      const broken: Answer = stream
        ? { chunks: begun(openai), then: "cut" }
        : { headers: { "content-type": "application/json" }, chunks: ["{}"] }
      const world = yield* run({ first: silent, second: broken, stream, entry })
      assert.include(["network", "invalid_response"], world.failure?.reason)
      assert.lengthOf(world.settlement.attempts, 2)
      assert.lengthOf(world.sink.ends, 0)
    })
  )
})

describe("a hedged stream", () => {
  it.scoped("that the first begins just before the second is the first's to its end, and the second is ended", () =>
    Effect.gen(function* () {
      const harness = harnessOf({ first: silent, second: silent, stream: true, entry })
      const late = (millis: number, name: string) => {
        const transport = harness.transports[name]!
        Object.assign(transport, {
          stops: undefined,
          exchange: (_: unknown, receiver: Parameters<typeof transport.exchange>[1]) =>
            Effect.gen(function* () {
              receiver.onHead(200, { "content-type": "text/event-stream" }, () => {})
              for (const frame of frames(openai)) {
                yield* Effect.sleep(millis)
                receiver.onChunk(Buffer.from(frame))
              }
            })
        })
      }
      // First tokens at 2400 and 2500 ms, the third and second frames.
      late(1200, "mock")
      late(250, "spare")
      const sink = Harness.sink<Uint8Array>()
      const fiber = yield* sent(harness, sink)
      yield* TestClock.adjust("20 seconds")
      yield* Fiber.join(fiber)
      assert.lengthOf(sink.heads, 1)
      assert.deepInclude(sink.heads[0], { provider: "mock", fallback: false, attempts: 2 })
      assert.strictEqual(Harness.textOf(sink).split("Héllo").length, 2)
      assert.deepStrictEqual(
        harness.settlements[0]!.attempts.map(({ outcome, provider }) => [provider, outcome]),
        [
          ["spare", "partial"],
          ["mock", "ok"]
        ]
      )
    })
  )
})

describe("the share of hedged requests", () => {
  it("stays within what is allowed, but for the first and what was saved", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.array(fc.boolean(), { maxLength: 300 }),
        (share, slow) => {
          const budget = Hedge.budget()
          let hedged = 0
          for (const [index, isSlow] of slow.entries()) {
            budget.request(share)
            if (isSlow && budget.take()) hedged += 1
            assert.isAtMost(hedged, share === 0 ? 0 : 1 + share * (index + 1) + 1e-9)
          }
        }
      )
    )
  })

  it.scoped("bounds them: a slow target does not double the load", () =>
    Effect.gen(function* () {
      const second = inTurn(good(openai, false))
      const world = yield* started({
        first: silent,
        second,
        entry: { ...entry, hedge: { after: "2s", max_share: 0.1 }, breaker: { failures: 10_000 } }
      })
      for (let at = 0; at < 19; at += 1) yield* Effect.fork(world.send(Harness.sink()))
      yield* TestClock.adjust("10 seconds")
      // The first, and a tenth of twenty.
      assert.lengthOf(world.asked, 20 + 3)
    })
  )
})
