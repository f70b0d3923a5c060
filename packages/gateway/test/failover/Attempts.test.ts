import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { anthropic, openai } from "../exchange/answers.ts"
import * as Harness from "../exchange/gateway.ts"
import { completion, good, inTurn, notes, run, started, status } from "./scene.ts"

describe.each([
  { how: "streamed", stream: true },
  { how: "whole", stream: false }
])("an answer that is $how", ({ stream }) => {
  const ok = good(openai, stream)

  it.scoped("comes from the same target after a failure that passes, and the caller notices nothing", () =>
    Effect.gen(function* () {
      for (const failed of [
        status(500),
        status(429),
        status(529),
        { then: "reset" },
        { then: "unreachable" }
      ] as const) {
        const world = yield* run({ first: inTurn(failed, failed, ok), second: ok, stream })
        assert.isNull(world.failure)
        assert.deepStrictEqual(world.asked, ["mock", "mock", "mock"])
        assert.deepInclude(world.sink.heads[0], { provider: "mock", attempts: 3, fallback: false })
        assert.lengthOf(world.sink.heads, 1)
        assert.include(Harness.textOf(world.sink), "Héllo 👋")
        const [one, two, three] = world.settlement.attempts
        // A second, then two: the backoff, by the clock.
        assert.deepStrictEqual([two!.startedAt - one!.startedAt, three!.startedAt - two!.startedAt], [1000, 2000])
        assert.deepInclude(world.settlement, { status: "ok", provider: "mock", cost: 19_000 as never, error: null })
      }
    })
  )

  it.scoped("comes from the next target when the first keeps failing, with an attempt each in the ledger", () =>
    Effect.gen(function* () {
      const world = yield* run({ first: status(503), second: ok, stream })
      assert.deepStrictEqual(world.asked, ["mock", "mock", "mock", "spare"])
      assert.deepInclude(world.sink.heads[0], { provider: "spare", attempts: 4, fallback: true })
      assert.deepStrictEqual(notes(world), [
        ["mock/m", "error", "server", 503, 0],
        ["mock/m", "error", "server", 503, 1000],
        ["mock/m", "error", "server", 503, 3000],
        ["spare/m", "ok", null, null, 3000]
      ])
      assert.deepInclude(world.settlement, { provider: "spare", status: "ok", latencyMillis: 3000 })
      assert.deepStrictEqual(world.settlement.usage, completion.usage)
    })
  )

  it.scoped("waits as long as a 429 says, if that fits, and else comes from the next target", () =>
    Effect.gen(function* () {
      const waited = yield* run({ first: inTurn(status(429, { "retry-after": "7" }), ok), second: ok, stream })
      assert.deepStrictEqual(waited.asked, ["mock", "mock"])
      assert.strictEqual(waited.settlement.attempts[1]!.startedAt, 7000)
      const late = status(429, { "retry-after": "700" })
      const moved = yield* run({ first: late, second: ok, stream })
      assert.deepStrictEqual(moved.asked, ["mock", "spare"])
      const none = yield* run({ first: late, stream })
      assert.deepStrictEqual(none.asked, ["mock"])
      assert.deepInclude(none.failure, { reason: "rate_limit", retryAfterMillis: 700_000 })
    })
  )

  it.scoped("comes from the next target when the first is silent, which is not asked again", () =>
    Effect.gen(function* () {
      for (const then of ["mute", "unconnected"] as const) {
        const world = yield* run({ first: { then }, second: ok, stream }, "60 seconds")
        assert.deepStrictEqual(world.asked, ["mock", "spare"])
        assert.strictEqual(world.transport.aborted(), 1)
        const [silent, answered] = world.settlement.attempts
        assert.deepInclude(silent, { outcome: "error", reason: "timeout", usage: null, cost: null })
        assert.strictEqual(silent!.latencyMillis, then === "mute" ? 30_000 : 5_000)
        assert.strictEqual(answered!.startedAt - silent!.startedAt, silent!.latencyMillis)
        assert.deepInclude(world.sink.heads[0], { provider: "spare", fallback: true })
      }
    })
  )

  it.scoped("may take the whole time that is left when its target is the last", () =>
    Effect.gen(function* () {
      const world = yield* started({ first: { then: "mute" }, second: { then: "mute" }, stream })
      yield* TestClock.adjust("599 seconds")
      assert.deepStrictEqual(world.asked, ["mock", "spare"])
      assert.lengthOf(world.settlements, 0)
      yield* TestClock.adjust("1 second")
      const failure = yield* Effect.flip(Fiber.join(world.fiber))
      assert.deepStrictEqual([failure.reason, failure.status], ["timeout", 504])
      assert.include(failure.message, "timeout.total")
      assert.include(failure.message, "Tried mock/m (timeout), spare/m (timeout).")
      assert.strictEqual(world.settlements[0]!.latencyMillis, 600_000)
    })
  )

  it.scoped("is not waited for where nobody accepts a connection, the last target or not", () =>
    Effect.gen(function* () {
      const world = yield* run({ first: { then: "unconnected" }, stream }, "5 seconds")
      assert.strictEqual(world.failure?.reason, "timeout")
      assert.include(world.failure?.message, "timeout.connect")
    })
  )

  it.scoped("that the caller prevents is not asked for again", () =>
    Effect.gen(function* () {
      const own = [
        [400, null, "invalid_request"],
        [400, "content_filter", "content_filter"],
        [401, null, "authentication"],
        [400, "context_length_exceeded", "context_length"]
      ] as const
      for (const [code, word, reason] of own) {
        // Of the second target it is known that no more fits.
        const capabilities = { context_window: 100 }
        const targets = [
          { model: "mock/m", capabilities },
          { model: "spare/m", capabilities }
        ]
        const world = yield* run({ first: status(code, {}, word), second: ok, stream, entry: { targets } })
        assert.deepStrictEqual(world.asked, ["mock"])
        assert.strictEqual(world.failure?.reason, reason)
        assert.strictEqual(world.failure?.message, `it says ${code}`)
        assert.strictEqual(world.failure?.upstream?.status, code)
        assert.lengthOf(world.sink.heads, 0)
        if (reason === "context_length") continue
        const named = yield* run({
          first: status(code, {}, word),
          second: ok,
          stream,
          entry: { fallback_on: [reason] }
        })
        assert.deepStrictEqual(named.asked, ["mock", "spare"])
        assert.isNull(named.failure)
      }
    })
  )

  it.scoped("whose prompt is too long comes from the target with the larger window, skipping others", () =>
    Effect.gen(function* () {
      const targets = [
        { model: "mock/m", capabilities: { context_window: 8000 } },
        { model: "spare/m", capabilities: { context_window: 4000 } },
        { model: "third/m", capabilities: { context_window: 32_000 } }
      ]
      const first = status(400, {}, "context_length_exceeded")
      const world = yield* run({ first, second: ok, third: ok, stream, entry: { targets } })
      assert.deepStrictEqual(world.asked, ["mock", "third"])
      assert.isNull(world.failure)
    })
  )

  it.scoped("that none can give is the last failure, with what was tried", () =>
    Effect.gen(function* () {
      const world = yield* run({ first: status(500), second: status(503, { "retry-after": "1" }), stream })
      assert.deepStrictEqual(world.asked, ["mock", "mock", "mock", "spare", "spare", "spare"])
      assert.strictEqual(world.failure?.reason, "server")
      assert.deepStrictEqual(world.failure?.upstream, { status: 503, code: "x" })
      assert.strictEqual(world.failure?.retryAfterMillis, 1000)
      assert.strictEqual(world.failure?.message, "it says 503. Tried mock/m (500, 3 times), spare/m (503, 3 times).")
      assert.deepInclude(world.settlement, { status: "error", provider: "spare", usage: null, cost: null })
      assert.strictEqual(world.settlement.error?.message, world.failure?.message)
      assert.lengthOf(world.sink.heads, 0)
    })
  )

  it.scoped("that its caller no longer waits for is not asked for again", () =>
    Effect.gen(function* () {
      const world = yield* started({ first: status(500), second: ok, stream })
      yield* TestClock.adjust("500 millis")
      yield* Fiber.interrupt(world.fiber)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(world.asked, ["mock"])
      assert.deepInclude(world.settlements[0], { status: "partial", provider: "mock", error: null })
      assert.lengthOf(world.settlements[0]!.attempts, 1)
      const silent = yield* started({ first: { then: "mute" }, second: ok, stream })
      yield* Fiber.interrupt(silent.fiber)
      assert.strictEqual(silent.transport.aborted(), 1)
      assert.deepStrictEqual(
        silent.settlements[0]!.attempts.map(({ outcome, reason }) => [outcome, reason]),
        [["partial", null]]
      )
    })
  )

  it.scoped("comes through a provider of another protocol as well", () =>
    Effect.gen(function* () {
      const world = yield* run(
        {
          first: { then: "mute" },
          second: good(anthropic, stream),
          secondVendor: anthropic,
          stream
        },
        "40 seconds"
      )
      assert.isNull(world.failure)
      assert.deepInclude(world.sink.heads[0], { provider: "spare", fallback: true })
      assert.include(Harness.textOf(world.sink), "Héllo 👋")
    })
  )
})
