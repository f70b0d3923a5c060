import { assert, describe, it } from "@effect/vitest"
import { dialect } from "@penstock/gateway/protocols/openai-chat/OpenAiChat"
import * as Either from "effect/Either"

const hi = { role: "user", content: "hi" }
const png = "data:image/png;base64,iVBORw0KGgo="
const read = (fields: object) =>
  Either.getOrThrowWith(dialect.read({ model: "m", messages: [hi], ...fields }), (e) => e)
const messages = (...all: ReadonlyArray<unknown>) => read({ messages: all }).messages
const wrong = (fields: unknown) => {
  const error = Either.getOrThrow(Either.flip(dialect.read(fields)))
  assert.strictEqual(error.reason, "invalid_request")
  assert.strictEqual(error.status, 400)
  return { param: error.param, message: error.message }
}
const wrongMessage = (...all: ReadonlyArray<unknown>) => wrong({ model: "m", messages: all })

describe("reading a chat completions request", () => {
  it("instructions, users and assistants keep their words and their order", () => {
    assert.deepStrictEqual(
      messages(
        { role: "system", content: "be brief" },
        { role: "developer", content: [{ type: "text", text: "in French" }] },
        { role: "user", content: "hi", name: "ann" },
        { role: "assistant", content: "salut" }
      ),
      [
        { role: "system", content: [{ type: "text", text: "be brief" }] },
        { role: "developer", content: [{ type: "text", text: "in French" }] },
        { role: "user", content: [{ type: "text", text: "hi" }], name: "ann" },
        { role: "assistant", content: [{ type: "text", text: "salut" }] }
      ]
    )
  })

  it("images, sounds and files are taken apart", () => {
    const content = [
      { type: "text", text: "look" },
      { type: "image_url", image_url: { url: "https://a.test/b.png", detail: "low" } },
      { type: "image_url", image_url: { url: png } },
      { type: "input_audio", input_audio: { data: "AAAA", format: "wav" } },
      { type: "file", file: { filename: "a.pdf", file_data: "data:application/pdf;base64,AAAA" } },
      { type: "file", file: { file_id: "file-1" } }
    ]
    assert.deepStrictEqual(messages({ role: "user", content })[0].content, [
      { type: "text", text: "look" },
      { type: "image", source: { type: "url", url: "https://a.test/b.png" }, detail: "low" },
      { type: "image", source: { type: "base64", mediaType: "image/png", data: "iVBORw0KGgo=" } },
      { type: "audio", format: "wav", data: "AAAA" },
      { type: "file", filename: "a.pdf", mediaType: "application/pdf", data: "AAAA" },
      { type: "file", fileId: "file-1" }
    ])
  })

  it("tool calls and their results belong together, the functions of old too", () => {
    assert.deepStrictEqual(
      messages(
        hi,
        {
          role: "assistant",
          content: null,
          tool_calls: [{ id: "c1", type: "function", function: { name: "f", arguments: '{"a": 1}' } }]
        },
        { role: "tool", tool_call_id: "c1", content: "one" },
        { role: "assistant", content: null, function_call: { name: "g", arguments: "{}" } },
        { role: "function", name: "g", content: "two" }
      ).slice(1),
      [
        { role: "assistant", content: [{ type: "tool-call", id: "c1", name: "f", arguments: '{"a": 1}' }] },
        {
          role: "tool",
          content: [{ type: "tool-result", toolCallId: "c1", content: [{ type: "text", text: "one" }] }]
        },
        { role: "assistant", content: [{ type: "tool-call", id: "function_call_3", name: "g", arguments: "{}" }] },
        {
          role: "tool",
          content: [{ type: "tool-result", toolCallId: "function_call_3", content: [{ type: "text", text: "two" }] }]
        }
      ]
    )
  })

  it("an assistant's reasoning comes back with its signature and issuer", () => {
    const details = [
      { type: "reasoning.text", text: "hm", signature: "sig", format: "anthropic-messages" },
      { type: "reasoning.encrypted", data: "cipher", format: "anthropic-messages" }
    ]
    assert.deepStrictEqual(
      messages(hi, { role: "assistant", content: "ok", reasoning_content: "hm, so", reasoning_details: details })[1]
        ?.content,
      [
        { type: "reasoning", text: "hm", signature: "sig", issuer: "anthropic-messages" },
        { type: "reasoning", text: "", redacted: true, signature: "cipher", issuer: "anthropic-messages" },
        { type: "reasoning", text: ", so" },
        { type: "text", text: "ok" }
      ]
    )
  })

  it("parameters get their neutral names", () => {
    const { messages: _, ...request } = read({
      stream: true,
      stream_options: { include_usage: true },
      tools: [
        { type: "function", function: { name: "f", description: "d", parameters: { type: "object" }, strict: true } }
      ],
      tool_choice: { type: "function", function: { name: "f" } },
      parallel_tool_calls: false,
      response_format: { type: "json_schema", json_schema: { name: "n", schema: { type: "object" }, strict: true } },
      max_tokens: 10,
      max_completion_tokens: 20,
      temperature: 0.5,
      top_p: 0.9,
      top_k: 40,
      frequency_penalty: 0.1,
      presence_penalty: 0.2,
      seed: 7,
      stop: "END",
      reasoning_effort: "low",
      user: "u"
    })
    assert.deepStrictEqual(request, {
      model: "m",
      stream: true,
      tools: [{ name: "f", description: "d", parameters: { type: "object" }, strict: true }],
      toolChoice: { tool: "f" },
      parallelToolCalls: false,
      responseFormat: { type: "json_schema", name: "n", schema: { type: "object" }, strict: true },
      maxTokens: 20,
      temperature: 0.5,
      topP: 0.9,
      topK: 40,
      frequencyPenalty: 0.1,
      presencePenalty: 0.2,
      seed: 7,
      stop: ["END"],
      reasoningEffort: "low",
      user: "u",
      extra: {}
    })
  })

  it("null for an optional field is the same as its absence", () => {
    const nulls = {
      temperature: null,
      tools: null,
      stop: null,
      max_tokens: null,
      response_format: null,
      logit_bias: null
    }
    assert.deepStrictEqual(read(nulls), read({}))
    assert.deepStrictEqual(
      messages(hi, { role: "assistant", content: "ok", refusal: null, tool_calls: null, audio: null, annotations: [] }),
      messages(hi, { role: "assistant", content: "ok" })
    )
  })

  it("a field named __proto__ changes no object", () => {
    const body = JSON.parse('{"model":"m","messages":[{"role":"user","content":"hi"}],"__proto__":{"polluted":true}}')
    const { extra } = Either.getOrThrow(dialect.read(body))
    assert.isUndefined(extra["polluted"])
  })

  it("whatever has no neutral word is kept, by name or by path", () => {
    const other = { type: "from_the_future", name: "c" }
    const allowed = { type: "allowed_tools", allowed_tools: { mode: "auto", tools: [] } }
    const request = read({
      messages: [
        {
          role: "user",
          content: [{ type: "text", text: "hi", cache_control: { type: "ephemeral" } }],
          vendor: 1
        }
      ],
      n: 2,
      logit_bias: { "1": 2 },
      keep_alive: "5m",
      reasoning_effort: "max",
      response_format: { type: "grammar", grammar: "x" },
      tools: [other, { type: "function", function: { name: "f" } }],
      tool_choice: allowed
    })
    assert.deepStrictEqual(request.extra, {
      n: 2,
      logit_bias: { "1": 2 },
      keep_alive: "5m",
      reasoning_effort: "max",
      response_format: { type: "grammar", grammar: "x" },
      tool_choice: allowed,
      "tools.0": other,
      "messages.0.vendor": 1,
      "messages.0.content.0.cache_control": { type: "ephemeral" }
    })
    assert.deepStrictEqual(request.tools, [{ name: "f" }])
  })

  it("a tool that takes text has a function that stands in for it, in its description and its calls", () => {
    const grammar = { type: "grammar", grammar: { syntax: "lark", definition: "start: /x+/" } }
    const request = read({
      messages: [
        { role: "user", content: "hi" },
        { role: "assistant", tool_calls: [{ id: "c", type: "custom", custom: { name: "sql", input: 'a "b"' } }] },
        { role: "tool", tool_call_id: "c", content: "done" }
      ],
      tools: [{ type: "custom", custom: { name: "sql", description: "Asks.", format: grammar } }],
      tool_choice: { type: "custom", custom: { name: "sql" } }
    })
    assert.deepStrictEqual(request.toolChoice, { tool: "sql" })
    assert.deepInclude(request.tools?.[0], { name: "sql" })
    assert.strictEqual(
      request.tools?.[0]?.description,
      "Asks.\n\nThe input must follow this lark grammar:\nstart: /x+/"
    )
    assert.deepStrictEqual(request.messages[1]?.content, [
      { type: "tool-call", id: "c", name: "sql", arguments: '{"input":"a \\"b\\""}' }
    ])
    // Which text may be asked for cannot be said.
    assert.deepStrictEqual(request.extra, { "tools.0.custom.format": grammar })
  })
})

describe("a request that is wrong", () => {
  const cases: ReadonlyArray<readonly [what: string, body: unknown, param: string | undefined, says: RegExp]> = [
    ["not an object", "hello", undefined, /expected an object, got "hello"/],
    ["no model", { messages: [hi] }, "model", /expected the name of a model, got nothing/],
    ["an empty model", { model: "", messages: [hi] }, "model", /expected the name of a model/],
    ["no messages", { model: "m" }, "messages", /at least one message, got nothing/],
    ["empty messages", { model: "m", messages: [] }, "messages", /at least one message, got an empty array/],
    ["messages as text", { model: "m", messages: "hi" }, "messages", /at least one message, got "hi"/],
    [
      "temperature as text",
      { model: "m", messages: [hi], temperature: "hot" },
      "temperature",
      /expected a number, got "hot"/
    ],
    [
      "a fractional limit",
      { model: "m", messages: [hi], max_tokens: 1.5 },
      "max_tokens",
      /expected a positive integer, got 1.5/
    ],
    [
      "a limit of 0",
      { model: "m", messages: [hi], max_completion_tokens: 0 },
      "max_completion_tokens",
      /a positive integer/
    ],
    ["stop as number", { model: "m", messages: [hi], stop: 3 }, "stop", /expected a string or an array, got 3/],
    ["stream as text", { model: "m", messages: [hi], stream: "yes" }, "stream", /expected true or false, got "yes"/],
    [
      "an unknown tool choice",
      { model: "m", messages: [hi], tool_choice: "maybe" },
      "tool_choice",
      /"auto" or "none" or "required"/
    ],
    [
      "a tool without a name",
      { model: "m", messages: [hi], tools: [{ type: "function", function: {} }] },
      "tools.0.function.name",
      /expected a string/
    ],
    [
      "a JSON schema without a name",
      { model: "m", messages: [hi], response_format: { type: "json_schema", json_schema: {} } },
      "response_format.json_schema.name",
      /expected a string/
    ]
  ]
  for (const [what, body, param, says] of cases) {
    it(`${what} is an invalid_request at ${param ?? "the body"}`, () => {
      const error = wrong(body)
      assert.strictEqual(error.param, param)
      assert.match(error.message, says)
    })
  }

  const image = (url: unknown) => ({ role: "user", content: [{ type: "image_url", image_url: { url } }] })
  const wrongMessages: ReadonlyArray<readonly [what: string, message: unknown, param: string, says: RegExp]> = [
    ["an unknown role", { role: "robot", content: "hi" }, "messages.0.role", /"user" or "assistant" or "tool"/],
    ["no role", { content: "hi" }, "messages.0.role", /"assistant"/],
    [
      "content as number",
      { role: "user", content: 3 },
      "messages.0.content",
      /expected a string or a non-empty array, got 3/
    ],
    ["no content", { role: "user" }, "messages.0.content", /got nothing/],
    [
      "an unknown part",
      { role: "user", content: [{ type: "video" }] },
      "messages.0.content.0.type",
      /"text" or "image_url"/
    ],
    [
      "a part without text",
      { role: "user", content: [{ type: "text" }] },
      "messages.0.content.0.text",
      /expected a string/
    ],
    [
      "a tool message without tool_call_id",
      { role: "tool", content: "x" },
      "messages.0.tool_call_id",
      /expected a string/
    ],
    [
      "an image without a scheme",
      image("cat.png"),
      "messages.0.content.0.image_url.url",
      /http:\/\/ or https:\/\/ URL/
    ],
    [
      "an image by file:",
      image("file:///etc/passwd"),
      "messages.0.content.0.image_url.url",
      /http:\/\/ or https:\/\/ URL/
    ],
    ["an image URL that cannot be parsed", image("https://"), "messages.0.content.0.image_url.url", /can be parsed/],
    [
      "an image data URL without base64",
      image("data:image/png,abc"),
      "messages.0.content.0.image_url.url",
      /data:image\/png;base64/
    ],
    [
      "an image data URL with bad base64",
      image("data:image/png;base64,@@@"),
      "messages.0.content.0.image_url.url",
      /valid base64/
    ],
    [
      "a data URL that is no image",
      image("data:text/plain;base64,AAAA"),
      "messages.0.content.0.image_url.url",
      /image type/
    ],
    [
      "a file with neither data nor id",
      { role: "user", content: [{ type: "file", file: {} }] },
      "messages.0.content.0.file",
      /file_data or file_id/
    ],
    [
      "a custom tool's call without a text",
      { role: "assistant", tool_calls: [{ id: "c", type: "custom", custom: { name: "n" } }] },
      "messages.0.tool_calls.0.custom.input",
      /missing|required|expected/i
    ]
  ]
  for (const [what, message, param, says] of wrongMessages) {
    it(`${what} is an invalid_request at ${param}`, () => {
      const error = wrongMessage(message)
      assert.strictEqual(error.param, param)
      assert.match(error.message, says)
    })
  }
})
