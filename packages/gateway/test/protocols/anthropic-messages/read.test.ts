import { assert, describe, it } from "@effect/vitest"
import { dialect, protocol } from "@penstock/gateway/protocols/anthropic-messages/AnthropicMessages"
import { protocol as ollama } from "@penstock/gateway/protocols/ollama-chat/OllamaChat"
import { protocol as openai } from "@penstock/gateway/protocols/openai-chat/OpenAiChat"
import * as Either from "effect/Either"

const hi = { role: "user", content: "hi" }
const png = { type: "base64", media_type: "image/png", data: "iVBORw0KGgo=" }
const cached = { cache_control: { type: "ephemeral" } }
const read = (fields: object) =>
  Either.getOrThrowWith(dialect.read({ model: "m", max_tokens: 100, messages: [hi], ...fields }), (error) => error)
const messages = (...all: ReadonlyArray<unknown>) => read({ messages: all }).messages
const user = (...content: ReadonlyArray<unknown>) => messages({ role: "user", content })
const wrong = (fields: object) => {
  const error = Either.getOrThrow(Either.flip(dialect.read({ model: "m", max_tokens: 100, messages: [hi], ...fields })))
  assert.strictEqual(error.reason, "invalid_request")
  return { param: error.param, message: error.message }
}
const said = (text: string) => [{ type: "text" as const, text }]
const lowered = (fields: object, model = "claude-sonnet-4-5") =>
  Either.getOrThrow(protocol.lower(read(fields), { model, maxOutputTokens: null }))

describe("reading a Messages request", () => {
  it("the system prompt comes first, and instructions in the middle keep their place", () => {
    const all = read({
      system: [
        { type: "text", text: "be brief" },
        { type: "text", text: "" }
      ],
      messages: [hi, { role: "assistant", content: "hello" }, { role: "system", content: "in French" }]
    }).messages
    assert.deepStrictEqual<unknown>(all, [
      { role: "system", content: said("be brief") },
      { role: "user", content: said("hi") },
      { role: "assistant", content: said("hello") },
      { role: "system", content: said("in French") }
    ])
  })

  it("images and documents are taken apart", () => {
    assert.deepStrictEqual<unknown>(
      user(
        { type: "text", text: "look" },
        { type: "image", source: png },
        { type: "image", source: { type: "url", url: "https://a.test/b.png" } },
        { type: "image", source: { type: "file", file_id: "file_1" } },
        { type: "document", source: { type: "base64", media_type: "application/pdf", data: "AAAA" }, title: "a.pdf" },
        { type: "document", source: { type: "text", media_type: "text/plain", data: "é" } },
        { type: "document", source: { type: "file", file_id: "file_2" } },
        { type: "document", source: { type: "content", content: "inline" } }
      )[0].content,
      [
        { type: "text", text: "look" },
        { type: "image", source: { type: "base64", mediaType: "image/png", data: "iVBORw0KGgo=" } },
        { type: "image", source: { type: "url", url: "https://a.test/b.png" } },
        { type: "file", fileId: "file_1" },
        { type: "file", filename: "a.pdf", mediaType: "application/pdf", data: "AAAA" },
        { type: "file", mediaType: "text/plain", data: "w6k=" },
        { type: "file", fileId: "file_2" },
        { type: "text", text: "inline" }
      ]
    )
  })

  it("tool results become messages of their own, in the order of the turn", () => {
    const result = (id: string, more: object = {}) => ({ type: "tool_result", tool_use_id: id, ...more })
    assert.deepStrictEqual<unknown>(
      messages(
        { role: "assistant", content: [{ type: "tool_use", id: "a", name: "f", input: { x: 1 } }] },
        {
          role: "user",
          content: [
            result("a", { content: "one" }),
            result("b", { content: [{ type: "image", source: png }], is_error: true }),
            { type: "text", text: "so?" },
            result("c")
          ]
        }
      ),
      [
        { role: "assistant", content: [{ type: "tool-call", id: "a", name: "f", arguments: '{"x":1}' }] },
        {
          role: "tool",
          content: [
            { type: "tool-result", toolCallId: "a", content: said("one") },
            {
              type: "tool-result",
              toolCallId: "b",
              content: [{ type: "image", source: { type: "base64", mediaType: "image/png", data: "iVBORw0KGgo=" } }],
              isError: true
            }
          ]
        },
        { role: "user", content: said("so?") },
        { role: "tool", content: [{ type: "tool-result", toolCallId: "c", content: [] }] }
      ]
    )
  })

  it("thinking keeps its signature and whose it is", () => {
    const content = [
      { type: "thinking", thinking: "hm", signature: "c2ln" },
      { type: "redacted_thinking", data: "Y2lwaGVy" },
      { type: "thinking", thinking: "so", signature: "issuer=openai-responses;rs_1:Z0FB" },
      { type: "thinking", thinking: "plain", signature: "" }
    ]
    assert.deepStrictEqual<unknown>(messages(hi, { role: "assistant", content })[1]?.content, [
      { type: "reasoning", text: "hm", signature: "c2ln", issuer: "anthropic-messages" },
      { type: "reasoning", text: "", redacted: true, signature: "Y2lwaGVy", issuer: "anthropic-messages" },
      { type: "reasoning", text: "so", signature: "rs_1:Z0FB", issuer: "openai-responses" },
      { type: "reasoning", text: "plain" }
    ])
  })

  it("parameters get their neutral names", () => {
    const { messages: _, ...request } = read({
      stream: true,
      tools: [
        { name: "f", description: "d", input_schema: { type: "object" }, strict: true },
        { type: "custom", name: "g", input_schema: {} }
      ],
      tool_choice: { type: "tool", name: "f", disable_parallel_tool_use: true },
      temperature: 0.5,
      top_p: 0.9,
      top_k: 40,
      stop_sequences: ["END"],
      thinking: { type: "enabled", budget_tokens: 10_000 },
      output_config: { format: { type: "json_schema", schema: { type: "object" } } },
      metadata: { user_id: "u" }
    })
    assert.deepStrictEqual<unknown>(request, {
      model: "m",
      dialect: "anthropic-messages",
      maxTokens: 100,
      stream: true,
      tools: [
        { name: "f", description: "d", parameters: { type: "object" }, strict: true },
        { name: "g", parameters: {} }
      ],
      toolChoice: { tool: "f" },
      parallelToolCalls: false,
      temperature: 0.5,
      topP: 0.9,
      topK: 40,
      stop: ["END"],
      reasoningEffort: "medium",
      responseFormat: { type: "json_schema", name: "response", schema: { type: "object" } },
      user: "u",
      extra: { thinking: { type: "enabled", budget_tokens: 10_000 } }
    })
  })

  it("what thinking costs is said as an effort, and an effort as itself", () => {
    const effort = (fields: object) => read(fields).reasoningEffort
    const budget = (budget_tokens: number) => effort({ thinking: { type: "enabled", budget_tokens } })
    assert.deepStrictEqual([1024, 8000, 32_000].map(budget), ["low", "medium", "high"])
    assert.strictEqual(effort({ thinking: { type: "adaptive" }, output_config: { effort: "max" } }), "xhigh")
    assert.strictEqual(effort({ output_config: { effort: "low" } }), "low")
    assert.isUndefined(effort({ thinking: { type: "disabled" } }))
    assert.isUndefined(effort({}))
  })

  it("choices among tools", () => {
    const choice = (tool_choice: unknown) => read({ tool_choice }).toolChoice
    assert.deepStrictEqual(
      ["auto", "any", "none"].map((type) => choice({ type })),
      ["auto", "required", "none"]
    )
  })

  it("what has no neutral word is kept: fields by name, what lies deeper by path", () => {
    const { extra } = read({
      service_tier: "auto",
      mcp_servers: [{ name: "x" }],
      stop_reason_hint: null,
      system: [{ type: "text", text: "s", ...cached }],
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "a", ...cached, citations: null },
            { type: "search_result", source: "s", title: "t", content: [] },
            {
              type: "tool_result",
              tool_use_id: "c",
              content: [
                { type: "text", text: "b", ...cached },
                { type: "tool_reference", tool_name: "f" }
              ]
            },
            { type: "document", source: { type: "url", url: "https://a.test/b.pdf" } }
          ]
        }
      ],
      tools: [
        { name: "f", input_schema: {}, ...cached },
        { type: "web_search_20250305", name: "web_search" }
      ]
    })
    assert.sameMembers(Object.keys(extra), [
      "service_tier",
      "mcp_servers",
      "system.0.cache_control",
      "messages.0.content.0.cache_control",
      "messages.0.content.1",
      "messages.0.content.2.content.0.cache_control",
      "messages.0.content.2.content.1",
      "messages.0.content.3",
      "tools.0.cache_control",
      "tools.1"
    ])
    assert.deepStrictEqual(extra["tools.1"], { type: "web_search_20250305", name: "web_search" })
  })

  it("names what is wrong, and where", () => {
    assert.deepInclude(wrong({ max_tokens: undefined }), { param: "max_tokens" })
    assert.deepInclude(wrong({ max_tokens: 0 }), {
      message: "Invalid 'max_tokens': expected a positive integer, got 0."
    })
    assert.deepInclude(wrong({ messages: [] }), { param: "messages" })
    assert.deepInclude(wrong({ messages: [{ role: "tool", content: "x" }] }), { param: "messages.0.role" })
    assert.deepInclude(wrong({ messages: [{ role: "user", content: [{ type: "text" }] }] }), {
      param: "messages.0.content.0.text"
    })
    assert.deepInclude(
      wrong({ messages: [{ role: "user", content: [{ type: "image", source: { type: "url", url: "x" } }] }] }),
      {
        param: "messages.0.content.0.source.url"
      }
    )
    assert.deepInclude(wrong({ tools: [{ name: "f" }] }), { param: "tools.0.input_schema" })
    assert.deepInclude(wrong({ tool_choice: "auto" }), { param: "tool_choice" })
    assert.deepInclude(wrong({ thinking: { type: "enabled" } }), { param: "thinking.budget_tokens" })
  })
})

describe("a Messages request, lowered", () => {
  it("to Anthropic keeps its own words for thinking and output", () => {
    const fields = {
      thinking: { type: "enabled", budget_tokens: 2000, display: "omitted" },
      output_config: { effort: "max", task_budget: { type: "tokens", total: 5 } },
      max_tokens: 4000,
      metadata: { user_id: "u" },
      system: "s"
    }
    const { body, dropped } = lowered(fields)
    assert.deepInclude(body, {
      thinking: fields.thinking,
      output_config: fields.output_config,
      max_tokens: 4000,
      metadata: { user_id: "u" },
      system: said("s")
    })
    assert.isEmpty(dropped.filter((name) => !name.includes(".")))
  })

  it("to others says what they cannot be told, and sends them none of Anthropic's words", () => {
    const request = read({
      thinking: { type: "enabled", budget_tokens: 2000 },
      mcp_servers: [],
      container: "c",
      messages: [{ role: "user", content: [{ type: "text", text: "a", ...cached }] }]
    })
    for (const [to, model] of [
      [openai, "gpt-4o"],
      [openai, "o3"],
      [ollama, "qwen3"]
    ] as const) {
      const { body, dropped } = Either.getOrThrow(to.lower(request, { model, maxOutputTokens: null }))
      assert.includeMembers([...dropped], ["thinking", "container", "messages.0.content.0.cache_control"])
      assert.notInclude(JSON.stringify(body), "budget_tokens")
      assert.strictEqual(body["reasoning_effort"], model === "o3" ? "low" : undefined)
      if (to === openai) assert.strictEqual(dropped.includes("reasoning_effort"), model === "gpt-4o")
    }
  })
})
