import { assert, describe, it } from "@effect/vitest"
import { protocol } from "@penstock/gateway/protocols/openai-chat/OpenAiChat"
import { fold } from "@penstock/schema/StreamEvent"
import * as Either from "effect/Either"
import { decodeDeltas, decodeStream } from "./wire.ts"

const whole = (message: object, more: object = {}) =>
  protocol.decode({ id: "a", model: "m", choices: [{ index: 0, message, finish_reason: "stop", ...more }] })
const content = (message: object) => Either.getOrThrow(whole(message)).content
const call = (id: string, name: string, args: string) => ({ type: "tool-call" as const, id, name, arguments: args })
const chunk = (delta: object, more: object = {}) =>
  JSON.stringify({ id: "a", model: "m", choices: [{ index: 0, delta, ...more }] })
const finish = chunk({}, { finish_reason: "stop" })
const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 }

describe("what vendors send, whole and streamed, is the same answer", () => {
  const cases: ReadonlyArray<readonly [what: string, message: object, content: ReadonlyArray<unknown>]> = [
    ["text", { content: "hi" }, [{ type: "text", text: "hi" }]],
    ["nothing", { content: null }, []],
    ["a refusal", { content: null, refusal: "no" }, [{ type: "refusal", text: "no" }]],
    [
      "DeepSeek's reasoning_content",
      { content: "hi", reasoning_content: "hm" },
      [
        { type: "reasoning", text: "hm" },
        { type: "text", text: "hi" }
      ]
    ],
    [
      "groq's reasoning",
      { content: "hi", reasoning: "hm" },
      [
        { type: "reasoning", text: "hm" },
        { type: "text", text: "hi" }
      ]
    ],
    [
      "Mistral's thinking among the content",
      {
        content: [
          { type: "thinking", thinking: [{ type: "text", text: "hm" }] },
          { type: "text", text: "hi" }
        ]
      },
      [
        { type: "reasoning", text: "hm" },
        { type: "text", text: "hi" }
      ]
    ],
    [
      "OpenRouter's reasoning with a signature",
      {
        content: "hi",
        reasoning: "hm",
        reasoning_details: [{ type: "reasoning.text", text: "hm", signature: "s", format: "anthropic-claude-v1" }]
      },
      [
        { type: "reasoning", text: "hm", signature: "s", issuer: "anthropic-claude-v1" },
        { type: "text", text: "hi" }
      ]
    ],
    [
      "tool calls without index and without type",
      {
        tool_calls: [
          { id: "x", function: { name: "f", arguments: "{}" } },
          { id: "y", function: { name: "f", arguments: "" } }
        ]
      },
      [call("x", "f", "{}"), call("y", "f", "")]
    ],
    [
      "arguments as an object",
      { tool_calls: [{ index: 0, id: "x", function: { name: "f", arguments: { a: 1 } } }] },
      [call("x", "f", '{"a":1}')]
    ],
    [
      "a tool call without id",
      { tool_calls: [{ index: 0, function: { name: "f", arguments: "{}" } }] },
      [call("call_a_0", "f", "{}")]
    ],
    ["a function_call of old", { function_call: { name: "f", arguments: "{}" } }, [call("call_a_0", "f", "{}")]]
  ]
  for (const [what, message, expected] of cases) {
    it(`${what}`, () => {
      assert.deepStrictEqual(content(message), expected)
      const decoded = decodeDeltas({ role: "assistant" }, message)
      assert.strictEqual(decoded.malformed, 0)
      assert.deepStrictEqual(decoded.completion, Either.getOrThrow(whole(message)))
    })
  }

  it("finish reasons in other words", () => {
    const words = {
      stop: "stop",
      eos: "stop",
      length: "length",
      max_tokens: "length",
      model_length: "length",
      function_call: "tool_calls",
      content_filter: "content_filter",
      SAFETY: "content_filter",
      whatever: "stop"
    }
    for (const [word, reason] of Object.entries(words)) {
      assert.strictEqual(Either.getOrThrow(whole({ content: "x" }, { finish_reason: word })).finishReason, reason)
      assert.strictEqual(
        decodeStream([chunk({ content: "x" }, { finish_reason: word })]).completion?.finishReason,
        reason
      )
    }
  })

  it("an answer that calls tools says so, even where the vendor says stop", () => {
    const message = { tool_calls: [{ id: "x", function: { name: "f", arguments: "{}" } }] }
    assert.strictEqual(Either.getOrThrow(whole(message)).finishReason, "tool_calls")
    assert.strictEqual(decodeDeltas(message).completion?.finishReason, "tool_calls")
  })

  it("of several choices the first is read", () => {
    const body = {
      id: "a",
      model: "m",
      choices: [
        { index: 1, message: { content: "b" } },
        { index: 0, message: { content: "a" } }
      ]
    }
    assert.deepStrictEqual(Either.getOrThrow(protocol.decode(body)).content, [{ type: "text", text: "a" }])
    const other = JSON.stringify({
      id: "a",
      model: "m",
      choices: [{ index: 1, delta: { content: "b" }, finish_reason: "stop" }]
    })
    assert.isNull(decodeStream([other]).completion)
    assert.deepStrictEqual(decodeStream([other, chunk({ content: "a" }), other, finish]).completion?.content, [
      { type: "text", text: "a" }
    ])
  })
})

describe("a whole answer that is none", () => {
  for (const body of [
    null,
    "text",
    [],
    {},
    { choices: [] },
    { choices: [{}] },
    { choices: "x" },
    { object: "list", data: [] }
  ]) {
    it(`${JSON.stringify(body)} is an invalid_response`, () => {
      assert.strictEqual(Either.getOrThrow(Either.flip(protocol.decode(body))).reason, "invalid_response")
    })
  }

  it("a failure with status 200 is that failure", () => {
    const error = Either.getOrThrow(Either.flip(protocol.decode({ error: { message: "slow down", code: 429 } })))
    assert.strictEqual(error.reason, "rate_limit")
    assert.deepStrictEqual(error.upstream, { status: 429, code: "429" })
  })

  it("a broken-off answer is a server failure", () => {
    const error = Either.getOrThrow(
      Either.flip(whole({ content: "x" }, { finish_reason: "insufficient_system_resource" }))
    )
    assert.strictEqual(error.reason, "server")
  })
})

describe("a stream", () => {
  it("ends with finish after the usage, once, wherever the usage is and whether or not [DONE] comes", () => {
    const own = JSON.stringify({ id: "a", model: "m", choices: [], usage })
    const streams = [
      [chunk({ content: "x" }), finish, own, "[DONE]"],
      [chunk({ content: "x" }), finish, own],
      [chunk({ content: "x" }), finish, own, "[DONE]", "[DONE]", finish],
      [chunk({ content: "x" }), JSON.stringify({ ...JSON.parse(finish), usage })],
      [chunk({ content: "x" }), JSON.stringify({ ...JSON.parse(finish), x_groq: { usage } })]
    ]
    for (const stream of streams) {
      const { events } = decodeStream(stream)
      assert.deepStrictEqual(
        events.map((event) => event.type),
        ["start", "text-start", "text-delta", "text-end", "usage", "finish"].toSorted(
          (a, b) => events.findIndex((e) => e.type === a) - events.findIndex((e) => e.type === b)
        )
      )
      assert.strictEqual(events.at(-1)?.type, "finish")
      assert.strictEqual(fold(events)?.usage?.totalTokens, 5)
    }
  })

  it("without a finish_reason has no finish, with [DONE] or without: it was cut", () => {
    assert.isNull(decodeStream([chunk({ content: "x" })]).completion)
    assert.isNull(decodeStream([chunk({ content: "x" }), "[DONE]"]).completion)
  })

  it("gives nothing for a finish_reason until its end is certain", () => {
    const decoder = protocol.decoder()
    decoder.step({ event: "", data: chunk({ content: "x" }) })
    assert.deepStrictEqual(decoder.step({ event: "", data: finish }), [{ type: "text-end", index: 0 }])
    assert.deepStrictEqual(decoder.end(), [{ type: "finish", reason: "stop" }])
    assert.deepStrictEqual(decoder.end(), [])
  })

  it("goes on after malformed events", () => {
    const bad = ["{", "3", "null", "[]", "{}", '{"choices":"x"}']
    const decoded = decodeStream([...bad, chunk({ content: "x" }), ...bad, finish])
    assert.strictEqual(decoded.malformed, bad.length * 2)
    assert.deepStrictEqual(decoded.completion?.content, [{ type: "text", text: "x" }])
  })

  it("with odd values in its fields never throws", () => {
    const odd = [null, 3, "x", [], {}, [null], [3], [{}], { content: 3 }, { tool_calls: [null, {}, { function: 3 }] }]
    for (const value of odd) {
      assert.strictEqual(
        decodeDeltas(value, { content: value }, { tool_calls: value, reasoning_details: value }).malformed,
        0
      )
      decodeStream([JSON.stringify({ choices: value }), JSON.stringify({ choices: [{ delta: value }], usage: value })])
    }
  })

  it("begins with the first chunk that has a choice: Azure sends one before without id", () => {
    const azure = JSON.stringify({ id: "", model: "", choices: [], prompt_filter_results: [] })
    assert.deepStrictEqual(decodeStream([azure, chunk({ content: "x" }), finish]).events[0], {
      type: "start",
      id: "a",
      model: "m"
    })
  })

  it("interleaves tool calls, whose pieces may come without index, without name at first, or all with index 0", () => {
    const piece = (fields: object, called: object) => ({ tool_calls: [{ ...fields, function: called }] })
    const two = [call("x", "f", "12"), call("y", "g", "34")]
    const streams = [
      [
        piece({ index: 0, id: "x" }, { name: "f", arguments: "1" }),
        piece({ index: 1, id: "y" }, { name: "g", arguments: "3" }),
        piece({ index: 0 }, { arguments: "2" }),
        piece({ index: 1 }, { name: "", arguments: "4" })
      ],
      [
        piece({ id: "x" }, { name: "f", arguments: "1" }),
        piece({}, { arguments: "2" }),
        piece({ id: "y" }, { name: "g", arguments: "3" }),
        piece({ id: "y" }, { arguments: "4" })
      ],
      [
        piece({ index: 0, id: "x" }, { name: "f", arguments: "12" }),
        piece({ index: 0, id: "y" }, { name: "g", arguments: "34" })
      ],
      [
        piece({ index: 0, id: "x" }, { arguments: "1" }),
        piece({ index: 0 }, { name: "f", arguments: "2" }),
        piece({ index: 1, id: "y" }, { name: "g", arguments: "34" })
      ]
    ]
    for (const stream of streams) assert.deepStrictEqual(decodeDeltas(...stream).completion?.content, two)
  })

  it("takes OpenRouter's reasoning in pieces, and its signature at the end", () => {
    const detail = (fields: object) => ({ type: "reasoning.text", format: "anthropic-claude-v1", index: 0, ...fields })
    const decoded = decodeDeltas(
      { reasoning: "h", reasoning_details: [detail({ text: "h" })] },
      { reasoning: "m", reasoning_details: [detail({ text: "m" })] },
      { reasoning_details: [detail({ signature: "s" })] },
      { content: "hi" }
    )
    assert.deepStrictEqual(decoded.completion?.content, [
      { type: "reasoning", text: "hm", signature: "s", issuer: "anthropic-claude-v1" },
      { type: "text", text: "hi" }
    ])
  })

  it("that breaks off says why, and nothing after it counts", () => {
    const errors = [
      [{ error: { message: "no", code: 502 } }, { code: "502", status: 502 }],
      [{ error: { message: "no", type: "overloaded_error", code: null } }, { code: "overloaded_error", status: null }],
      [{ error: "no" }, { code: null, status: null }]
    ] as const
    for (const [error, said] of errors) {
      const { events, completion } = decodeStream([chunk({ content: "x" }), JSON.stringify(error), finish, "[DONE]"])
      const last = events.at(-1)
      assert.deepInclude(last?.type === "error" ? last.error : {}, { message: "no", upstream: said })
      assert.isNull(completion)
    }
    assert.isNull(decodeStream([chunk({ content: "x" }, { finish_reason: "error" }), "[DONE]"]).completion)
  })
})
