import { assert, describe, it } from "@effect/vitest"
import { continuing, prefilled } from "@penstock/gateway/failover/Continuation"
import type { ChatRequest } from "@penstock/schema/ChatRequest"
import type { Completion } from "@penstock/schema/Completion"
import { fold, type StreamEvent } from "@penstock/schema/StreamEvent"
import * as fc from "effect/FastCheck"
import { completion, stream } from "../protocols/completions.ts"
import { assertStream, broken, everything, filtered, said, textOf, transcriptOf } from "./streams.ts"

const runs = { numRuns: 1000 }
const request: ChatRequest = {
  model: "m",
  messages: [{ role: "user", content: [{ type: "text", text: "hello" }] }],
  stream: true,
  extra: {}
}

const start: StreamEvent = { type: "start", id: "a", model: "m" }
const finish: StreamEvent = { type: "finish", reason: "stop" }
const text = (value: string): ReadonlyArray<StreamEvent> => [
  { type: "text-start", index: 0 },
  { type: "text-delta", index: 0, text: value }
]
const sentText = (value: string) => transcriptOf([start, ...text(value)])
const beginning = (value: string, asked = request) => prefilled(asked, sentText(value))?.messages.at(-1)

/** An answer of text, perhaps after some reasoning: what can be continued. */
const spoken = { ...everything, parts: ["reasoning", "text"], order: "grouped", finishReasons: ["stop"] } as const

describe("a request that is continued", () => {
  it("ends with the text that was sent, the rest as it was", () => {
    assert.deepStrictEqual(prefilled(request, sentText("Hel")), {
      ...request,
      messages: [...request.messages, { role: "assistant", content: [{ type: "text", text: "Hel" }] }]
    })
  })

  it("does not end in white space or half a character", () => {
    for (const end of ["", " ", "\n\n", "\u00a0", "\ud83d", " \n\ud83d"]) {
      assert.deepStrictEqual(beginning(`One${end}`), { role: "assistant", content: [{ type: "text", text: "One" }] })
    }
  })

  it("asks for no more tokens than the caller's limit leaves, and for one at least", () => {
    const limited = (maxTokens: number) => prefilled({ ...request, maxTokens }, sentText("x".repeat(400)))?.maxTokens
    assert.strictEqual(limited(1000), 900)
    assert.strictEqual(limited(100), 1)
    assert.strictEqual(limited(10), 1)
  })

  it("asks for no reasoning again, which providers refuse together with a beginning", () => {
    const thinking = { type: "enabled", budget_tokens: 2048 }
    const asked = prefilled({ ...request, reasoningEffort: "high", extra: { thinking, seed: 1 } }, sentText("a"))
    assert.notProperty(asked, "reasoningEffort")
    assert.deepStrictEqual(asked?.extra, { seed: 1 })
  })

  it("is none when there is no text to go on from", () => {
    const reasoning: ReadonlyArray<StreamEvent> = [
      { type: "reasoning-start", index: 0 },
      { type: "reasoning-delta", index: 0, text: "hm" }
    ]
    for (const sent of [[], reasoning, text(" \n"), text("")]) {
      assert.isNull(prefilled(request, transcriptOf([start, ...sent])))
    }
  })

  it("is none when a tool call or a refusal was sent", () => {
    const call: StreamEvent = { type: "tool-call-start", index: 1, id: "c", name: "f" }
    for (const more of [[call], [call, { type: "tool-call-end", index: 1 }], [{ type: "refusal-start", index: 1 }]]) {
      assert.isNull(prefilled(request, transcriptOf([start, ...text("a"), ...(more as Array<StreamEvent>)])))
    }
  })

  it("is none when what is written is prescribed", () => {
    const prescribed: ReadonlyArray<Partial<ChatRequest>> = [
      { responseFormat: { type: "json_object" } },
      { responseFormat: { type: "json_schema", name: "n", schema: {} } },
      { toolChoice: "required" },
      { toolChoice: { tool: "f" } },
      { extra: { response_format: { type: "grammar" } } }
    ]
    for (const each of prescribed) assert.isUndefined(beginning("a", { ...request, ...each }))
    for (const each of [
      { responseFormat: { type: "text" } },
      { toolChoice: "auto" },
      { toolChoice: "none" }
    ] as const) {
      assert.isDefined(beginning("a", { ...request, ...each }))
    }
  })

  it("is none when the caller's own request ends with a beginning", () => {
    const own = { role: "assistant", content: [{ type: "text", text: "It is" }] } as const
    assert.isNull(prefilled({ ...request, messages: [...request.messages, own] }, sentText("a")))
  })
})

describe("a continuation", () => {
  const continued = broken(spoken)
    .filter(({ sent }) => prefilled(request, transcriptOf(sent)) !== null)
    .chain((cut) =>
      completion({ ...everything, order: "any" }).chain((next) =>
        stream(next).map((events) => ({ ...cut, next, events }))
      )
    )

  it("makes one answer of two, whose text is what was sent and what was written on", () => {
    fc.assert(
      fc.property(continued, ({ events, next, sent }) => {
        const { disagrees, passed } = filtered(continuing(transcriptOf(sent)), events)
        assert.isFalse(disagrees)
        assertStream([...sent, ...passed])
        const whole = fold([...sent, ...passed])
        assert.isNotNull(whole)
        const before = transcriptOf(sent).text("text")
        const text = textOf(whole.content, "text")
        assert.isTrue(text.startsWith(before))
        // Less at most the white space that was sent already.
        const written = textOf(next.content, "text")
        const rest = text.slice(before.length)
        assert.isTrue(written.endsWith(rest))
        assert.strictEqual(written.slice(0, written.length - rest.length).trim(), "")
        const others = (content: Completion["content"]) =>
          said(content.filter((part) => part.type !== "text" && part.type !== "reasoning"))
        assert.deepStrictEqual(others(whole.content), others(next.content))
        assert.strictEqual(textOf(whole.content, "reasoning"), transcriptOf(sent).text("reasoning"))
        assert.strictEqual(whole.finishReason, next.finishReason)
        assert.deepStrictEqual(whole.usage, next.usage ?? fold([...sent, finish])!.usage)
      }),
      runs
    )
  })

  it("passes a finish only when it had one", () => {
    fc.assert(
      fc.property(continued, ({ events, sent }) => {
        assert.isNull(fold([...sent, ...filtered(continuing(transcriptOf(sent)), events.slice(0, -1)).passed]))
      }),
      runs
    )
  })

  it("by a model that writes the very rest gives the answer that there would have been, wherever it was cut", () => {
    const answer = fc.stringMatching(/^[a-c \n😀]{2,40}$/u).filter((whole) => whole.trim() !== "")
    fc.assert(
      fc.property(answer, fc.nat(), fc.array(fc.nat(), { maxLength: 5 }), (whole, seed, cuts) => {
        const transcript = sentText(whole.slice(0, 1 + (seed % whole.length)))
        const [given] = (prefilled(request, transcript)?.messages.at(-1)?.content ?? []) as ReadonlyArray<{
          text: string
        }>
        fc.pre(given !== undefined)
        const rest = whole.slice(given.text.length)
        const marks = [0, ...cuts.map((cut) => cut % (rest.length + 1)).toSorted((a, b) => a - b), rest.length]
        const pieces = marks.slice(1).map((mark, at) => rest.slice(marks[at], mark))
        const { passed } = filtered(continuing(transcript), [
          start,
          { type: "text-start", index: 0 },
          ...pieces.map((text) => ({ type: "text-delta", index: 0, text }) as const)
        ])
        for (const event of passed) transcript.record(event)
        assert.strictEqual(transcript.text("text"), whole)
      }),
      runs
    )
  })

  it("leaves out its start and its reasoning, and what it opens comes behind what is open", () => {
    const { passed } = filtered(continuing(sentText("Let me look")), [
      { type: "start", id: "b", model: "n" },
      { type: "reasoning-start", index: 0 },
      { type: "reasoning-delta", index: 0, text: "hm" },
      { type: "reasoning-end", index: 0 },
      { type: "text-start", index: 1 },
      { type: "text-delta", index: 1, text: " it up." },
      { type: "text-end", index: 1 },
      { type: "tool-call-start", index: 2, id: "c", name: "f" },
      { type: "tool-call-delta", index: 2, arguments: "{}" },
      { type: "tool-call-end", index: 2 },
      { type: "finish", reason: "tool_calls" }
    ])
    assert.deepStrictEqual(passed, [
      { type: "text-delta", index: 0, text: " it up." },
      { type: "text-end", index: 0 },
      { type: "tool-call-start", index: 1, id: "c", name: "f" },
      { type: "tool-call-delta", index: 1, arguments: "{}" },
      { type: "tool-call-end", index: 1 },
      { type: "finish", reason: "tool_calls" }
    ])
  })

  it("that has nothing to add ends what is open", () => {
    const { passed } = filtered(continuing(sentText("Done.")), [start, { type: "finish", reason: "stop" }])
    assert.deepStrictEqual(passed, [
      { type: "text-end", index: 0 },
      { type: "finish", reason: "stop" }
    ])
  })
})
