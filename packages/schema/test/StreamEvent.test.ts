import { assert, describe, it } from "@effect/vitest"
import { AssistantPart } from "@penstock/schema/ChatRequest"
import { Completion } from "@penstock/schema/Completion"
import { fold, unfold, type StreamEvent } from "@penstock/schema/StreamEvent"
import { make as makeUsage } from "@penstock/schema/Usage"
import * as Arbitrary from "effect/Arbitrary"
import * as fc from "effect/FastCheck"

const count = fc.nat(1_000_000)
const completion = fc
  .record({
    base: Arbitrary.make(Completion.omit("usage", "content")),
    content: fc.array(Arbitrary.make(AssistantPart), { maxLength: 6 }),
    usage: fc.option(fc.record({ input: count, output: count, cacheRead: count }))
  })
  .map(({ base, content, usage }): Completion => ({ ...base, content, usage: usage && makeUsage(usage) }))

/** Without keys whose value is undefined or false: both mean the same as absent here. */
const plain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_key, field: unknown) => (field === false ? undefined : field)))

describe("fold", () => {
  it("of an answer's events is the answer", () => {
    fc.assert(
      fc.property(completion, (answer) => {
        assert.deepStrictEqual(plain(fold(unfold(answer))), plain(answer))
      })
    )
  })

  it("does not depend on how texts are cut into deltas", () => {
    fc.assert(
      fc.property(completion, fc.nat(5), (answer, cut) => {
        const events = [...unfold(answer)].flatMap((event): ReadonlyArray<StreamEvent> =>
          event.type === "text-delta"
            ? [
                { ...event, text: event.text.slice(0, cut) },
                { ...event, text: event.text.slice(cut) }
              ]
            : [event]
        )
        assert.deepStrictEqual(plain(fold(events)), plain(answer))
      })
    )
  })

  it("of a stream that was cut is null", () => {
    fc.assert(
      fc.property(completion, (answer) => {
        assert.isNull(fold([...unfold(answer)].slice(0, -1)))
      })
    )
  })

  it("keeps interleaved tool calls apart", () => {
    const answer = fold([
      { type: "start", id: "a", model: "m" },
      { type: "tool-call-start", index: 0, id: "1", name: "f" },
      { type: "tool-call-start", index: 1, id: "2", name: "g" },
      { type: "tool-call-delta", index: 0, arguments: "{" },
      { type: "tool-call-delta", index: 1, arguments: "[" },
      { type: "tool-call-delta", index: 0, arguments: "}" },
      { type: "tool-call-delta", index: 1, arguments: "]" },
      { type: "finish", reason: "tool_calls" }
    ])
    assert.deepStrictEqual(answer?.content, [
      { type: "tool-call", id: "1", name: "f", arguments: "{}" },
      { type: "tool-call", id: "2", name: "g", arguments: "[]" }
    ])
  })
})
