import { assert, describe, it } from "@effect/vitest"
import { Transcript, written } from "@penstock/gateway/exchange/Transcript"
import * as fc from "effect/FastCheck"
import { broken, everything, textOf, transcriptOf } from "../failover/streams.ts"
import { streamed } from "../protocols/completions.ts"

describe("a transcript", () => {
  it("of a whole stream says what the answer says", () => {
    fc.assert(
      fc.property(streamed(everything), ({ completion, events }) => {
        const transcript = transcriptOf(events)
        for (const type of ["text", "refusal", "reasoning"] as const) {
          assert.strictEqual(transcript.text(type), textOf(completion.content, type))
        }
        assert.deepStrictEqual(
          transcript.calls().map((call) => ({ id: call.id, name: call.name, arguments: written(call) })),
          completion.content.flatMap((part) =>
            part.type === "tool-call" ? [{ id: part.id, name: part.name, arguments: part.arguments }] : []
          )
        )
        assert.isFalse(transcript.parts.some((part) => part.open))
      })
    )
  })

  it("of a cut stream has at most one part open, and knows the parts by their indices", () => {
    fc.assert(
      fc.property(broken(everything), ({ sent }) => {
        const { parts } = transcriptOf(sent)
        assert.isAtMost(parts.filter((part) => part.open).length, 1)
        assert.deepStrictEqual(
          parts.map((part) => part.index),
          [...parts.keys()]
        )
      })
    )
  })

  it("has begun nothing before the start", () => {
    const transcript = new Transcript()
    assert.isNull(transcript.begun())
    transcript.record({ type: "usage", usage: null as never })
    assert.isNull(transcript.begun())
    transcript.record({ type: "start", id: "", model: "m" })
    assert.deepStrictEqual(transcript.begun(), {
      id: "",
      model: "m",
      events: [{ type: "start", id: "", model: "m" }],
      first: null,
      last: null
    })
  })

  it("tells an encoder that goes on what was sent, part by part", () => {
    fc.assert(
      fc.property(broken(everything), ({ sent }) => {
        const told = sent.filter((event) => event.type !== "usage")
        assert.deepStrictEqual(transcriptOf(sent).begun()?.events, told)
      })
    )
  })

  it("keeps the arguments of tool calls that were written at the same time apart", () => {
    const transcript = transcriptOf([
      { type: "start", id: "a", model: "m" },
      { type: "text-start", index: 0 },
      { type: "text-delta", index: 0, text: "x" },
      { type: "tool-call-start", index: 1, id: "1", name: "f" },
      { type: "tool-call-start", index: 2, id: "2", name: "g" },
      { type: "tool-call-delta", index: 2, arguments: "[" },
      { type: "tool-call-delta", index: 1, arguments: "{" }
    ])
    assert.deepStrictEqual(transcript.calls().map(written), ["{", "["])
  })
})
