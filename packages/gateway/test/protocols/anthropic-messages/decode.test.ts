import { assert, describe, it } from "@effect/vitest"
import { fold, type StreamEvent } from "@penstock/schema/StreamEvent"
import * as Either from "effect/Either"
import * as fc from "effect/FastCheck"
import { protocol } from "@penstock/gateway/protocols/anthropic-messages/AnthropicMessages"
import { shimTool } from "@penstock/gateway/protocols/anthropic-messages/Shim"
import type { Frame } from "@penstock/gateway/protocols/Protocol"
import { streamed } from "../completions.ts"
import * as Framing from "@penstock/gateway/wire/Framing"
import { chunks, frame, frames, whole, wire } from "./render.ts"

const decode = (body: unknown) => Either.getOrThrow(protocol.decode(body))

/** The events of a stream that must hold no malformed frame. */
const read = (input: ReadonlyArray<Frame>): ReadonlyArray<StreamEvent> => {
  const decoder = protocol.decoder()
  const events = input.flatMap((each) => {
    const step = decoder.step(each)
    assert.notStrictEqual(step, "malformed", each.data)
    return step === "malformed" ? [] : step
  })
  return [...events, ...decoder.end()]
}

const errorOf = (events: ReadonlyArray<StreamEvent>) => {
  const last = events.at(-1)
  return last?.type === "error" ? last.error : {}
}

const start = frame({
  type: "message_start",
  message: { id: "msg_1", model: "claude-x", content: [], usage: { input_tokens: 10, output_tokens: 1 } }
})
const stop = frame({ type: "message_stop" })
const ending = (stop_reason: string, usage: object = { output_tokens: 5 }, more: object = {}) =>
  frame({ type: "message_delta", delta: { stop_reason, stop_sequence: null, ...more }, usage })
const text = (index: number, value: string) => [
  frame({ type: "content_block_start", index, content_block: { type: "text", text: "" } }),
  frame({ type: "content_block_delta", index, delta: { type: "text_delta", text: value } }),
  frame({ type: "content_block_stop", index })
]

describe("anthropic-messages: the law", () => {
  it("a streamed answer folds into the same answer sent whole", () => {
    fc.assert(
      fc.property(streamed(wire), ({ completion, events }) => {
        const complete = decode(whole(completion))
        assert.deepStrictEqual(complete, completion)
        assert.deepStrictEqual(fold(read(frames(completion, events))), complete)
      })
    )
  })

  it("the network may cut the bytes anywhere", () => {
    const seeds = fc.array(fc.nat(), { maxLength: 12 })
    fc.assert(
      fc.property(
        streamed(wire),
        seeds,
        fc.constantFrom("\n" as const, "\r\n" as const),
        ({ completion, events }, seeds, newline) => {
          const splitter = Framing.make(protocol.framing)
          const raw = chunks(frames(completion, events), seeds, newline).flatMap((chunk) => splitter.push(chunk))
          const seen = raw.map((each) => Framing.parse(protocol.framing, each)).filter((each) => each !== null)
          assert.deepStrictEqual(fold(read(seen)), completion)
        }
      )
    )
  })

  it("parts are opened in order, filled while open, and closed before the one finish at the end", () => {
    fc.assert(
      fc.property(streamed(wire), ({ completion, events }) => {
        const seen = read(frames(completion, events))
        assert.strictEqual(seen[0]?.type, "start")
        assert.deepStrictEqual(
          seen.flatMap((event, position) => (event.type === "finish" ? [position] : [])),
          [seen.length - 1]
        )
        const open = new Set<number>()
        let next = 0
        for (const event of seen) {
          if (!("index" in event)) continue
          if (event.type.endsWith("-start")) {
            assert.strictEqual(event.index, next++)
            open.add(event.index)
          } else assert.isTrue(open.has(event.index))
          if (event.type.endsWith("-end")) open.delete(event.index)
        }
        assert.strictEqual(open.size, 0)
      })
    )
  })

  it("any frames at all are read without a throw", () => {
    const types = fc.constantFrom("message_start", "content_block_start", "content_block_delta", "content_block_stop")
    const events = fc.record({
      type: fc.oneof(types, fc.constantFrom("message_delta", "message_stop", "error", "later")),
      index: fc.oneof(fc.nat({ max: 2 }), fc.anything()),
      message: fc.anything(),
      content_block: fc.oneof(fc.constant({ type: "text" }), fc.constant({ type: "tool_use" }), fc.anything()),
      delta: fc.oneof(
        fc.record({ type: fc.constantFrom("text_delta", "input_json_delta"), text: fc.anything() }),
        fc.anything()
      ),
      usage: fc.anything()
    })
    const data = fc.oneof(
      fc.string(),
      fc.json(),
      events.map((event) => JSON.stringify(event, (_, value) => (typeof value === "bigint" ? null : value)))
    )
    fc.assert(
      fc.property(fc.array(data, { maxLength: 20 }), (all) => {
        const decoder = protocol.decoder()
        const steps = all.map((data) => decoder.step({ event: "", data }))
        assert.isTrue(steps.every((step) => step === "malformed" || Array.isArray(step)))
        assert.isTrue(Array.isArray(decoder.end()))
      })
    )
  })
})

describe("anthropic-messages: streams", () => {
  it("counts of message_delta override those of message_start, and those that it omits stay", () => {
    const events = read([start, ...text(0, "hi"), ending("end_turn", { input_tokens: 61, output_tokens: 2 }), stop])
    assert.deepInclude(fold(events)?.usage, { input: 61, output: 2 })
    assert.deepInclude(fold(read([start, ...text(0, "hi"), ending("end_turn"), stop]))?.usage, { input: 10, output: 5 })
  })

  it("the input is counted at the start, for a caller who leaves early", () => {
    assert.deepInclude(read([start])[1], { type: "usage" })
  })

  it("without message_stop a stated stop reason ends an answer whose body ended well", () => {
    assert.strictEqual(fold(read([start, ...text(0, "hi"), ending("max_tokens")]))?.finishReason, "length")
  })

  it("without a stop reason the answer counts as cut", () => {
    assert.isNull(fold(read([start, ...text(0, "hi")])))
  })

  it("nothing is said twice when the end is followed by more", () => {
    const events = read([start, ...text(0, "hi"), ending("end_turn"), stop, stop, start, ...text(0, "again")])
    assert.strictEqual(events.filter((event) => event.type === "finish").length, 1)
    assert.deepStrictEqual(fold(events)?.content, [{ type: "text", text: "hi" }])
  })

  it("a block that was not closed is closed at the end", () => {
    const events = read([start, ...text(0, "hi").slice(0, 2), ending("end_turn"), stop])
    assert.isTrue(events.some((event) => event.type === "text-end"))
  })

  it("an error event carries the provider's type and the status that goes with it", () => {
    const error = { type: "error", error: { type: "overloaded_error", message: "Overloaded" } }
    assert.deepInclude(errorOf(read([start, frame(error), stop])), {
      reason: "server",
      message: "Overloaded",
      upstream: { status: 529, code: "overloaded_error" }
    })
  })

  it("an error event that is not JSON is an error all the same", () => {
    assert.deepInclude(errorOf(read([start, { event: "error", data: "upstream gone" }])), {
      message: "upstream gone",
      upstream: { status: null, code: null }
    })
  })

  it("what the protocol does not promise is malformed, and the answer goes on", () => {
    const decoder = protocol.decoder()
    const bad = ["no json", "[]", "{}", `{"type":"content_block_delta","index":7,"delta":{"type":"text_delta"}}`]
    assert.deepStrictEqual(decoder.step(start).length, 2)
    for (const data of bad) assert.strictEqual(decoder.step({ event: "", data }), "malformed", data)
    const rest = [...text(0, "hi"), ending("end_turn"), stop].flatMap(
      (each) => decoder.step(each) as Array<StreamEvent>
    )
    assert.strictEqual(rest.at(-1)?.type, "finish")
  })

  it("blocks of server tools are skipped, whole and streamed, and leave no gap", () => {
    const found = { type: "web_search_tool_result", tool_use_id: "s", content: [] }
    const asked = { type: "server_tool_use", id: "s", name: "web_search", input: {} }
    const streamedParts = fold(
      read([
        start,
        frame({ type: "content_block_start", index: 0, content_block: asked }),
        frame({ type: "content_block_delta", index: 0, delta: { type: "input_json_delta", partial_json: "{}" } }),
        frame({ type: "content_block_stop", index: 0 }),
        frame({ type: "content_block_start", index: 1, content_block: found }),
        frame({ type: "content_block_stop", index: 1 }),
        ...text(2, "found"),
        ending("end_turn"),
        stop
      ])
    )?.content
    const body = {
      id: "m",
      model: "c",
      content: [asked, found, { type: "text", text: "found" }],
      stop_reason: "end_turn"
    }
    assert.deepStrictEqual(streamedParts, [{ type: "text", text: "found" }])
    assert.deepStrictEqual(decode(body).content, streamedParts)
  })

  it("a refusal gives the provider's explanation, whole and streamed", () => {
    const details = { stop_details: { type: "refusal", category: "cyber", explanation: "Not this." } }
    const folded = fold(read([start, ending("refusal", { output_tokens: 5 }, details), stop]))
    const body = { id: "m", model: "c", content: [], stop_reason: "refusal", ...details }
    assert.deepStrictEqual(folded?.content, [{ type: "refusal", text: "Not this." }])
    assert.strictEqual(folded?.finishReason, "content_filter")
    assert.deepStrictEqual(decode(body).content, folded?.content)
    assert.strictEqual(decode(body).finishReason, "content_filter")
  })
})

describe("anthropic-messages: the shim for JSON schemas", () => {
  const input = { answer: 42 }
  const call = { type: "tool_use", id: "toolu_1", name: shimTool }
  const streamOf = (pieces: ReadonlyArray<string>, ...after: ReadonlyArray<Frame>) => [
    start,
    frame({ type: "content_block_start", index: 0, content_block: { ...call, input: {} } }),
    ...pieces.map((partial_json) =>
      frame({ type: "content_block_delta", index: 0, delta: { type: "input_json_delta", partial_json } })
    ),
    frame({ type: "content_block_stop", index: 0 }),
    ...after,
    ending("tool_use"),
    stop
  ]
  const wholeOf = (...after: ReadonlyArray<object>) => ({
    id: "msg_1",
    model: "claude-x",
    content: [{ ...call, input }, ...after],
    stop_reason: "tool_use"
  })

  it("is never visible: its arguments are the text and the answer ends with stop, whole and streamed", () => {
    const completion = decode(wholeOf())
    assert.deepStrictEqual(completion.content, [{ type: "text", text: `{"answer":42}` }])
    assert.strictEqual(completion.finishReason, "stop")
    const folded = fold(read(streamOf(["", `{"ans`, `wer":42}`])))
    assert.deepStrictEqual(folded?.content, completion.content)
    assert.strictEqual(folded?.finishReason, "stop")
  })

  it("without arguments gives an empty object", () => {
    assert.deepStrictEqual(fold(read(streamOf([])))?.content, [{ type: "text", text: "{}" }])
  })

  it("leaves the caller's own tools as they are", () => {
    const own = { type: "tool_use", id: "toolu_2", name: "weather", input: { city: "Bern" } }
    assert.strictEqual(decode(wholeOf(own)).finishReason, "tool_calls")
    const after = [
      frame({ type: "content_block_start", index: 1, content_block: own }),
      frame({ type: "content_block_stop", index: 1 })
    ]
    const folded = fold(read(streamOf([`{"answer":42}`], ...after)))
    assert.deepStrictEqual(folded?.content, decode(wholeOf(own)).content)
    assert.strictEqual(folded?.finishReason, "tool_calls")
  })
})

describe("anthropic-messages: whole answers", () => {
  it("a body that is no message is an invalid response", () => {
    for (const body of [null, "text", [], {}, { id: "x", model: "y", content: "z", stop_reason: "end_turn" }]) {
      const left = Either.flip(protocol.decode(body))
      assert.strictEqual(Either.getOrThrow(left).reason, "invalid_response")
    }
  })

  it("an error that came with status 200 is that error", () => {
    const body = { type: "error", error: { type: "rate_limit_error", message: "slow down" } }
    const error = Either.getOrThrow(Either.flip(protocol.decode(body)))
    assert.deepInclude(error, { reason: "rate_limit", message: "slow down" })
    assert.deepStrictEqual(error.upstream, { status: 429, code: "rate_limit_error" })
  })

  it("every stop reason has a finish reason, and an unknown one is a stop", () => {
    const content = [{ type: "tool_use", id: "t", name: "n", input: {} }]
    const reason = (stop_reason: string) => decode({ id: "m", model: "c", content, stop_reason }).finishReason
    assert.deepStrictEqual(
      ["end_turn", "stop_sequence", "pause_turn", "max_tokens", "model_context_window_exceeded"].map(reason),
      ["stop", "stop", "stop", "length", "length"]
    )
    assert.deepStrictEqual(["tool_use", "refusal", "later"].map(reason), ["tool_calls", "content_filter", "stop"])
  })

  it("cache writes without details count for five minutes, thinking is taken out of the output", () => {
    const usage = {
      input_tokens: 3,
      cache_creation_input_tokens: 20,
      cache_read_input_tokens: 7,
      output_tokens: 9,
      output_tokens_details: { thinking_tokens: 4 }
    }
    const read = decode({ id: "m", model: "c", content: [], stop_reason: "end_turn", usage }).usage
    assert.deepInclude(read, { input: 3, cacheRead: 7, cacheWrite5m: 20, cacheWrite1h: 0, output: 5, reasoning: 4 })
    assert.strictEqual(read?.promptTokens, 30)
  })
})

describe("anthropic-messages: failures", () => {
  const body = (type: string, message = "no") => ({ type: "error", error: { type, message }, request_id: "req_1" })
  const reason = (status: number, type: string) => protocol.failure(status, body(type), {}).reason

  it("are told by status and type", () => {
    assert.strictEqual(reason(400, "invalid_request_error"), "invalid_request")
    assert.strictEqual(reason(401, "authentication_error"), "authentication")
    assert.strictEqual(reason(403, "permission_error"), "authentication")
    assert.strictEqual(reason(404, "not_found_error"), "model_not_found")
    assert.strictEqual(reason(413, "request_too_large"), "too_large")
    assert.strictEqual(reason(413, "invalid_request_error"), "too_large")
    assert.strictEqual(reason(429, "rate_limit_error"), "rate_limit")
    assert.strictEqual(reason(500, "api_error"), "server")
    assert.strictEqual(reason(504, "timeout_error"), "timeout")
    assert.strictEqual(reason(529, "overloaded_error"), "server")
    assert.strictEqual(reason(500, "rate_limit_error"), "rate_limit")
  })

  it("are not told by the message", () => {
    const long = "overloaded_error: your prompt is too long, try again later"
    assert.strictEqual(protocol.failure(400, body("invalid_request_error", long), {}).reason, "invalid_request")
  })

  it("keep the provider's message, status, type, error code and wait", () => {
    const spent = {
      type: "error",
      error: { type: "rate_limit_error", message: "spent", details: { error_code: "x_limit" } }
    }
    const error = protocol.failure(429, spent, { "retry-after": "1.5" })
    assert.deepInclude(error, { message: "spent", retryAfterMillis: 1500, code: "x_limit" })
    assert.deepStrictEqual(error.upstream, { status: 429, code: "rate_limit_error" })
    assert.strictEqual(protocol.failure(429, {}, { "retry-after-ms": "20", "retry-after": "9" }).retryAfterMillis, 20)
  })

  it("that are no JSON keep their text", () => {
    const error = protocol.failure(502, "<html>bad gateway</html>", {})
    assert.deepInclude(error, { reason: "server", message: "<html>bad gateway</html>" })
  })
})

describe("anthropic-messages: addresses", () => {
  it("the key goes into x-api-key, and the version is always there", () => {
    assert.deepStrictEqual(protocol.authorize("k"), { "x-api-key": "k", "anthropic-version": "2023-06-01" })
    assert.deepStrictEqual(protocol.authorize(null), { "anthropic-version": "2023-06-01" })
  })

  it("model names are read from a list, and from nothing else", () => {
    assert.deepStrictEqual(protocol.modelNames({ data: [{ id: "a" }, { id: "b" }, 3] }), ["a", "b"])
    assert.deepStrictEqual(protocol.modelNames({ data: "x" }), [])
  })
})
