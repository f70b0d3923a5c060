import Anthropic from "@anthropic-ai/sdk"
import type { Message } from "@anthropic-ai/sdk/resources/messages"
import { assert, describe, it } from "@effect/vitest"
import { dialect, protocol } from "@penstock/gateway/protocols/anthropic-messages/AnthropicMessages"
import type { Completion } from "@penstock/schema/Completion"
import { fold, type StreamEvent, unfold } from "@penstock/schema/StreamEvent"
import * as Usage from "@penstock/schema/Usage"
import * as Either from "effect/Either"
import * as fc from "effect/FastCheck"
import { broken, transcriptOf } from "../../failover/streams.ts"
import { completion, streamed } from "../completions.ts"
import { context, framesOf, readBack, sse, wire } from "./dialect.ts"

const runs = { numRuns: 300 }

const folded = (text: string): Completion | null => {
  const events = readBack(text)
  assert.notInclude(events, "malformed")
  return fold(events.filter((event) => event !== "malformed"))
}

const answer = (more: Partial<Completion> = {}): Completion => ({
  id: "msg_1",
  model: "m",
  content: [{ type: "text", text: "hi" }],
  finishReason: "stop",
  usage: Usage.make({ input: 3, output: 2 }),
  ...more
})

const typesOf = (text: string): ReadonlyArray<string> => framesOf(text).map(({ event }) => event)

/** What the official client makes of a body. */
const client = (body: string, type: string) =>
  new Anthropic({
    apiKey: "none",
    maxRetries: 0,
    fetch: () => Promise.resolve(new Response(body, { headers: { "content-type": type } }))
  })
const request = { model: "m", max_tokens: 1, messages: [{ role: "user" as const, content: "hi" }] }

describe("messages, written and read back", () => {
  it("a text that cites nothing has no citations, as with Anthropic: not even null, which clients refuse", () => {
    assert.deepStrictEqual(dialect.write(answer(), context)["content"], [{ type: "text", text: "hi" }])
    assert.notInclude(sse([...unfold(answer())]), "citations")
  })

  it("a whole answer is what it was", () => {
    fc.assert(
      fc.property(completion(wire), (answer) => {
        const body = JSON.parse(JSON.stringify(dialect.write(answer, context)))
        assert.deepStrictEqual(Either.getOrThrow(protocol.decode(body)), answer)
      }),
      runs
    )
  })

  it("a stream folds into the answer that it was made of, however its texts were cut", () => {
    fc.assert(
      fc.property(streamed(wire), ({ completion, events }) => assert.deepStrictEqual(folded(sse(events)), completion)),
      runs
    )
  })

  it("a stream that another encoder goes on with is byte for byte the stream of one", () => {
    fc.assert(
      fc.property(streamed(wire), fc.nat(), ({ events }, seed) => {
        // Usage belongs to the encoder that writes the end.
        const at = 1 + (seed % events.filter((event) => event.type !== "usage" && event.type !== "finish").length)
        const before = dialect.encoder(context)
        const after = dialect.encoder({ ...context, begun: transcriptOf(events.slice(0, at)).begun()! })
        const both = events.map((event, position) => (position < at ? before : after).write(event)).join("")
        assert.strictEqual(both, sse(events))
      }),
      runs
    )
  })

  it("a stream cut before its end never folds", () => {
    fc.assert(fc.property(broken(wire), ({ sent }) => assert.isNull(folded(sse(sent)))))
  })

  it("a refusal ends the answer, whatever the provider called the end", () => {
    const refused = answer({ content: [{ type: "refusal", text: "I will not." }] })
    const expected = { ...refused, finishReason: "content_filter" as const }
    const body = dialect.write(refused, context)
    assert.deepInclude(body, { stop_reason: "refusal", content: [] })
    assert.deepStrictEqual(Either.getOrThrow(protocol.decode(body)), expected)
    assert.deepStrictEqual(folded(sse(unfold(refused))), expected)
  })

  it("counts that nobody knows are 0 where clients add them up, and null elsewhere", () => {
    const { usage } = dialect.write(answer({ usage: null }), context)
    assert.deepInclude(usage, { input_tokens: 0, output_tokens: 0, cache_read_input_tokens: null })
  })

  it("arguments that are no JSON object are wrapped, so that the caller sees what the model wrote", () => {
    const call = { type: "tool-call", id: "c", name: "f", arguments: '{"a":' } as const
    const { content } = dialect.write(answer({ content: [call] }), context)
    assert.nestedPropertyVal(content, "0.input.INVALID_JSON", '{"a":')
  })

  it("an answer without an id gets one", () => {
    assert.strictEqual(dialect.write(answer({ id: "" }), context)["id"], "msg_1700000000")
  })
})

describe("a streamed message", () => {
  it("comes in the order of the official description", () => {
    const content = [
      { type: "reasoning", text: "hm", signature: "c2ln", issuer: "anthropic-messages" },
      { type: "text", text: "hi" }
    ] as const
    assert.deepStrictEqual(typesOf(sse(unfold(answer({ content })))), [
      "message_start",
      "ping",
      "content_block_start",
      "content_block_delta",
      "content_block_delta",
      "content_block_stop",
      "content_block_start",
      "content_block_delta",
      "content_block_stop",
      "message_delta",
      "message_stop"
    ])
  })

  it("names each event twice, by the frame and in the data", () => {
    fc.assert(
      fc.property(streamed(wire), ({ events }) => {
        for (const { data, event } of framesOf(sse(events))) assert.strictEqual(JSON.parse(data).type, event)
      })
    )
  })

  it("has one block open at a time, in whatever order calls are written", () => {
    const open: ReadonlyArray<StreamEvent> = [
      { type: "start", id: "a", model: "m" },
      { type: "tool-call-start", index: 0, id: "1", name: "f" },
      { type: "tool-call-start", index: 1, id: "2", name: "g" },
      { type: "tool-call-delta", index: 1, arguments: '{"b"' },
      { type: "tool-call-delta", index: 0, arguments: '{"a":1}' },
      { type: "tool-call-start", index: 2, id: "3", name: "h" },
      { type: "tool-call-delta", index: 1, arguments: ":2}" }
    ]
    const ends: ReadonlyArray<StreamEvent> = [
      { type: "tool-call-end", index: 1 },
      { type: "tool-call-end", index: 0 },
      { type: "tool-call-end", index: 2 }
    ]
    const finish: StreamEvent = { type: "finish", reason: "tool_calls" }
    // A provider that closes nothing has ended all the same.
    for (const events of [
      [...open, ...ends, finish],
      [...open, finish]
    ]) {
      const text = sse(events)
      const blocks = framesOf(text).flatMap(({ data, event }) =>
        event.startsWith("content_block") ? [[event.slice(14), JSON.parse(data).index]] : []
      )
      assert.deepStrictEqual(blocks, [
        ["start", 0],
        ["delta", 0],
        ["stop", 0],
        ["start", 1],
        ["delta", 1],
        ["delta", 1],
        ["stop", 1],
        ["start", 2],
        ["stop", 2]
      ])
      assert.deepStrictEqual(
        folded(text)?.content.map((part) => part.type === "tool-call" && [part.id, part.arguments]),
        [
          ["1", '{"a":1}'],
          ["2", '{"b":2}'],
          ["3", "{}"]
        ]
      )
    }
  })
})

describe("the official client", () => {
  it("reads whole answers", async () => {
    const content = [
      { type: "text", text: "hi" },
      { type: "tool-call", id: "c", name: "f", arguments: '{"a":1}' }
    ] as const
    const said = answer({ content, finishReason: "tool_calls" })
    const body = JSON.stringify(dialect.write(said, context))
    const message: Message = await client(body, "application/json").messages.create(request)
    assert.deepStrictEqual(message.content[1], {
      type: "tool_use",
      id: "c",
      name: "f",
      input: { a: 1 },
      caller: { type: "direct" }
    })
    assert.strictEqual(message.usage.input_tokens, 3)
  })

  it("reads streams as it reads the whole answer", async () => {
    for (const { completion, events } of fc.sample(streamed(wire), { numRuns: 40, seed: 7 })) {
      const text = sse(events)
      const message = await client(text, "text/event-stream").messages.stream(request).finalMessage()
      const { content, stop_reason, stop_sequence, usage } = JSON.parse(JSON.stringify(message))
      const whole = JSON.parse(JSON.stringify(dialect.write(completion, context)))
      assert.deepStrictEqual(content, whole.content)
      assert.deepStrictEqual([stop_reason, stop_sequence], [whole.stop_reason, whole.stop_sequence])
      assert.strictEqual(usage.input_tokens, whole.usage.input_tokens)
      assert.strictEqual(usage.output_tokens, whole.usage.output_tokens)
      assert.strictEqual(usage.cache_read_input_tokens, whole.usage.cache_read_input_tokens)
    }
  })

  it("sees a failure inside a stream as one", async () => {
    const events: ReadonlyArray<StreamEvent> = [...unfold(answer())].slice(0, 3)
    const error = protocol.failure(529, { error: { type: "overloaded_error", message: "too busy" } }, {})
    const text = sse(events) + dialect.failureFrame(error, "req_1")
    const failed = await client(text, "text/event-stream")
      .messages.stream(request)
      .finalMessage()
      .then(
        () => null,
        (cause: unknown) => String(cause)
      )
    assert.include(failed, "too busy")
  })
})
