import { assert, describe, it } from "@effect/vitest"
import { Gateway } from "@penstock/gateway/Gateway"
import { anonymous } from "@penstock/gateway/keys/Keys"
import { unfold } from "@penstock/schema/StreamEvent"
import * as Usage from "@penstock/schema/Usage"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { openai } from "./exchange/answers.ts"
import { call, harness, sink } from "./exchange/gateway.ts"

const answer = {
  id: "a",
  model: "m",
  content: [{ type: "text" as const, text: "hi" }],
  finishReason: "stop" as const,
  usage: Usage.make({ input: 5, output: 7 })
}
const chunks = [openai.stream(answer, [...unfold(answer)], { newline: "\n", comments: false })]

/** A request every fifteen seconds, and none is left. */
const limited = { ...anonymous, key: "alice", rate: { requests_per_minute: 4 } }

const used = (use: (ask: (patience?: number) => Effect.Effect<void, unknown>) => Effect.Effect<void, unknown>) => {
  const made = harness({ vendor: openai, answer: { chunks } })
  return Effect.gen(function* () {
    const gateway = yield* Gateway
    const ask = (patience?: number) =>
      Effect.flatMap(call(true, { caller: limited, ...(patience === undefined ? {} : { patience }) }), (asked) =>
        gateway.run(asked, sink())
      )
    for (let count = 0; count < 4; count++) yield* ask()
    yield* use(ask)
    return made
  }).pipe(Effect.provide(made.layer))
}

describe("a call whose key's rate is used up", () => {
  it.effect("waits for it if it may, and has no row in the ledger until it begins", () =>
    Effect.gen(function* () {
      const made = yield* used((ask) =>
        Effect.gen(function* () {
          const waiting = yield* Effect.fork(ask(30_000))
          yield* TestClock.adjust(14_000)
          assert.isNull(yield* Fiber.poll(waiting).pipe(Effect.map((exit) => (exit._tag === "None" ? null : exit))))
          yield* TestClock.adjust(2_000)
          yield* Fiber.join(waiting)
        })
      )
      assert.strictEqual(made.openings.length, 5)
    })
  )

  it.effect("is refused at once where it may not wait, or not for so long", () =>
    Effect.gen(function* () {
      const made = yield* used((ask) =>
        Effect.gen(function* () {
          assert.deepInclude(yield* Effect.flip(ask()), { reason: "rate_limit" })
          assert.deepInclude(yield* Effect.flip(ask(10_000)), { reason: "rate_limit" })
        })
      )
      assert.strictEqual(made.openings.length, 4)
    })
  )

  it.effect("waits in all no longer than it may, however many are before it", () =>
    Effect.asVoid(
      used((ask) =>
        Effect.gen(function* () {
          const all = yield* Effect.fork(
            Effect.all(
              Array.from({ length: 5 }, () => Effect.either(ask(30_000))),
              { concurrency: "unbounded" }
            )
          )
          yield* TestClock.adjust(60_000)
          const ends = (yield* Fiber.join(all)).map(({ _tag }) => _tag)
          assert.sameMembers(ends, ["Right", "Right", "Left", "Left", "Left"])
        })
      )
    )
  )
})
