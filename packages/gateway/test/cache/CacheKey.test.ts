import { assert, describe, it } from "@effect/vitest"
import * as CacheKey from "@penstock/gateway/cache/CacheKey"
import type { JsonObject } from "@penstock/gateway/wire/Json"
import * as fc from "effect/FastCheck"

const request = { model: "m", messages: [{ role: "user", content: "hello" }] }
const keyOf = (more: JsonObject, caller: string | null = "alice", endpoint = "chat.completions") =>
  CacheKey.make(caller, endpoint, { ...request, ...more })

/** The same value with the keys of its objects in another order. */
const shuffled = (value: unknown, seed: number): unknown => {
  if (Array.isArray(value)) return value.map((item) => shuffled(item, seed))
  if (typeof value !== "object" || value === null) return value
  const entries = Object.entries(value).map(([key, item]) => [key, shuffled(item, seed)] as const)
  const at = entries.length === 0 ? 0 : seed % entries.length
  return Object.fromEntries([...entries.slice(at), ...entries.slice(0, at)].toReversed())
}

describe("two requests are the same to the cache", () => {
  it("whatever the order of their keys", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })), fc.nat(), (extra, seed) => {
        const nested = { extra: JSON.parse(JSON.stringify(extra).replaceAll('"properties"', '"others"')) }
        assert.strictEqual(keyOf({ extra: shuffled(nested.extra, seed) }), keyOf(nested))
      })
    )
  })

  it("whatever they say of delivery and of who asks", () => {
    const others: ReadonlyArray<JsonObject> = [
      { stream: true },
      { stream: true, stream_options: { include_usage: true } },
      { user: "u" },
      { safety_identifier: "s" },
      { metadata: { a: "b" } },
      { store: true },
      { prompt_cache_key: "k" }
    ]
    for (const other of others) assert.strictEqual(keyOf(other), keyOf({}), JSON.stringify(other))
  })
})

describe("two requests are not the same to the cache", () => {
  it("when anything differs that an answer may depend on, known here or not", () => {
    const differing: ReadonlyArray<JsonObject> = [
      {},
      { model: "other" },
      { messages: [{ role: "system", content: "hello" }] },
      { messages: [{ role: "user", content: "Hello" }] },
      { messages: [{ role: "user", content: ["hello"] }] },
      ...[0, 0.5, null, "0"].map((temperature) => ({ temperature })),
      { top_p: 0.5 },
      { top_k: 5 },
      { seed: 1 },
      { seed: 2 },
      { max_tokens: 5 },
      { max_completion_tokens: 5 },
      { stop: ["a", "b"] },
      { stop: ["b", "a"] },
      { frequency_penalty: 0.5 },
      { presence_penalty: 0.5 },
      { logit_bias: { "1": 1 } },
      { response_format: { type: "json_object" } },
      { reasoning_effort: "low" },
      { tools: [{ type: "function", function: { name: "f" } }] },
      { tool_choice: "none" },
      { parallel_tool_calls: false },
      { a_field_that_nobody_knows: 1 }
    ]
    const keys = differing.map((more) => keyOf(more))
    assert.notInclude(keys, null)
    assert.strictEqual(new Set(keys).size, differing.length)
  })

  it("when they come from different callers, or to different endpoints", () => {
    assert.strictEqual(new Set([keyOf({}), keyOf({}, "bob"), keyOf({}, null), keyOf({}, "alice", "messages")]).size, 4)
  })

  it("when a schema's properties come in another order: models fill them in that order", () => {
    const format = (properties: JsonObject) =>
      keyOf({ response_format: { type: "json_schema", json_schema: { name: "n", schema: { properties } } } })
    assert.notStrictEqual(format({ a: {}, b: {} }), format({ b: {}, a: {} }))
    assert.strictEqual(
      format({ a: { type: "string", description: "d" } }),
      format({ a: { description: "d", type: "string" } })
    )
  })
})

it("an answer that has no neutral form, or that depends on more than the request, is not kept", () => {
  const beyond: ReadonlyArray<JsonObject> = [
    { n: 2 },
    { logprobs: true },
    { audio: { voice: "alloy", format: "wav" } },
    { modalities: ["text", "audio"] },
    { web_search_options: {} },
    { tools: [{ type: "web_search" }] }
  ]
  for (const more of beyond) assert.isNull(keyOf(more), JSON.stringify(more))
  for (const more of [{ n: 1 }, { n: null }, { logprobs: false }, { modalities: ["text"] }, { audio: null }]) {
    assert.isNotNull(keyOf(more), JSON.stringify(more))
  }
})
