import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { openai } from "../exchange/answers.ts"
import * as Harness from "../exchange/gateway.ts"
import { good, inTurn, run, status } from "./scene.ts"

describe("a target's breaker", () => {
  const ok = good(openai, false)
  const entry = { retry: { max: 0 }, breaker: { failures: 2, window: "30s", cooldown: "10s" } }

  it.scoped("keeps requests away from it while it is open, and one tries it afterwards", () =>
    Effect.gen(function* () {
      const world = yield* run({ first: inTurn(status(500), status(500), ok), second: ok, entry }, "0 seconds")
      for (const _ of [1, 2, 3]) yield* world.send(Harness.sink())
      assert.deepStrictEqual(world.asked, ["mock", "spare", "mock", "spare", "spare", "spare"])
      assert.deepInclude(world.settlements[3], { provider: "spare" })
      assert.lengthOf(world.settlements[3]!.attempts, 1)
      assert.deepInclude(world.breakers()[0], { state: "open", retryAt: 10_000 })
      yield* TestClock.adjust("10 seconds")
      yield* world.send(Harness.sink())
      assert.strictEqual(world.asked.at(-1), "mock")
      assert.deepStrictEqual(world.breakers(), [])
    })
  )

  it.scoped("that is open everywhere fails the request at once, and says when to come back", () =>
    Effect.gen(function* () {
      const world = yield* run({ first: status(500), entry })
      yield* Effect.flip(world.send(Harness.sink()))
      const failure = yield* Effect.flip(world.send(Harness.sink()))
      assert.deepStrictEqual([failure.reason, failure.status, failure.code], ["unreachable", 503, "breaker_open"])
      assert.strictEqual(failure.retryAfterMillis, 10_000)
      assert.include(failure.message, "mock/m")
      assert.lengthOf(world.asked, 2)
      assert.lengthOf(world.openings, 2)
    })
  )

  it.scoped("is not held half open by a caller who leaves while he tries it", () =>
    Effect.gen(function* () {
      const world = yield* run({ first: inTurn(status(500), status(500), { then: "mute" }, ok), entry })
      yield* Effect.flip(world.send(Harness.sink()))
      yield* TestClock.adjust("10 seconds")
      const probe = yield* Effect.fork(world.send(Harness.sink()))
      yield* Harness.settled
      assert.strictEqual((yield* Effect.flip(world.send(Harness.sink()))).code, "breaker_open")
      yield* Fiber.interrupt(probe)
      yield* world.send(Harness.sink())
      assert.deepStrictEqual(world.breakers(), [])
    })
  )

  it.scoped("is not opened by what a caller does", () =>
    Effect.gen(function* () {
      const world = yield* run({ first: status(400), entry })
      for (const _ of [1, 2, 3, 4])
        assert.strictEqual((yield* Effect.flip(world.send(Harness.sink()))).reason, "invalid_request")
      assert.deepStrictEqual(world.breakers(), [])
    })
  )
})
