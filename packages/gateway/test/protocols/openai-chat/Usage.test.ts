import { assert, describe, it } from "@effect/vitest"
import * as Usage from "@penstock/gateway/protocols/openai-chat/Usage"
import { make } from "@penstock/schema/Usage"
import * as fc from "effect/FastCheck"

const read = (prompt: number, completion: number, more: object = {}) =>
  Usage.read({ prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion, ...more })

describe("usage", () => {
  it("details are taken out of the whole, so that no token is counted twice", () => {
    assert.deepStrictEqual(
      read(100, 50, {
        prompt_tokens_details: { cached_tokens: 40, audio_tokens: 10, cache_write_tokens: 5 },
        completion_tokens_details: { reasoning_tokens: 30, audio_tokens: 1 }
      }),
      make({ input: 45, cacheRead: 40, cacheWrite5m: 5, inputAudio: 10, output: 19, reasoning: 30, outputAudio: 1 })
    )
  })

  it("details that exceed the whole are cut to it", () => {
    assert.deepStrictEqual(
      read(10, 5, {
        prompt_tokens_details: { cached_tokens: 99 },
        completion_tokens_details: { reasoning_tokens: 99 }
      }),
      make({ cacheRead: 10, reasoning: 5 })
    )
  })

  it("xAI's reasoning, counted beside the completion, is told by the total", () => {
    const usage = {
      prompt_tokens: 12,
      completion_tokens: 2,
      total_tokens: 334,
      completion_tokens_details: { reasoning_tokens: 320 }
    }
    assert.deepStrictEqual(Usage.read(usage), make({ input: 12, output: 2, reasoning: 320 }))
  })

  it("DeepSeek's cache hits count where the details are missing", () => {
    assert.deepStrictEqual(read(10, 1, { prompt_cache_hit_tokens: 8 }), make({ input: 2, cacheRead: 8, output: 1 }))
  })

  it("no counts are no usage, and odd counts are 0", () => {
    for (const none of [null, undefined, 3, "x", [], {}, { total_time: 1 }]) assert.isNull(Usage.read(none))
    assert.deepStrictEqual(
      Usage.read({ prompt_tokens: -3, completion_tokens: 1.5, prompt_tokens_details: { cached_tokens: "7" } }),
      make({})
    )
  })

  it("the whole is never lost: prompt and completion add up to what the provider said", () => {
    const count = fc.nat({ max: 1000 })
    const details = fc.record({
      cached_tokens: count,
      audio_tokens: count,
      cache_write_tokens: count,
      reasoning_tokens: count
    })
    fc.assert(
      fc.property(count, count, details, (prompt, completion, details) => {
        const usage = read(prompt, completion, { prompt_tokens_details: details, completion_tokens_details: details })
        assert.strictEqual(usage?.promptTokens, prompt)
        assert.strictEqual(usage?.completionTokens, completion)
      })
    )
  })
})
