import { assert, describe, it } from "@effect/vitest"
import { protocol } from "@penstock/gateway/protocols/ollama-chat/OllamaChat"
import type { ChatRequest, Message } from "@penstock/schema/ChatRequest"
import * as Either from "effect/Either"

const hello: Message = { role: "user", content: [{ type: "text", text: "hello" }] }
const weather = { name: "weather", description: "The weather", parameters: { type: "object", properties: {} } }
const time = { name: "time" }

const lower = (more: Partial<ChatRequest>, model = "qwen3") =>
  protocol.lower({ model, messages: [hello], extra: {}, ...more }, { model, maxOutputTokens: null })
const lowered = (more: Partial<ChatRequest>, model?: string) => Either.getOrThrow(lower(more, model))
const refused = (more: Partial<ChatRequest>) => Either.getOrThrow(Either.flip(lower(more)))
const user = (...content: Extract<Message, { role: "user" }>["content"]): Partial<ChatRequest> => ({
  messages: [{ role: "user", content }]
})

describe("a request to Ollama", () => {
  it("says whether to stream, for Ollama streams unless told not to", () => {
    const message = { role: "user", content: "hello" }
    assert.deepStrictEqual(lowered({}).body, { model: "qwen3", messages: [message], stream: false })
    assert.strictEqual(lowered({ stream: true }).body["stream"], true)
  })

  it("carries a conversation with instructions, thinking, parallel calls and their results", () => {
    const { body, dropped } = lowered({
      messages: [
        {
          role: "developer",
          content: [
            { type: "text", text: "Be" },
            { type: "text", text: "brief." }
          ]
        },
        hello,
        {
          role: "assistant",
          content: [
            { type: "reasoning", text: "hm" },
            { type: "text", text: "Let me see." },
            { type: "tool-call", id: "c1", name: "weather", arguments: '{"city":"Bern"}' },
            { type: "tool-call", id: "c2", name: "time", arguments: "" }
          ]
        },
        {
          role: "tool",
          content: [
            { type: "tool-result", toolCallId: "c2", content: [{ type: "text", text: "noon" }] },
            { type: "tool-result", toolCallId: "c1", content: [{ type: "text", text: "sun" }] }
          ]
        }
      ]
    })
    assert.deepStrictEqual(body["messages"], [
      { role: "system", content: "Be\nbrief." },
      { role: "user", content: "hello" },
      {
        role: "assistant",
        content: "Let me see.",
        thinking: "hm",
        tool_calls: [
          { id: "c1", function: { name: "weather", arguments: { city: "Bern" } } },
          { id: "c2", function: { name: "time", arguments: {} } }
        ]
      },
      { role: "tool", content: "noon", tool_name: "time", tool_call_id: "c2" },
      { role: "tool", content: "sun", tool_name: "weather", tool_call_id: "c1" }
    ])
    assert.deepStrictEqual(dropped, [])
  })

  it("sends the bytes of images", () => {
    const image = { type: "image", source: { type: "base64", mediaType: "image/png", data: "AAAA" } } as const
    assert.deepStrictEqual(lowered(user({ type: "text", text: "what?" }, image)).body["messages"], [
      { role: "user", content: "what?", images: ["AAAA"] }
    ])
  })

  it("is refused when a part of it could not be seen by the model, with the part's path", () => {
    const url = { type: "image", source: { type: "url", url: "https://example.test/a.png" } } as const
    const remote = refused(user({ type: "text", text: "what?" }, url))
    assert.strictEqual(remote.reason, "invalid_request")
    assert.strictEqual(remote.param, "messages.0.content.1")
    assert.include(remote.message, "data:")
    assert.strictEqual(refused(user({ type: "audio", format: "wav", data: "AAAA" })).param, "messages.0.content.0")
    assert.strictEqual(refused(user({ type: "file", fileId: "f" })).param, "messages.0.content.0")
  })

  it("puts every sampling parameter into options", () => {
    const { body } = lowered({
      maxTokens: 5,
      temperature: 0,
      topP: 0.5,
      topK: 3,
      seed: 7,
      stop: ["END"],
      frequencyPenalty: 0.1,
      presencePenalty: 0.2
    })
    assert.deepStrictEqual(body["options"], {
      num_predict: 5,
      temperature: 0,
      top_p: 0.5,
      top_k: 3,
      seed: 7,
      stop: ["END"],
      frequency_penalty: 0.1,
      presence_penalty: 0.2
    })
  })

  it("lets the caller's own options win, and passes on what only Ollama knows", () => {
    const { body, dropped } = lowered({
      temperature: 1,
      extra: {
        keep_alive: "10m",
        num_ctx: 8192,
        options: { temperature: 0.2, mirostat: 1 },
        logit_bias: {},
        think: "max"
      },
      reasoningEffort: "low"
    })
    assert.deepStrictEqual(body["options"], { temperature: 0.2, num_ctx: 8192, mirostat: 1 })
    assert.strictEqual(body["keep_alive"], "10m")
    assert.strictEqual(body["think"], "max")
    assert.include(dropped, "logit_bias")
  })

  it("is refused when options are not an object", () => {
    assert.strictEqual(refused({ extra: { options: 3 } }).param, "options")
  })

  it("asks for JSON by schema or as such", () => {
    const schema = { type: "object" }
    assert.deepStrictEqual(
      lowered({ responseFormat: { type: "json_schema", name: "x", schema } }).body["format"],
      schema
    )
    assert.strictEqual(lowered({ responseFormat: { type: "json_object" } }).body["format"], "json")
    assert.isFalse("format" in lowered({ responseFormat: { type: "text" } }).body)
  })

  it("offers tools, and keeps a tool choice as far as Ollama can", () => {
    const names = (more: Partial<ChatRequest>) => {
      const { body, dropped } = lowered({ tools: [weather, time], ...more })
      const tools = body["tools"] as ReadonlyArray<{ function: { name: string; parameters: unknown } }> | undefined
      assert.isTrue(tools?.every((tool) => typeof tool.function.parameters === "object") ?? true)
      return { names: tools?.map((tool) => tool.function.name), dropped }
    }
    assert.deepStrictEqual(names({}), { names: ["weather", "time"], dropped: [] })
    assert.deepStrictEqual(names({ toolChoice: "none" }), { names: undefined, dropped: [] })
    assert.deepStrictEqual(names({ toolChoice: "required" }), { names: ["weather", "time"], dropped: ["tool_choice"] })
    assert.deepStrictEqual(names({ toolChoice: { tool: "time" } }), { names: ["time"], dropped: ["tool_choice"] })
    assert.deepStrictEqual(names({ parallelToolCalls: false }).dropped, ["parallel_tool_calls"])
    assert.strictEqual(refused({ tools: [time], toolChoice: { tool: "x" } }).param, "tool_choice")
  })

  it("thinks at a level where the model has levels, and else does or does not", () => {
    const think = (reasoningEffort: NonNullable<ChatRequest["reasoningEffort"]>, model?: string) => {
      const { body, dropped } = lowered({ reasoningEffort }, model)
      return [body["think"], dropped]
    }
    assert.deepStrictEqual(think("high", "gpt-oss:20b"), ["high", []])
    assert.deepStrictEqual(think("none", "gpt-oss:20b"), ["low", ["reasoning_effort"]])
    assert.deepStrictEqual(think("none"), [false, []])
    assert.deepStrictEqual(think("high"), [true, ["reasoning_effort"]])
  })

  it("names everything that Ollama has no word for", () => {
    const { dropped } = lowered({
      user: "u1",
      tools: [{ ...time, strict: true }],
      messages: [
        { role: "user", name: "Ann", content: [{ type: "text", text: "x" }] },
        {
          role: "assistant",
          content: [
            { type: "reasoning", text: "", redacted: true, signature: "s", issuer: "anthropic-messages" },
            { type: "tool-call", id: "c", name: "time", arguments: "{broken" }
          ]
        },
        {
          role: "tool",
          content: [{ type: "tool-result", toolCallId: "c", isError: true, content: [{ type: "text", text: "no" }] }]
        }
      ]
    })
    assert.sameMembers(
      [...dropped],
      [
        "messages.0.name",
        "messages.1.content.0",
        "messages.1.content.1.arguments",
        "messages.2.content.0.is_error",
        "tools.0.strict",
        "user"
      ]
    )
  })
})
