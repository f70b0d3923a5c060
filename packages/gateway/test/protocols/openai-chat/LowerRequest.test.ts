import { assert, describe, it } from "@effect/vitest"
import { dialect, protocol } from "@penstock/gateway/protocols/openai-chat/OpenAiChat"
import type { ChatRequest } from "@penstock/schema/ChatRequest"
import * as Either from "effect/Either"
import * as fc from "effect/FastCheck"

const lower = (request: ChatRequest, model = "gpt-4o") =>
  Either.getOrThrow(protocol.lower(request, { model, maxOutputTokens: null }))
const read = (body: unknown) => Either.getOrThrow(dialect.read(body))
const request = (fields: Partial<ChatRequest>): ChatRequest => ({
  model: "any",
  messages: [{ role: "user", content: [{ type: "text", text: "hi" }] }],
  extra: {},
  ...fields
})

const text = fc.string({ unit: "grapheme" })
const name = fc.stringMatching(/^[a-z]{1,8}$/)
const parts = (part: fc.Arbitrary<unknown>) => fc.oneof(text, fc.array(part, { minLength: 1, maxLength: 3 }))
const textPart = fc.record({ type: fc.constant("text"), text })
const image = fc.record({
  type: fc.constant("image_url"),
  image_url: fc.oneof(
    fc.record({ url: fc.webUrl(), detail: fc.constantFrom("auto", "low", "high") }),
    fc.base64String({ minLength: 4 }).map((data) => ({ url: `data:image/png;base64,${data}` }))
  )
})
const file = fc.record({
  type: fc.constant("file"),
  file: fc.record({ filename: name, file_data: fc.constantFrom("data:application/pdf;base64,AAAA", "AAAA") })
})
const audio = fc.constant({ type: "input_audio", input_audio: { data: "AAAA", format: "wav" } })
const details = fc.array(
  fc.oneof(
    fc.record({ type: fc.constant("reasoning.text"), text, signature: name, format: name }),
    fc.record({ type: fc.constant("reasoning.encrypted"), data: name, format: name })
  ),
  { maxLength: 2 }
)
const optional = (fields: Record<string, fc.Arbitrary<unknown>>, required: ReadonlyArray<string> = []) =>
  fc.record(fields, { requiredKeys: [...required] })
const message = fc.oneof(
  fc.record({ role: fc.constantFrom("system", "developer"), content: parts(textPart) }),
  optional({ role: fc.constant("user"), content: parts(fc.oneof(textPart, image, file, audio)), name }, [
    "role",
    "content"
  ]),
  optional(
    {
      role: fc.constant("assistant"),
      content: fc.oneof(
        fc.constant(null),
        parts(fc.oneof(textPart, fc.record({ type: fc.constant("refusal"), refusal: text })))
      ),
      refusal: text,
      name,
      reasoning_content: text,
      reasoning_details: details,
      tool_calls: fc.array(
        fc.record({ id: name, type: fc.constant("function"), function: fc.record({ name, arguments: text }) }),
        { maxLength: 3 }
      )
    },
    ["role"]
  ),
  fc.record({ role: fc.constant("tool"), tool_call_id: name, content: parts(textPart) })
)
/** Schemas that stay as they are, and some that a strict tool may not have. */
const schema = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 3 },
    fc.record({ type: fc.constantFrom("string", "integer", "boolean"), description: text }),
    fc.record({ type: fc.constant("array"), items: tie("any") }),
    fc.record({ enum: fc.array(fc.jsonValue(), { minLength: 1, maxLength: 3 }) }),
    fc.record({ if: tie("any"), then: tie("any") }),
    tie("object")
  ),
  object: fc
    .record({ properties: fc.dictionary(name, tie("any"), { maxKeys: 3 }), closed: fc.boolean() })
    .map(({ closed, properties }) => ({
      type: "object",
      properties,
      ...(closed ? { required: Object.keys(properties), additionalProperties: false } : {})
    }))
})).object
const wireRequest = optional(
  {
    model: fc.constant("gpt-4o"),
    messages: fc.array(message, { minLength: 1, maxLength: 5 }),
    stream: fc.boolean(),
    tools: fc.array(
      fc.record({
        type: fc.constant("function"),
        function: optional({ name, description: text, parameters: schema, strict: fc.boolean() }, ["name"])
      }),
      { minLength: 1, maxLength: 3 }
    ),
    tool_choice: fc.oneof(
      fc.constantFrom("auto", "none", "required"),
      name.map((name) => ({ type: "function", function: { name } })),
      fc.constant({ type: "allowed_tools", allowed_tools: { mode: "auto", tools: [] } })
    ),
    parallel_tool_calls: fc.boolean(),
    response_format: fc.oneof(
      fc.constantFrom({ type: "text" }, { type: "json_object" }, { type: "grammar", grammar: "x" }),
      optional({ name, description: text, schema: fc.constant({ type: "object" }), strict: fc.boolean() }, [
        "name"
      ]).map((json_schema) => ({ type: "json_schema", json_schema }))
    ),
    max_tokens: fc.integer({ min: 1 }),
    max_completion_tokens: fc.integer({ min: 1 }),
    temperature: fc.double({ noNaN: true, noDefaultInfinity: true }),
    top_p: fc.double({ noNaN: true, noDefaultInfinity: true }),
    frequency_penalty: fc.integer(),
    presence_penalty: fc.integer(),
    seed: fc.maxSafeInteger(),
    stop: fc.oneof(text, fc.array(text, { minLength: 1 })),
    reasoning_effort: fc.constantFrom("none", "low", "high", "max"),
    user: text,
    logit_bias: fc.dictionary(name, fc.integer()),
    n: fc.integer()
  },
  ["model", "messages"]
)

/** The request without what is listed as dropped: that its tools are strict. */
const without = (dropped: ReadonlyArray<string>, request: ChatRequest): ChatRequest => {
  if (request.tools === undefined) return request
  const lost = new Set(dropped)
  const tools = request.tools.map((tool, index) =>
    lost.has(`tools.${index}.strict`) && tool.strict === true ? { ...tool, strict: false } : tool
  )
  return { ...request, tools }
}

describe("lowering to chat completions", () => {
  it("read, lowered and read again, a request is what it was, save what is listed as dropped", () => {
    fc.assert(
      fc.property(wireRequest, (body) => {
        const { body: lowered, dropped } = lower(read(body))
        for (const path of dropped) assert.match(path, /^tools\.\d+\.strict$/)
        assert.deepStrictEqual(
          read(JSON.parse(JSON.stringify(lowered))),
          without(dropped, read(JSON.parse(JSON.stringify(body))))
        )
      }),
      { numRuns: 200 }
    )
  })

  it("asks for the usage of a stream, and only of a stream", () => {
    assert.deepStrictEqual(lower(request({ stream: true })).body["stream_options"], { include_usage: true })
    assert.notProperty(lower(request({ stream: false })).body, "stream_options")
  })

  it("OpenAI's models get max_completion_tokens and the developer role, others max_tokens, system and top_k", () => {
    const asked = request({
      maxTokens: 5,
      topK: 3,
      messages: [{ role: "developer", content: [{ type: "text", text: "x" }] }]
    })
    for (const model of ["gpt-4o-mini", "gpt-5", "o3-mini", "chatgpt-4o-latest", "ft:gpt-4o:org"]) {
      const { body, dropped } = lower(asked, model)
      assert.deepInclude(body, { max_completion_tokens: 5, messages: [{ role: "developer", content: "x" }] })
      assert.notProperty(body, "max_tokens")
      assert.notProperty(body, "top_k")
      assert.deepStrictEqual(dropped, ["top_k"])
    }
    for (const model of ["deepseek-chat", "gpt-oss-120b", "openai/gpt-4o", "olmo-2"]) {
      const { body, dropped } = lower(asked, model)
      assert.deepInclude(body, { max_tokens: 5, top_k: 3, messages: [{ role: "system", content: "x" }] })
      assert.notProperty(body, "max_completion_tokens")
      assert.deepStrictEqual(dropped, [])
    }
  })

  it("reasoning signed by another protocol is not sent, and named; its own and unsigned reasoning is", () => {
    const { body, dropped } = lower(
      request({
        messages: [
          {
            role: "assistant",
            content: [
              { type: "reasoning", text: "theirs", signature: "s", issuer: "anthropic-messages" },
              { type: "reasoning", text: "ours", signature: "s", issuer: "openai-chat" },
              { type: "reasoning", text: "plain" },
              { type: "text", text: "so" }
            ]
          }
        ]
      })
    )
    assert.deepStrictEqual(dropped, ["messages.0.content.0"])
    assert.deepStrictEqual(body["messages"], [
      {
        role: "assistant",
        content: "so",
        reasoning_content: "oursplain",
        reasoning_details: [{ type: "reasoning.text", text: "ours", signature: "s", format: "openai-chat" }]
      }
    ])
  })

  it("images of tool results are shown after all results of the turn", () => {
    const source = { type: "base64" as const, mediaType: "image/png", data: "AAAA" }
    const { body, dropped } = lower(
      request({
        messages: [
          {
            role: "tool",
            content: [
              { type: "tool-result", toolCallId: "a", content: [{ type: "image", source }], isError: true },
              { type: "tool-result", toolCallId: "b", content: [{ type: "text", text: "two" }] }
            ]
          },
          { role: "assistant", content: [] }
        ]
      })
    )
    assert.deepStrictEqual(body["messages"], [
      { role: "tool", tool_call_id: "a", content: "" },
      { role: "tool", tool_call_id: "b", content: "two" },
      {
        role: "user",
        content: [
          { type: "text", text: "Attachments of tool result a:" },
          { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } }
        ]
      },
      { role: "assistant", content: "" }
    ])
    assert.deepStrictEqual(dropped, ["messages.0.content.0.isError"])
  })

  it("kept fields are sent on, paths are named as dropped, and the order of keys does not depend on the caller", () => {
    const kept = lower(request({ temperature: 1, extra: { n: 2, "tools.0": { type: "custom" } } }))
    assert.deepStrictEqual(kept.dropped, ["tools.0"])
    assert.deepStrictEqual(Object.keys(kept.body), ["model", "messages", "temperature", "n"])
    assert.strictEqual(
      JSON.stringify(lower(read({ messages: [{ content: "a", role: "user" }], user: "u", seed: 1, model: "x" })).body),
      JSON.stringify(lower(read({ model: "x", seed: 1, user: "u", messages: [{ role: "user", content: "a" }] })).body)
    )
  })

  it("the key goes into the authorization header, and nowhere without one", () => {
    assert.deepStrictEqual(protocol.authorize("k"), { authorization: "Bearer k" })
    assert.deepStrictEqual(protocol.authorize(null), {})
  })

  it("a model list gives its names", () => {
    assert.deepStrictEqual(protocol.modelNames({ object: "list", data: [{ id: "a" }, { id: "b" }, {}] }), ["a", "b"])
    assert.deepStrictEqual(protocol.modelNames([{ id: "a" }]), ["a"])
    assert.deepStrictEqual(protocol.modelNames("no"), [])
  })
})
