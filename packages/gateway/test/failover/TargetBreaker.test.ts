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

  it.scoped("that is open everywhere leaves one to ask, once, and its first answer closes it", () =>
    Effect.gen(function* () {
      const retried = { ...entry, retry: { max: 2, delay: "1s", jitter: "none" } }
      const fails = status(500)
      const world = yield* run({ first: inTurn(fails, fails, fails, ok), second: fails, entry: retried }, "9 seconds")
      assert.strictEqual(world.failure?.reason, "server")
      const asked = world.asked.length
      assert.strictEqual((yield* Effect.flip(world.send(Harness.sink()))).reason, "server")
      assert.lengthOf(world.asked, asked + 1)
      yield* world.send(Harness.sink())
      assert.deepStrictEqual(
        world.breakers().map(({ provider }) => provider),
        ["spare"]
      )
    })
  )

  it.scoped("is not held half open by a caller who leaves while he tries it", () =>
    Effect.gen(function* () {
      const world = yield* run({ first: inTurn(status(500), status(500), { then: "mute" }, ok), entry })
      yield* Effect.flip(world.send(Harness.sink()))
      yield* TestClock.adjust("10 seconds")
      const probe = yield* Effect.fork(world.send(Harness.sink()))
      yield* Harness.settled
      assert.deepInclude(world.breakers()[0], { state: "half_open" })
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
