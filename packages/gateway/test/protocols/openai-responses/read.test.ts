import { assert, describe, it } from "@effect/vitest"
import type { ReadOptions } from "@penstock/gateway/protocols/Dialect"
import { dialect, protocol } from "@penstock/gateway/protocols/openai-responses/OpenAiResponses"
import { protocol as anthropic } from "@penstock/gateway/protocols/anthropic-messages/AnthropicMessages"
import { protocol as chat } from "@penstock/gateway/protocols/openai-chat/OpenAiChat"
import * as Either from "effect/Either"

const read = (fields: object, options?: ReadOptions) =>
  Either.getOrThrowWith(dialect.read({ model: "m", input: "hi", ...fields }, options), (error) => error)
const messages = (...input: ReadonlyArray<unknown>) => read({ input }).messages
const wrong = (fields: object, options?: ReadOptions) => {
  const error = Either.getOrThrow(Either.flip(dialect.read({ model: "m", input: "hi", ...fields }, options)))
  assert.strictEqual(error.reason, "invalid_request")
  return { param: error.param, message: error.message }
}
const said = (text: string) => [{ type: "text" as const, text }]
const png = "data:image/png;base64,iVBORw0KGgo="

describe("reading a request for a response", () => {
  it("a string is what the user says, after the instructions", () => {
    assert.deepStrictEqual<unknown>(read({ instructions: "be brief" }).messages, [
      { role: "system", content: said("be brief") },
      { role: "user", content: said("hi") }
    ])
  })

  it("messages keep their words and their order, with their type and without", () => {
    assert.deepStrictEqual<unknown>(
      messages(
        { role: "developer", content: [{ type: "input_text", text: "in French" }] },
        { type: "message", role: "user", content: "hi" },
        { role: "assistant", content: "salut" },
        {
          id: "msg_1",
          type: "message",
          status: "completed",
          role: "assistant",
          content: [
            { type: "output_text", text: "x", annotations: [], logprobs: [] },
            { type: "refusal", refusal: "no" }
          ]
        }
      ),
      [
        { role: "developer", content: said("in French") },
        { role: "user", content: said("hi") },
        { role: "assistant", content: [...said("salut"), ...said("x"), { type: "refusal", text: "no" }] }
      ]
    )
  })

  it("images and files are taken apart", () => {
    const content = [
      { type: "input_image", image_url: png, detail: "low" },
      { type: "input_image", image_url: "https://a.test/b.png" },
      { type: "input_image", file_id: "file_1" },
      { type: "input_file", filename: "a.pdf", file_data: "data:application/pdf;base64,AAAA" },
      { type: "input_file", file_id: "file_2" }
    ]
    assert.deepStrictEqual<unknown>(messages({ role: "user", content })[0].content, [
      { type: "image", source: { type: "base64", mediaType: "image/png", data: "iVBORw0KGgo=" }, detail: "low" },
      { type: "image", source: { type: "url", url: "https://a.test/b.png" } },
      { type: "file", fileId: "file_1" },
      { type: "file", filename: "a.pdf", mediaType: "application/pdf", data: "AAAA" },
      { type: "file", fileId: "file_2" }
    ])
  })

  it("what a model thinks, says and calls in a turn is one message, and so are the results", () => {
    const call = (call_id: string) => ({
      type: "function_call",
      id: "fc_1",
      call_id,
      name: "f",
      arguments: "{}",
      status: "completed"
    })
    const output = (call_id: string, output: unknown) => ({ type: "function_call_output", call_id, output })
    assert.deepStrictEqual<unknown>(
      messages(
        { role: "user", content: "hi" },
        { type: "reasoning", id: "rs_1", summary: [{ type: "summary_text", text: "hm" }], encrypted_content: "Z0FB" },
        call("a"),
        call("b"),
        output("a", "one"),
        output("b", [{ type: "input_image", image_url: png }]),
        { type: "custom_tool_call", call_id: "c", name: "sql", input: "SELECT 1" },
        { type: "custom_tool_call_output", call_id: "c", output: "1" }
      ),
      [
        { role: "user", content: said("hi") },
        {
          role: "assistant",
          content: [
            { type: "reasoning", text: "hm", signature: "rs_1:Z0FB", issuer: "openai-responses" },
            { type: "tool-call", id: "a", name: "f", arguments: "{}" },
            { type: "tool-call", id: "b", name: "f", arguments: "{}" }
          ]
        },
        {
          role: "tool",
          content: [
            { type: "tool-result", toolCallId: "a", content: said("one") },
            {
              type: "tool-result",
              toolCallId: "b",
              content: [{ type: "image", source: { type: "base64", mediaType: "image/png", data: "iVBORw0KGgo=" } }]
            }
          ]
        },
        {
          role: "assistant",
          content: [{ type: "tool-call", id: "c", name: "sql", arguments: '{"input":"SELECT 1"}' }]
        },
        { role: "tool", content: [{ type: "tool-result", toolCallId: "c", content: said("1") }] }
      ]
    )
  })

  it("parameters get their neutral names", () => {
    const { messages: _, ...request } = read({
      stream: true,
      tools: [{ type: "function", name: "f", description: "d", parameters: { type: "object" }, strict: true }],
      tool_choice: { type: "function", name: "f" },
      parallel_tool_calls: false,
      text: { format: { type: "json_schema", name: "n", schema: { type: "object" }, strict: true }, verbosity: "low" },
      reasoning: { effort: "low", summary: "auto" },
      max_output_tokens: 20,
      temperature: 0.5,
      top_p: 0.9,
      user: "u",
      store: false,
      include: ["reasoning.encrypted_content"]
    })
    assert.deepStrictEqual<unknown>(request, {
      model: "m",
      dialect: "openai-responses",
      stream: true,
      tools: [{ name: "f", description: "d", parameters: { type: "object" }, strict: true }],
      toolChoice: { tool: "f" },
      parallelToolCalls: false,
      responseFormat: { type: "json_schema", name: "n", schema: { type: "object" }, strict: true },
      reasoningEffort: "low",
      maxTokens: 20,
      temperature: 0.5,
      topP: 0.9,
      user: "u",
      extra: {
        verbosity: "low",
        reasoning: { summary: "auto" },
        store: false,
        include: ["reasoning.encrypted_content"]
      }
    })
  })

  it("what has no neutral word is kept: fields by name, what lies deeper by path", () => {
    const { extra, tools } = read({
      background: true,
      tool_choice: { type: "mcp", server_label: "x" },
      tools: [
        { type: "function", name: "f", defer_loading: true },
        { type: "custom", name: "sql" },
        { type: "namespace", name: "n", tools: [] }
      ],
      input: [
        { role: "user", content: [{ type: "input_file", file_url: "https://a.test/b.pdf" }, { type: "input_audio" }] },
        { role: "assistant", phase: "commentary", content: "x" },
        { type: "web_search_call", id: "ws_1" },
        { type: "reasoning", id: "rs_1", summary: [] }
      ]
    })
    assert.sameMembers(Object.keys(extra), [
      "background",
      "tool_choice",
      "tools.0.defer_loading",
      "tools.1.format",
      "tools.2",
      "input.0.content.0",
      "input.0.content.1",
      "input.1.phase",
      "input.2",
      "input.3"
    ])
    assert.deepStrictEqual(
      tools?.map(({ name }) => name),
      ["f", "sql"]
    )
  })

  it("a tool that takes text is a function with one argument, which is told the grammar", () => {
    const format = { type: "grammar", syntax: "lark", definition: 'start: "a"' }
    const { toolChoice, tools } = read({
      tools: [{ type: "custom", name: "sql", description: "Asks the database.", format }],
      tool_choice: { type: "custom", name: "sql" }
    })
    const [tool] = tools ?? []
    assert.include(tool?.description, "Asks the database.")
    assert.include(tool?.description, 'lark grammar:\nstart: "a"')
    assert.deepStrictEqual(tool?.parameters?.["required"], ["input"])
    assert.deepStrictEqual(toolChoice, { tool: "sql" })
  })

  it("earlier turns come between the instructions and what is new", () => {
    const earlier = [
      { role: "user", content: "one" },
      {
        id: "msg_1",
        type: "message",
        status: "completed",
        role: "assistant",
        content: [{ type: "output_text", text: "two" }]
      }
    ]
    const fields = { instructions: "i", previous_response_id: "resp_1" }
    const { extra, messages } = read(fields, { earlier })
    assert.deepStrictEqual(
      messages.map(({ role }) => role),
      ["system", "user", "assistant", "user"]
    )
    assert.isEmpty(Object.keys(extra))
  })

  it("what is referred to and not given is refused", () => {
    assert.deepInclude(wrong({ previous_response_id: "resp_1" }), { param: "previous_response_id" })
    assert.deepInclude(wrong({ conversation: "conv_1" }), { param: "conversation" })
    assert.deepInclude(wrong({ input: [{ type: "item_reference", id: "msg_1" }] }), { param: "input.0" })
  })

  it("names what is wrong, and where", () => {
    assert.deepInclude(wrong({ input: undefined }), { param: "input" })
    assert.deepInclude(wrong({ max_output_tokens: 0 }), {
      message: "Invalid 'max_output_tokens': expected a positive integer, got 0."
    })
    assert.deepInclude(wrong({ input: [{ role: "user", content: [{ type: "input_text" }] }] }), {
      param: "input.0.content.0.text"
    })
    assert.deepInclude(wrong({ input: [{ role: "user", content: [{ type: "input_image", image_url: "x" }] }] }), {
      param: "input.0.content.0.image_url"
    })
    assert.deepInclude(wrong({ input: [{ type: "function_call", call_id: "c", name: "f" }] }), {
      param: "input.0.arguments"
    })
    assert.deepInclude(wrong({ input: [{ type: "function_call_output", call_id: "c" }] }), { param: "input.0.output" })
    assert.deepInclude(wrong({ tools: [{ type: "function" }] }), { param: "tools.0.name" })
  })
})

describe("a request for a response, lowered", () => {
  const fields = {
    reasoning: { effort: "high", summary: "auto" },
    text: { verbosity: "low" },
    metadata: { a: "b" },
    truncation: "auto",
    input: [
      { role: "user", content: "hi" },
      { type: "reasoning", id: "rs_1", summary: [], encrypted_content: "Z0FB" },
      {
        type: "reasoning",
        id: "rs_2",
        summary: [{ type: "summary_text", text: "hm" }],
        encrypted_content: "issuer=anthropic-messages;c2ln"
      },
      { type: "function_call", call_id: "c", name: "f", arguments: "{}" },
      { type: "function_call_output", call_id: "c", output: "1" }
    ]
  }
  const options = { model: "gpt-5", maxOutputTokens: null }

  it("to its own wire keeps all but the reasoning of others", () => {
    const { body, dropped } = Either.getOrThrow(protocol.lower(read(fields), options))
    assert.deepStrictEqual(body, {
      model: "gpt-5",
      text: { verbosity: "low" },
      reasoning: { summary: "auto", effort: "high" },
      input: [
        { type: "message", role: "user", content: "hi" },
        { type: "reasoning", id: "rs_1", summary: [], encrypted_content: "Z0FB" },
        ...fields.input.slice(3)
      ],
      include: ["reasoning.encrypted_content"],
      store: false,
      metadata: { a: "b" },
      truncation: "auto"
    })
    assert.deepStrictEqual(dropped, ["messages.1.content.1"])
  })

  it("to chat completions keeps what both know by the same name", () => {
    const { body, dropped } = Either.getOrThrow(chat.lower(read(fields), options))
    assert.deepInclude(body, { verbosity: "low", metadata: { a: "b" }, reasoning_effort: "high" })
    assert.sameMembers([...dropped], ["reasoning", "truncation", "messages.1.content.0", "messages.1.content.1"])
  })

  it("to Anthropic gives it back its own reasoning, and no other", () => {
    const { body, dropped } = Either.getOrThrow(
      anthropic.lower(read(fields), { ...options, model: "claude-sonnet-4-6" })
    )
    assert.include(JSON.stringify(body), '{"type":"thinking","thinking":"hm","signature":"c2ln"}')
    assert.notInclude(JSON.stringify(body), "Z0FB")
    assert.includeMembers([...dropped], ["messages.1.content.0", "reasoning", "truncation", "verbosity"])
  })
})
