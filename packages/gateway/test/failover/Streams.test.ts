import { assert, describe, it } from "@effect/vitest"
import type { Completion } from "@penstock/schema/Completion"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { openai } from "../exchange/answers.ts"
import * as Harness from "../exchange/gateway.ts"
import { begun, completion, frames, good, harnessOf, inTurn, run, sent, started } from "./scene.ts"

describe("a stream", () => {
  it.scoped("that is cut or stalls before its first token comes from the next target, invisibly", () =>
    Effect.gen(function* () {
      const [head = ""] = frames(openai)
      for (const then of ["cut", "end", "silence"] as const) {
        const world = yield* run(
          { first: { chunks: [head], then }, second: good(openai, true), stream: true, entry: { retry: { max: 0 } } },
          "40 seconds"
        )
        assert.isNull(world.failure)
        assert.deepStrictEqual(world.asked, ["mock", "spare"])
        assert.lengthOf(world.sink.heads, 1)
        assert.strictEqual(Harness.textOf(world.sink).split("Héllo").length, 2)
        assert.lengthOf(world.sink.ends, 1)
      }
    })
  )

  it.scoped("that is cut or stalls after its first token fails, where there is no other target", () =>
    Effect.gen(function* () {
      for (const [then, reason] of [
        ["cut", "network"],
        ["silence", "timeout"]
      ] as const) {
        const world = yield* run({ first: { chunks: begun(openai), then }, stream: true })
        assert.strictEqual(world.failure?.reason, reason)
        assert.deepStrictEqual(world.asked, ["mock"])
        assert.lengthOf(world.sink.heads, 1)
        assert.lengthOf(world.sink.ends, 0)
      }
    })
  )

  it.scoped("may come slowly, as long as no pause is too long", () =>
    Effect.gen(function* () {
      const harness = harnessOf({ first: { then: "mute" }, stream: true })
      Object.assign(harness.transport, {
        stops: undefined,
        exchange: (_: unknown, receiver: Parameters<typeof harness.transport.exchange>[1]) =>
          Effect.gen(function* () {
            receiver.onHead(200, { "content-type": "text/event-stream" }, () => {})
            for (const frame of frames(openai)) {
              yield* Effect.sleep("14 seconds")
              receiver.onChunk(Buffer.from(frame))
            }
          })
      })
      const sink = Harness.sink<Uint8Array>()
      const fiber = yield* sent(harness, sink)
      yield* TestClock.adjust("2 minutes")
      assert.isTrue(Exit.isSuccess(yield* Fiber.await(fiber)))
      assert.include(Harness.textOf(sink), "Héllo 👋")
    })
  )

  it.scoped("is not cut because its caller reads slowly", () =>
    Effect.gen(function* () {
      const harness = harnessOf({ first: good(openai, true), stream: true })
      const sink = Harness.sink<Uint8Array>(1)
      const fiber = yield* sent(harness, sink)
      yield* TestClock.adjust("9 minutes")
      assert.isTrue(harness.transport.paused())
      sink.drain()
      assert.isTrue(Exit.isSuccess(yield* Fiber.await(fiber)))
      assert.lengthOf(sink.ends, 1)
    })
  )

  it.scoped("with commit: complete is held back until it is whole, so that a later cut is invisible as well", () =>
    Effect.gen(function* () {
      const entry = { stream: { commit: "complete" }, retry: { max: 0 } }
      for (const then of ["cut", "silence"] as const) {
        const world = yield* started({
          first: { chunks: begun(openai), then },
          second: good(openai, true),
          stream: true,
          entry
        })
        if (then === "silence") assert.lengthOf(world.sink.heads, 0)
        yield* TestClock.adjust("15 seconds")
        yield* Fiber.join(world.fiber)
        assert.deepStrictEqual(world.asked, ["mock", "spare"])
        assert.lengthOf(world.sink.heads, 1)
        assert.deepInclude(world.sink.heads[0], { provider: "spare" })
        assert.strictEqual(Harness.textOf(world.sink).split("Héllo").length, 2)
        assert.isTrue(Harness.textOf(world.sink).endsWith("data: [DONE]\n\n"))
      }
    })
  )

  const broken = { chunks: begun(openai), then: "cut" } as const
  const saying = (text: string): Completion => ({ ...completion, content: [{ type: "text", text }] })
  const answering = (text: string) => ({ chunks: frames(openai, saying(text)) })

  it.scoped("goes on at the next target where it broke, if that says the same", () =>
    Effect.gen(function* () {
      const world = yield* run({ first: broken, second: good(openai, true), stream: true })
      assert.isNull(world.failure)
      // Begun once, ended once, and nothing said twice.
      assert.lengthOf(world.sink.heads, 1)
      assert.lengthOf(world.sink.ends, 1)
      assert.strictEqual(Harness.textOf(world.sink).split("Héllo").length, 2)
      assert.strictEqual(Harness.textOf(world.sink).split('"role"').length, 2)
      assert.isTrue(Harness.textOf(world.sink).endsWith("data: [DONE]\n\n"))
      assert.deepInclude(world.settlement, { status: "ok", provider: "spare", firstTokenMillis: 0 })
      assert.deepStrictEqual(
        world.settlement.attempts.map(({ outcome }) => outcome),
        ["error", "ok"]
      )
    })
  )

  it.scoped("goes on at the same target, after a wait, when that goes on from the beginning of an answer", () =>
    Effect.gen(function* () {
      const targets = [{ model: "mock/m", capabilities: { prefill: true } }]
      const world = yield* run({ first: inTurn(broken, answering(", wörld")), stream: true, entry: { targets } })
      assert.isNull(world.failure)
      const asked = JSON.parse(String(world.transport.requests[1]!.body))
      assert.deepStrictEqual(asked.messages.at(-1).role, "assistant")
      assert.include(Harness.textOf(world.sink), "Héllo")
      assert.include(Harness.textOf(world.sink), ", wörld")
      assert.strictEqual(world.settlement.attempts[1]!.startedAt, 1000)
    })
  )

  it.scoped("fails where it broke when no target says the same, and blames none of them", () =>
    Effect.gen(function* () {
      const other = answering("Something else entirely")
      const world = yield* run({ first: broken, second: other, third: other, stream: true })
      assert.deepStrictEqual(world.asked, ["mock", "spare", "third"])
      assert.strictEqual(world.failure?.reason, "network")
      assert.lengthOf(world.sink.ends, 0)
      assert.notInclude(Harness.textOf(world.sink), "Something else")
      assert.isTrue(world.breakers().every(({ provider, failures }) => provider === "mock" || failures === 0))
    })
  )

  it.scoped("whose model has ended its answer needs no end mark: neither a cut nor silence makes it a failure", () =>
    Effect.gen(function* () {
      for (const then of ["cut", "silence"] as const) {
        const unmarked = frames(openai).filter((frame) => !frame.includes("[DONE]"))
        const world = yield* run({ first: { chunks: unmarked, then }, stream: true }, "2 seconds")
        assert.isNull(world.failure)
        assert.isTrue(Harness.textOf(world.sink).endsWith("data: [DONE]\n\n"))
        assert.strictEqual(world.settlement.status, "ok")
      }
    })
  )
})
