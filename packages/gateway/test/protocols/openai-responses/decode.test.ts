import { assert, describe, it } from "@effect/vitest"
import { protocol } from "@penstock/gateway/protocols/openai-responses/OpenAiResponses"
import * as Either from "effect/Either"
import { decodeStream } from "./wire.ts"

const message = { type: "message", id: "msg_1", content: [{ type: "output_text", text: "hi" }] }
const call = { type: "function_call", id: "fc_1", call_id: "c", name: "f", arguments: '{"a":1}' }
const response = (more: object = {}) => ({ id: "resp_1", model: "m", status: "completed", output: [message], ...more })
const decode = (more: object) => protocol.decode(response(more))
const failed = (more: object) => Either.getOrThrow(Either.flip(decode(more)))

const stream = (...events: ReadonlyArray<object>) => decodeStream(events.map((event) => JSON.stringify(event)))
const created = { type: "response.created", response: response({ status: "in_progress", output: [] }) }
const completed = (more: object = {}) => ({ type: "response.completed", response: response(more) })
const delta = (type: string, output_index: number, delta: string, more: object = {}) => ({
  type: `response.${type}.delta`,
  output_index,
  delta,
  ...more
})

describe("a whole response", () => {
  it("ends as its status says", () => {
    const reason = (more: object) => Either.getOrThrow(decode(more)).finishReason
    assert.strictEqual(reason({}), "stop")
    assert.strictEqual(reason({ output: [call] }), "tool_calls")
    const incomplete = (reason: string) => ({ status: "incomplete", incomplete_details: { reason } })
    assert.strictEqual(reason(incomplete("max_output_tokens")), "length")
    assert.strictEqual(reason(incomplete("content_filter")), "content_filter")
  })

  it("that failed, was cancelled or is not done is no answer", () => {
    const error = { code: "rate_limit_exceeded", message: "slow down" }
    assert.deepInclude(failed({ status: "failed", error }), { reason: "rate_limit", code: "rate_limit_exceeded" })
    assert.strictEqual(failed({ status: "cancelled" }).reason, "server")
    assert.strictEqual(failed({ status: "queued" }).reason, "invalid_response")
  })

  it("without an output is not one", () => {
    const error = Either.getOrThrow(Either.flip(protocol.decode({ choices: [] })))
    assert.strictEqual(error.reason, "invalid_response")
  })

  it("shows what the model thought, by its summary or in its own words", () => {
    const reasoning = (item: object) =>
      Either.getOrThrow(decode({ output: [{ type: "reasoning", id: "rs_1", ...item }] })).content
    const summary = [
      { type: "summary_text", text: "a" },
      { type: "summary_text", text: "b" }
    ]
    assert.deepStrictEqual(reasoning({ summary }), [{ type: "reasoning", text: "a\n\nb" }])
    const content = [{ type: "reasoning_text", text: "hm" }]
    assert.deepStrictEqual(reasoning({ summary: [], content }), [{ type: "reasoning", text: "hm" }])
    assert.deepStrictEqual(reasoning({ summary: [], encrypted_content: "Z0FB" }), [
      { type: "reasoning", text: "", redacted: true, signature: "rs_1:Z0FB", issuer: "openai-responses" }
    ])
    assert.isEmpty(reasoning({ summary: [] }))
  })

  it("keeps the text that a custom tool is called with", () => {
    const custom = { type: "custom_tool_call", id: "ct_1", call_id: "c", name: "sql", input: "SELECT 1" }
    assert.deepStrictEqual(Either.getOrThrow(decode({ output: [custom, { type: "web_search_call" }] })).content, [
      { type: "tool-call", id: "c", name: "sql", arguments: "SELECT 1" }
    ])
  })

  it("has counts in disjoint buckets that add up to the provider's total", () => {
    const { usage } = Either.getOrThrow(
      decode({
        usage: {
          input_tokens: 100,
          input_tokens_details: { cached_tokens: 30, cache_write_tokens: 20 },
          output_tokens: 50,
          output_tokens_details: { reasoning_tokens: 40 },
          total_tokens: 150
        }
      })
    )
    assert.deepInclude(usage, { input: 50, cacheRead: 30, cacheWrite5m: 20, output: 10, reasoning: 40 })
    assert.strictEqual(usage?.totalTokens, 150)
  })
})

describe("a streamed response", () => {
  const answer = Either.getOrThrow(decode({}))

  it("that is not done was cut", () => {
    assert.isNull(stream(created, delta("output_text", 0, "hi")).completion)
  })

  it("says with its items, or at its end, what it did not say in pieces", () => {
    const done = { type: "response.output_item.done", output_index: 0, item: message }
    assert.deepStrictEqual(stream(created, done, completed()).completion, answer)
    assert.deepStrictEqual(stream(created, completed()).completion, answer)
    assert.deepStrictEqual(stream(completed()).completion, answer)
    const added = { type: "response.output_item.added", output_index: 0, item: { ...call, arguments: "" } }
    const whole = Either.getOrThrow(decode({ output: [call] }))
    assert.deepStrictEqual(stream(created, added, completed({ output: [call] })).completion, whole)
  })

  it("may leave its parts unannounced", () => {
    assert.deepStrictEqual(
      stream(created, delta("output_text", 0, "h"), delta("output_text", 0, "i"), completed()).completion,
      answer
    )
  })

  it("keeps the parts of a message and the calls of a turn apart, in whatever order they are written", () => {
    const output = [
      {
        ...message,
        content: [
          { type: "output_text", text: "a" },
          { type: "refusal", refusal: "b" }
        ]
      },
      call,
      { ...call, id: "fc_2", call_id: "d", arguments: "{}" }
    ]
    const added = (output_index: number, item: object) => ({ type: "response.output_item.added", output_index, item })
    const text = { item_id: "msg_1", content_index: 0 }
    const { completion, malformed } = stream(
      created,
      added(0, { ...message, content: [] }),
      delta("output_text", 0, "a", text),
      delta("refusal", 0, "b", { content_index: 1 }),
      added(1, { ...call, arguments: "" }),
      added(2, { ...call, id: "fc_2", call_id: "d", arguments: "" }),
      delta("function_call_arguments", 2, "{"),
      delta("function_call_arguments", 1, '{"a":'),
      delta("function_call_arguments", 2, "}"),
      delta("function_call_arguments", 1, "1}"),
      completed({ output })
    )
    assert.strictEqual(malformed, 0)
    assert.deepStrictEqual(completion, Either.getOrThrow(decode({ output })))
  })

  it("that breaks off says why, by an event or by the response", () => {
    const error = { code: "server_error", message: "broke" }
    for (const event of [
      { type: "error", ...error, param: null },
      { type: "error", error },
      { type: "response.failed", response: response({ status: "failed", error }) }
    ]) {
      const { completion, events } = stream(created, event, completed())
      assert.isNull(completion)
      const last = events.at(-1)
      assert.deepInclude(last?.type === "error" ? { ...last.error, message: last.error.message } : {}, {
        reason: "server",
        message: "broke"
      })
    }
  })

  it("that is cut short ends by the limit", () => {
    const event = {
      type: "response.incomplete",
      response: response({ status: "incomplete", incomplete_details: { reason: "max_output_tokens" } })
    }
    assert.strictEqual(stream(created, delta("output_text", 0, "hi"), event).completion?.finishReason, "length")
  })

  it("has what is not promised left out, and goes on", () => {
    const odd = [
      { type: "response.output_text.delta", delta: "x" },
      { type: "response.output_item.added", output_index: 0 },
      { type: "response.content_part.added" },
      { type: "response.created" },
      {}
    ]
    const { completion, malformed } = stream(created, ...odd, { type: "response.later" }, completed())
    assert.strictEqual(malformed, odd.length)
    assert.deepStrictEqual(completion, answer)
  })
})
