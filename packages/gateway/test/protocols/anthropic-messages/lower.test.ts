import type { MessageCreateParamsNonStreaming } from "@anthropic-ai/sdk/resources/messages"
import { assert, describe, it } from "@effect/vitest"
import type { ChatRequest, Message } from "@penstock/schema/ChatRequest"
import type { Lowered } from "@penstock/gateway/protocols/Protocol"
import { budget, format, lower, old, refused, weather } from "./lowering.ts"

const adaptive = "claude-opus-4-6"
const modern = "claude-opus-4-8"

const user = (text: string): Message => ({ role: "user", content: [{ type: "text", text }] })
const system = (text: string): Message => ({ role: "system", content: [{ type: "text", text }] })
const assistant = (text: string): Message => ({ role: "assistant", content: [{ type: "text", text }] })
const hello = user("hello")

const messages = (all: ReadonlyArray<Message>, model = budget): Lowered =>
  lower({ messages: all as ChatRequest["messages"] }, model)

const said = (text: string) => ({ role: "user" as const, content: [{ type: "text" as const, text }] })
const answered = (text: string) => ({ role: "assistant" as const, content: [{ type: "text" as const, text }] })

describe("anthropic-messages: a request", () => {
  it("is what the official types accept", () => {
    const lowered = lower({
      messages: [system("be brief"), hello],
      tools: [weather],
      toolChoice: "required",
      parallelToolCalls: false,
      responseFormat: format,
      maxTokens: 100,
      stop: ["END"],
      user: "u1"
    })
    assert.deepStrictEqual<object>(lowered.body, {
      model: budget,
      max_tokens: 100,
      tools: [
        {
          name: "weather",
          description: "The weather",
          input_schema: { type: "object", properties: { city: { type: "string" } } }
        }
      ],
      tool_choice: { type: "any", disable_parallel_tool_use: true },
      system: [{ type: "text", text: "be brief" }],
      messages: [said("hello")],
      output_config: {
        format: {
          type: "json_schema",
          schema: {
            type: "object",
            properties: { age: { type: "integer", description: "{minimum: 0}" } },
            required: ["age"],
            additionalProperties: false
          }
        }
      },
      stop_sequences: ["END"],
      metadata: { user_id: "u1" }
    } satisfies MessageCreateParamsNonStreaming)
    assert.deepStrictEqual(lowered.dropped, [])
  })

  it("begins with the bytes of its own beginning: a longer conversation keeps the prefix", () => {
    const tools = [weather]
    const first = JSON.stringify(lower({ messages: [system("s"), user("a")], tools }).body)
    const later = JSON.stringify(lower({ messages: [system("s"), user("a"), assistant("b"), user("c")], tools }).body)
    const common = first.slice(0, first.indexOf("]}]", first.indexOf(`"messages"`)))
    assert.isTrue(later.startsWith(common))
  })

  it("has max_tokens always: the caller's, within what the model can write, else all that it can", () => {
    assert.strictEqual(lower({ maxTokens: 9 }).body["max_tokens"], 9)
    assert.strictEqual(lower({ maxTokens: 999_999 }).body["max_tokens"], 64_000)
    assert.strictEqual(lower().body["max_tokens"], 64_000)
    assert.strictEqual(lower({}, old, null).body["max_tokens"], 4096)
    assert.strictEqual(lower({}, budget, null).body["max_tokens"], 32_000)
  })

  it("lists what Anthropic has no word for", () => {
    const lowered = lower({
      seed: 1,
      frequencyPenalty: 1,
      presencePenalty: 1,
      stop: ["\n", "END"],
      extra: { logprobs: true, n: 2, metadata: { user_id: "u", team: "x" }, service_tier: "flex" }
    })
    assert.deepStrictEqual([...lowered.dropped].toSorted(), [
      "frequency_penalty",
      "logprobs",
      "metadata.team",
      "n",
      "presence_penalty",
      "seed",
      "service_tier",
      "stop.0"
    ])
    assert.deepStrictEqual(lowered.body["stop_sequences"], ["END"])
    assert.deepStrictEqual(lowered.body["metadata"], { user_id: "u" })
  })

  it("passes Anthropic's own fields on, betas as a header", () => {
    const thinking = { type: "enabled", budget_tokens: 2000 }
    const own = { thinking, cache_control: { type: "ephemeral" }, container: "c", service_tier: "standard_only" }
    const lowered = lower({ extra: { ...own, betas: ["a-1", "b-2"], output_config: { effort: "low" } } })
    assert.deepInclude(lowered.body, { ...own, output_config: { effort: "low" } })
    assert.deepStrictEqual(lowered.headers, { "anthropic-beta": "a-1,b-2" })
    assert.deepStrictEqual(lowered.dropped, [])
  })

  it("streams when the caller does", () => {
    assert.strictEqual(lower({ stream: true }).body["stream"], true)
    assert.isUndefined(lower({ stream: false }).body["stream"])
  })

  it("without any text is an invalid request that names the field", () => {
    const error = refused({ messages: [user(" ")] })
    assert.deepInclude(error, { reason: "invalid_request", param: "messages" })
  })
})

describe("anthropic-messages: sampling", () => {
  it("a temperature above 1 is sent as 1 and reported", () => {
    const lowered = lower({ temperature: 1.7 })
    assert.strictEqual(lowered.body["temperature"], 1)
    assert.deepStrictEqual(lowered.dropped, ["temperature"])
  })

  it("temperature goes before top_p where the model takes only one of them", () => {
    const lowered = lower({ temperature: 0.5, topP: 0.9 })
    assert.deepInclude(lowered.body, { temperature: 0.5 })
    assert.deepStrictEqual(lowered.dropped, ["top_p"])
    assert.deepInclude(lower({ temperature: 0.5, topP: 0.9 }, old).body, { temperature: 0.5, top_p: 0.9 })
    assert.deepInclude(lower({ topP: 0.9, topK: 5 }).body, { top_p: 0.9, top_k: 5 })
  })

  it("models that take no sampling get none, and a default is no loss", () => {
    const lowered = lower({ temperature: 0, topP: 0.5, topK: 3 }, modern)
    assert.doesNotHaveAnyKeys(lowered.body, ["temperature", "top_p", "top_k"])
    assert.deepStrictEqual(lowered.dropped, ["temperature", "top_p", "top_k"])
    assert.deepStrictEqual(lower({ temperature: 1, topP: 1 }, modern).dropped, [])
  })
})

describe("anthropic-messages: reasoning effort", () => {
  it("is a budget below max_tokens on models that know budgets, and sampling goes", () => {
    const lowered = lower({ reasoningEffort: "high", temperature: 0.3 })
    assert.deepStrictEqual(lowered.body["thinking"], { type: "enabled", budget_tokens: 16_384 })
    assert.strictEqual(lowered.body["max_tokens"], 64_000)
    assert.isUndefined(lowered.body["temperature"])
    assert.deepStrictEqual(lowered.dropped, ["temperature"])
  })

  it("never breaks the caller's limit: the budget shrinks, and below the least budget there is no thinking", () => {
    const shrunk = lower({ reasoningEffort: "high", maxTokens: 4000 })
    assert.deepStrictEqual(shrunk.body["thinking"], { type: "enabled", budget_tokens: 2000 })
    assert.strictEqual(shrunk.body["max_tokens"], 4000)
    const none = lower({ reasoningEffort: "high", maxTokens: 1000 })
    assert.isUndefined(none.body["thinking"])
    assert.deepStrictEqual(none.dropped, ["reasoning_effort"])
  })

  it("is adaptive thinking with that effort on newer models", () => {
    const lowered = lower({ reasoningEffort: "minimal" }, adaptive)
    assert.deepInclude(lowered.body, { thinking: { type: "adaptive" }, output_config: { effort: "low" } })
    assert.deepStrictEqual(lowered.dropped, ["reasoning_effort"])
    assert.deepStrictEqual(lower({ reasoningEffort: "high" }, adaptive).dropped, [])
    assert.deepInclude(lower({ reasoningEffort: "xhigh" }, adaptive).body, { output_config: { effort: "max" } })
    assert.deepInclude(lower({ reasoningEffort: "xhigh" }, modern).body, { output_config: { effort: "xhigh" } })
  })

  it("is dropped for models that do not think", () => {
    const lowered = lower({ reasoningEffort: "low" }, old)
    assert.isUndefined(lowered.body["thinking"])
    assert.deepStrictEqual(lowered.dropped, ["reasoning_effort"])
  })

  it("none is silence where thinking is off, an off switch where there is one, else the least effort", () => {
    const none = (model: string) => lower({ reasoningEffort: "none" }, model)
    assert.isUndefined(none(adaptive).body["thinking"])
    assert.deepStrictEqual(none("claude-sonnet-5").body["thinking"], { type: "disabled" })
    assert.deepStrictEqual(none("claude-sonnet-5-5").body["thinking"], { type: "between_tools" })
    assert.isUndefined(none("claude-opus-5-5").body["thinking"])
    assert.deepStrictEqual(none("claude-opus-5-5").body["output_config"], { effort: "low" })
    assert.deepStrictEqual(none("claude-opus-5-5").dropped, ["reasoning_effort"])
  })

  it("is dropped where a budget would be refused: the calls to continue came back without their thinking", () => {
    const call = { type: "tool-call" as const, id: "a", name: "weather", arguments: "{}" }
    const thought = { type: "reasoning" as const, text: "hm", signature: "s", issuer: "anthropic-messages" }
    const result: Message = { role: "tool", content: [{ type: "tool-result", toolCallId: "a", content: [] }] }
    const loop = (content: Extract<Message, { role: "assistant" }>["content"], model = budget) =>
      lower({ messages: [hello, { role: "assistant", content }, result], reasoningEffort: "low" }, model)
    assert.isUndefined(loop([call]).body["thinking"])
    assert.deepStrictEqual(loop([call]).dropped, ["reasoning_effort"])
    assert.deepInclude(loop([thought, call]).body["thinking"], { type: "enabled" })
    assert.deepStrictEqual(loop([call], adaptive).body["thinking"], { type: "adaptive" })
  })

  it("gives way to a forced tool, which no thinking model may be given", () => {
    const forced = { tools: [weather], toolChoice: "required" as const, reasoningEffort: "high" as const }
    assert.isUndefined(lower(forced).body["thinking"])
    assert.deepStrictEqual(lower(forced).dropped, ["reasoning_effort"])
    assert.deepInclude(lower(forced, "claude-sonnet-5").body, {
      thinking: { type: "disabled" },
      output_config: { effort: "high" }
    })
  })
})

describe("anthropic-messages: the conversation", () => {
  it("leading system and developer messages are the system prompt, in order", () => {
    const developer: Message = { role: "developer", content: [{ type: "text", text: "two" }] }
    assert.deepStrictEqual(messages([system("one"), developer, hello]).body["system"], [
      { type: "text", text: "one" },
      { type: "text", text: "two" }
    ])
  })

  it("a later system message keeps its place: marked user text on older models", () => {
    const { body } = messages([system("a"), user("b"), assistant("c"), system("d"), user("e")])
    assert.deepStrictEqual(body["messages"], [
      said("b"),
      answered("c"),
      {
        role: "user",
        content: [
          { type: "text", text: "<system>\nd\n</system>" },
          { type: "text", text: "e" }
        ]
      }
    ])
  })

  it("newer models take it as a system message where the API allows one, and as user text elsewhere", () => {
    const late = { role: "system", content: [{ type: "text", text: "d" }] }
    assert.deepStrictEqual(messages([user("b"), system("d")], modern).body["messages"], [said("b"), late])
    assert.deepStrictEqual(messages([user("b"), system("d"), assistant("c"), user("e")], modern).body["messages"], [
      said("b"),
      late,
      answered("c"),
      said("e")
    ])
    const { body } = messages([user("b"), system("d"), user("e")], modern)
    assert.strictEqual((body["messages"] as ReadonlyArray<unknown>).length, 1)
  })

  it("a prompt of system messages only is what the user says", () => {
    const { body } = messages([system("count to three")])
    assert.isUndefined(body["system"])
    assert.deepStrictEqual(body["messages"], [said("count to three")])
  })

  it("turns alternate: neighbours of one role are merged and blank texts left out", () => {
    const { body } = messages([
      user("a"),
      user("  "),
      user("b"),
      assistant(""),
      user("c"),
      assistant("d "),
      assistant("e ")
    ])
    assert.deepStrictEqual(body["messages"], [
      { role: "user", content: ["a", "b", "c"].map((text) => ({ type: "text", text })) },
      { role: "assistant", content: ["d ", "e"].map((text) => ({ type: "text", text })) }
    ])
  })

  it("tool results are grouped first into the user turn that follows the calls", () => {
    const call = (id: string, args: string) => ({ type: "tool-call" as const, id, name: "weather", arguments: args })
    const result = (toolCallId: string, text: string): Message => ({
      role: "tool",
      content: [{ type: "tool-result", toolCallId, content: [{ type: "text", text }] }]
    })
    const { body } = messages([
      hello,
      { role: "assistant", content: [call("a.1", `{"city":"Bern"}`), call("b", "")] },
      system("be quick"),
      result("a.1", "sunny"),
      result("b", ""),
      user("and now?")
    ])
    assert.deepStrictEqual((body["messages"] as ReadonlyArray<unknown>).slice(1), [
      {
        role: "assistant",
        content: [
          { type: "tool_use", id: "a_1", name: "weather", input: { city: "Bern" } },
          { type: "tool_use", id: "b", name: "weather", input: {} }
        ]
      },
      {
        role: "user",
        content: [
          { type: "tool_result", tool_use_id: "a_1", content: [{ type: "text", text: "sunny" }] },
          { type: "tool_result", tool_use_id: "b" },
          { type: "text", text: "<system>\nbe quick\n</system>" },
          { type: "text", text: "and now?" }
        ]
      }
    ])
  })

  it("arguments that are no JSON object are shown to the model as such", () => {
    const broken = { type: "tool-call" as const, id: "a", name: "weather", arguments: `{"city":` }
    const { body } = messages([hello, { role: "assistant", content: [broken] }])
    assert.deepStrictEqual((body["messages"] as ReadonlyArray<{ content: unknown }>)[1]?.content, [
      { type: "tool_use", id: "a", name: "weather", input: { INVALID_JSON: `{"city":` } }
    ])
  })

  it("images and files go by address, by bytes and by id; what has no form is listed", () => {
    const lowered = messages([
      {
        role: "user",
        content: [
          { type: "image", source: { type: "url", url: "https://example.test/a.png" }, detail: "low" },
          { type: "image", source: { type: "base64", mediaType: "image/png", data: "AAAA" } },
          { type: "file", filename: "a.pdf", data: "BBBB" },
          { type: "file", mediaType: "text/plain", data: "aGk=" },
          { type: "file", fileId: "file_1" },
          { type: "audio", format: "wav", data: "CCCC" },
          { type: "image", source: { type: "base64", mediaType: "image/tiff", data: "AAAA" } }
        ]
      }
    ])
    assert.deepStrictEqual((lowered.body["messages"] as ReadonlyArray<{ content: unknown }>)[0]?.content, [
      { type: "image", source: { type: "url", url: "https://example.test/a.png" } },
      { type: "image", source: { type: "base64", media_type: "image/png", data: "AAAA" } },
      { type: "document", source: { type: "base64", media_type: "application/pdf", data: "BBBB" }, title: "a.pdf" },
      { type: "document", source: { type: "text", media_type: "text/plain", data: "hi" } },
      { type: "document", source: { type: "file", file_id: "file_1" } }
    ])
    assert.deepStrictEqual(lowered.dropped, [
      "messages.0.content.0.detail",
      "messages.0.content.5",
      "messages.0.content.6"
    ])
  })

  it("thinking goes back to Anthropic when Anthropic signed it, and to nobody else", () => {
    const issuer = "anthropic-messages"
    const lowered = messages([
      hello,
      {
        role: "assistant",
        content: [
          { type: "reasoning", text: "hm", signature: "s", issuer },
          { type: "reasoning", text: "", redacted: true, signature: "r", issuer },
          { type: "reasoning", text: "other", signature: "s", issuer: "openai-chat" },
          { type: "reasoning", text: "unsigned" },
          { type: "text", text: "hi" }
        ]
      },
      hello
    ])
    assert.deepStrictEqual((lowered.body["messages"] as ReadonlyArray<{ content: unknown }>)[1]?.content, [
      { type: "thinking", thinking: "hm", signature: "s" },
      { type: "redacted_thinking", data: "r" },
      { type: "text", text: "hi" }
    ])
    assert.deepStrictEqual(lowered.dropped, ["messages.1.content.2", "messages.1.content.3"])
  })

  it("JSON mode is asked for in the system prompt", () => {
    const { body } = lower({ messages: [system("s"), hello], responseFormat: { type: "json_object" } })
    assert.strictEqual((body["system"] as ReadonlyArray<unknown>).length, 2)
  })
})
