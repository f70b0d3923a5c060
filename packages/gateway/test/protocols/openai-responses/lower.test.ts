import { assert, describe, it } from "@effect/vitest"
import { protocol } from "@penstock/gateway/protocols/openai-responses/OpenAiResponses"
import type { ChatRequest } from "@penstock/schema/ChatRequest"
import * as Either from "effect/Either"

const text = (text: string) => ({ type: "text" as const, text })
const lower = (more: Partial<ChatRequest> = {}, model = "gpt-5") =>
  Either.getOrThrow(
    protocol.lower(
      { model: "m", messages: [{ role: "user", content: [text("hi")] }], extra: {}, ...more },
      { model, maxOutputTokens: null }
    )
  )

describe("lowering to the Responses API", () => {
  it("stores nothing, and has reasoning encrypted by the models that can", () => {
    for (const model of ["o3", "gpt-5-mini", "gpt-5.1-codex", "ft:o4-mini:x", "gpt-10"]) {
      assert.deepInclude(lower({}, model).body, { store: false, include: ["reasoning.encrypted_content"] })
    }
    for (const model of ["gpt-4o", "gpt-5-chat-latest", "chatgpt-4o-latest", "llama"]) {
      assert.notProperty(lower({}, model).body, "include")
      const { body, dropped } = lower({ reasoningEffort: "low" }, model)
      assert.notProperty(body, "reasoning")
      assert.deepStrictEqual(dropped, ["reasoning_effort"])
    }
  })

  it("names what the wire has no word for", () => {
    const { dropped } = lower({
      topK: 1,
      seed: 1,
      stop: ["x"],
      frequencyPenalty: 1,
      presencePenalty: 1,
      maxTokens: 1,
      extra: { keep_alive: 1, "messages.0.audio": 1, metadata: {} },
      messages: [
        { role: "user", content: [{ type: "audio", format: "wav", data: "AAAA" }], name: "ann" },
        { role: "tool", content: [{ type: "tool-result", toolCallId: "c", content: [], isError: true }] }
      ]
    })
    assert.sameMembers(
      [...dropped],
      [
        "top_k",
        "seed",
        "stop",
        "frequency_penalty",
        "presence_penalty",
        "max_tokens",
        "keep_alive",
        "messages.0.audio",
        "messages.0.content.0",
        "messages.0.name",
        "messages.1.content.0.isError"
      ]
    )
  })

  it("asks for no less than is accepted", () => {
    assert.deepInclude(lower({ maxTokens: 5 }).body, { max_output_tokens: 16 })
    assert.deepInclude(lower({ maxTokens: 500 }).body, { max_output_tokens: 500 })
  })

  it("tools are not strict unless they were, save those of a caller who speaks this wire", () => {
    const tools = [{ name: "f" }]
    const strict = (more: Partial<ChatRequest>) => lower({ tools, ...more }).body["tools"]
    const tool = { type: "function", name: "f", parameters: { type: "object", properties: {} } }
    assert.deepStrictEqual(strict({}), [{ ...tool, strict: false }])
    assert.deepStrictEqual(strict({ dialect: "openai-responses" }), [tool])
  })
})
