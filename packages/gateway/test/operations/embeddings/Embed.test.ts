import { assert, describe, it } from "@effect/vitest"
import { embed } from "@penstock/gateway/operations/embeddings/Embed"
import * as Effect from "effect/Effect"
import { openai } from "../../exchange/answers.ts"
import { harness } from "../../exchange/gateway.ts"
import { status } from "../../failover/scene.ts"

const answer = (embedding: unknown) => ({
  headers: { "content-type": "application/json" },
  chunks: [
    JSON.stringify({
      object: "list",
      model: "m",
      data: [{ object: "embedding", index: 0, embedding }],
      usage: { prompt_tokens: 3, total_tokens: 3 }
    })
  ]
})
const base64 = Buffer.from(new Float32Array([0.5, -2]).buffer).toString("base64")

describe("embed", () => {
  it.effect("gives a program numbers, whichever the provider has, with the usage and what it cost, and a row", () =>
    Effect.gen(function* () {
      for (const embedding of [[0.5, -2], base64]) {
        const made = harness({ vendor: openai, answer: answer(embedding) })
        const { cost, usage, vectors } = yield* Effect.provide(embed({ model: "mock/m", input: ["text"] }), made.layer)
        assert.deepStrictEqual(vectors, [[0.5, -2]])
        assert.strictEqual(usage?.totalTokens, 3)
        const [settled] = made.settlements
        assert.deepInclude(settled, { status: "ok", provider: "mock", cost })
        assert.isNotNull(cost)
        assert.deepInclude(made.openings[0], { endpoint: "embeddings", requestedModel: "mock/m" })
      }
    })
  )

  it.effect("fails as the endpoint does: in what is asked before anybody hears of it, and in what is answered", () =>
    Effect.gen(function* () {
      const made = harness({ vendor: openai, answer: status(400) })
      const none = yield* Effect.flip(Effect.provide(embed({ model: "mock/m", input: [] }), made.layer))
      assert.deepInclude(none, { reason: "invalid_request", param: "input" })
      assert.lengthOf(made.asked, 0)
      const refused = yield* Effect.flip(Effect.provide(embed({ model: "mock/m", input: ["x"] }), made.layer))
      assert.strictEqual(refused.reason, "invalid_request")
      const few = harness({ vendor: openai, answer: answer([1]) })
      const short = yield* Effect.flip(Effect.provide(embed({ model: "mock/m", input: ["x", "y"] }), few.layer))
      assert.strictEqual(short.reason, "invalid_response")
    })
  )
})
