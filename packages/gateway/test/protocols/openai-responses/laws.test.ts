import { assert, describe, it } from "@effect/vitest"
import { dialect, protocol } from "@penstock/gateway/protocols/openai-responses/OpenAiResponses"
import type { StreamEvent } from "@penstock/schema/StreamEvent"
import * as Either from "effect/Either"
import * as fc from "effect/FastCheck"
import { broken, transcriptOf } from "../../failover/streams.ts"
import { completion, streamed } from "../completions.ts"
import { context, dataOf, decodeText, framesOf, sse, wire } from "./wire.ts"

const runs = { numRuns: 300 }

describe("responses, written and read back", () => {
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
      fc.property(streamed(wire), ({ completion, events }) => {
        const decoded = decodeText(sse(events))
        assert.strictEqual(decoded.malformed, 0)
        assert.deepStrictEqual(decoded.completion, completion)
      }),
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
    fc.assert(fc.property(broken(wire), ({ sent }) => assert.isNull(decodeText(sse(sent)).completion)))
  })

  it("what is said in pieces is said again in whole, by the item and by the response", () => {
    fc.assert(
      fc.property(streamed(wire), ({ events }) => {
        const data = dataOf(sse(events))
        const items = data.filter(({ type }) => type === "response.output_item.done")
        assert.deepStrictEqual(
          items.map(({ item }) => item),
          data.at(-1).response.output
        )
        for (const { item, output_index } of items) {
          const said = data
            .filter((each) => String(each.type).endsWith(".delta") && each.output_index === output_index)
            .map(({ delta }) => delta)
            .join("")
          const [part] = item.content ?? item.summary ?? []
          assert.strictEqual(said, item.arguments ?? part?.text ?? part?.refusal ?? "")
        }
      })
    )
  })

  it("events are numbered from 0 without a gap, and named by the frame and in the data", () => {
    fc.assert(
      fc.property(streamed(wire), ({ events }) => {
        for (const [at, { data, event }] of framesOf(sse(events)).entries()) {
          const { sequence_number, type } = JSON.parse(data)
          assert.strictEqual(sequence_number, at)
          assert.strictEqual(type, event)
        }
      })
    )
  })

  it("every item has an id of its own, the same whole and streamed, that OpenAI would take back", () => {
    fc.assert(
      fc.property(streamed(wire), ({ completion, events }) => {
        const { output } = JSON.parse(JSON.stringify(dialect.write(completion, context)))
        const ids = (items: ReadonlyArray<{ id: string; type: string }>) =>
          items.filter(({ type }) => type !== "reasoning").map(({ id }) => id)
        assert.deepStrictEqual(ids(dataOf(sse(events)).at(-1).response.output), ids(output))
        assert.strictEqual(new Set(ids(output)).size, ids(output).length)
        for (const id of ids(output)) assert.match(id, /^(msg|fc)_[A-Za-z0-9_-]{1,60}$/)
      })
    )
  })
})

describe("any frames at all", () => {
  it("are read without a throw", () => {
    const types = fc.constantFrom(
      "response.created",
      "response.output_item.added",
      "response.output_item.done",
      "response.content_part.added",
      "response.output_text.delta",
      "response.function_call_arguments.delta",
      "response.reasoning_summary_part.added",
      "response.reasoning_summary_text.delta",
      "response.completed",
      "later"
    )
    const item = fc.record(
      {
        type: fc.constantFrom("message", "reasoning", "function_call", "later"),
        content: fc.oneof(fc.array(fc.record({ type: fc.constantFrom("output_text", "refusal") })), fc.anything()),
        summary: fc.anything(),
        arguments: fc.anything()
      },
      { requiredKeys: [] }
    )
    const events = fc.record({
      type: types,
      output_index: fc.oneof(fc.nat({ max: 2 }), fc.anything()),
      delta: fc.oneof(fc.string(), fc.anything()),
      item: fc.oneof(item, fc.anything()),
      part: fc.oneof(fc.record({ type: fc.constantFrom("output_text", "refusal") }), fc.anything()),
      response: fc.oneof(fc.record({ status: fc.constant("completed"), output: fc.array(item) }), fc.anything())
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
        const seen = steps.flatMap((step): ReadonlyArray<StreamEvent> => (step === "malformed" ? [] : step))
        const opened = seen.filter(({ type }) => type.endsWith("-start"))
        assert.deepStrictEqual(
          opened.map((event) => "index" in event && event.index),
          [...opened.keys()]
        )
      })
    )
  })
})
