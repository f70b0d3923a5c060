import { assert, describe, it } from "@effect/vitest"
import { Gateway } from "@penstock/gateway/Gateway"
import { Latencies } from "@penstock/gateway/routing/Latencies"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Random from "effect/Random"
import { ollama, openai } from "../exchange/answers.ts"
import { harness, request } from "../exchange/gateway.ts"
import { good, status } from "./scene.ts"

describe("a plan of several targets", () => {
  const providers = (mock: number, spare: number) =>
    Object.fromEntries(
      Object.entries({ mock, spare }).map(([name, price]) => [
        name,
        { protocol: "openai", base_url: "http://127.0.0.1:9", pricing: { input: price, output: price } }
      ])
    )
  const asked = (targets: ReadonlyArray<unknown>, more: object, over: Partial<typeof request> = {}, config = {}) => {
    const made = harness({
      vendor: openai,
      answer: good(openai, false),
      others: { spare: { vendor: openai, answer: good(openai, false) } },
      config: { models: { fast: { targets, ...more } }, ...config }
    })
    return Effect.gen(function* () {
      const gateway = yield* Gateway
      const answer = yield* Effect.either(gateway.complete({ ...request, ...over, model: "fast" }))
      return { asked: made.asked, answer, rows: made.openings }
    }).pipe(Effect.provide(made.layer))
  }

  it.effect("is tried by price where the strategy says so", () =>
    Effect.gen(function* () {
      const targets = ["mock/m", "spare/m"]
      for (const [prices, first] of [
        [providers(1, 2), "mock"],
        [providers(2, 1), "spare"]
      ] as const) {
        const cheap = yield* asked(targets, { strategy: "cheapest" }, {}, { providers: prices })
        assert.deepStrictEqual(cheap.asked, [first])
        assert.deepStrictEqual((yield* asked(targets, {}, {}, { providers: prices })).asked, ["mock"])
      }
    })
  )

  it.effect("is tried by measured speed, or by chance, where the strategy says so", () =>
    Effect.gen(function* () {
      const made = harness({
        vendor: openai,
        answer: good(openai, false),
        others: { spare: { vendor: openai, answer: good(openai, false) } },
        config: {
          models: {
            fast: { targets: ["mock/m", "spare/m"], strategy: "fastest" },
            any: { targets: ["mock/m", { model: "spare/m", weight: 999_999 }], strategy: "weighted" }
          }
        }
      })
      yield* Effect.gen(function* () {
        const gateway = yield* Gateway
        const latencies = yield* Latencies
        latencies.add({ provider: "mock", model: "m" }, false, 900)
        latencies.add({ provider: "spare", model: "m" }, false, 100)
        yield* gateway.complete({ ...request, model: "fast" })
        // Answers in no time are measured too.
        assert.strictEqual(latencies.of({ provider: "spare", model: "m" }, false), 80)
        latencies.add({ provider: "spare", model: "m" }, false, 50_000)
        yield* gateway.complete({ ...request, model: "fast" })
        yield* Effect.withRandom(gateway.complete({ ...request, model: "any" }), Random.make("a seed"))
      }).pipe(Effect.provide(made.layer))
      assert.deepStrictEqual(made.asked, ["spare", "mock", "spare"])
    })
  )

  it.effect("passes over those that cannot do what the request needs, and says so when none can", () =>
    Effect.gen(function* () {
      const tools = [{ name: "t" }]
      const unable = (model: string) => ({ model, capabilities: { tools: false } })
      const passed = yield* asked([unable("mock/m"), "spare/m"], {}, { tools })
      assert.deepStrictEqual(passed.asked, ["spare"])
      assert.deepStrictEqual((yield* asked([unable("mock/m"), "spare/m"], {})).asked, ["mock"])
      const none = yield* asked([unable("mock/m"), unable("spare/m")], {}, { tools })
      assert.deepStrictEqual(none.asked, [])
      assert.lengthOf(none.rows, 0)
      const failure = Either.getOrThrow(Either.flip(none.answer))
      assert.deepStrictEqual([failure.reason, failure.status], ["unprocessable", 422])
      assert.include(failure.message, "tools")
    })
  )

  it.effect("passes over those whose protocol cannot say the request, wherever they stand", () => {
    const said = harness({
      vendor: ollama,
      answer: good(ollama, false),
      others: { spare: { vendor: openai, answer: good(openai, false) } },
      config: {
        models: {
          first: { targets: ["mock/m", "spare/m"] },
          last: { targets: ["spare/m", "mock/m"] },
          none: { targets: ["mock/m", "mock/n"] }
        }
      }
    })
    const sound = { type: "audio" as const, format: "wav", data: "AA==" }
    const spoken = { ...request, messages: [{ role: "user", content: [sound] }] } satisfies typeof request
    return Effect.gen(function* () {
      const gateway = yield* Gateway
      for (const model of ["first", "last"]) {
        yield* gateway.complete({ ...spoken, model })
      }
      assert.deepStrictEqual(said.asked, ["spare", "spare"])
      assert.deepStrictEqual(
        said.settlements.map(({ attempts, status }) => [status, attempts.length]),
        [
          ["ok", 1],
          ["ok", 1]
        ]
      )
      // What can be said is asked of the first.
      yield* gateway.complete({ ...request, model: "first" })
      assert.strictEqual(said.asked.at(-1), "mock")
      // The refusal of the one that would have been asked, and nothing was sent.
      const failure = yield* Effect.flip(gateway.complete({ ...spoken, model: "none" }))
      assert.deepInclude(failure, { reason: "invalid_request" })
      assert.include(failure.message, "Ollama takes no audio")
      assert.lengthOf(said.asked, 3)
      assert.lengthOf(said.openings, 3)
    }).pipe(Effect.provide(said.layer))
  })

  it.effect("passes over those without a price when one is required", () =>
    Effect.gen(function* () {
      const { mock, spare } = providers(1, 1)
      const { pricing: _, ...unpriced } = mock!
      const config = { providers: { mock: unpriced, spare }, pricing: { require: true } }
      assert.deepStrictEqual((yield* asked(["mock/m", "spare/m"], {}, {}, config)).asked, ["spare"])
    })
  )

  it.effect(
    "is explained: it says by which strategy and policy, and which targets are left alone because they kept failing",
    () => {
      const models = {
        fast: { targets: ["mock/m", "mock/n"], strategy: "cheapest", breaker: { failures: 2 }, fallback_on: [] }
      }
      const { layer } = harness({
        vendor: openai,
        answer: status(500),
        config: { defaults: { retry: { max: 0 } }, models }
      })
      return Effect.gen(function* () {
        const gateway = yield* Gateway
        const before = yield* gateway.explain("fast")
        assert.deepInclude(before, { strategy: "cheapest" })
        assert.deepInclude(before.policy, { commit: "first_token", fallback_on: [], hedge: null })
        for (const _ of [1, 2]) yield* Effect.flip(gateway.complete({ ...request, model: "fast" }))
        const [open, other] = (yield* gateway.explain("fast")).candidates
        assert.deepInclude(open, { model: "m", kept: false })
        assert.deepStrictEqual(open?.breaker, { state: "open", failures: 2, retry_at: "1970-01-01T00:00:10.000Z" })
        assert.include(open?.reason, "1970-01-01T00:00:10.000Z")
        assert.deepInclude(other, { model: "n", kept: true })
        assert.isUndefined(other?.breaker)
      }).pipe(Effect.provide(layer))
    }
  )
})
