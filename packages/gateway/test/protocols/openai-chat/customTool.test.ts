import { assert, describe, it } from "@effect/vitest"
import { dialect } from "@penstock/gateway/protocols/openai-chat/OpenAiChat"
import type { Completion } from "@penstock/schema/Completion"
import { unfold, type StreamEvent } from "@penstock/schema/StreamEvent"
import * as fc from "effect/FastCheck"
import { dataOf, decodeStream } from "./wire.ts"

const asked = {
  tools: [
    { type: "custom", custom: { name: "sql" } },
    { type: "function", function: { name: "f" } }
  ]
}
const context = { created: 1, includeUsage: false, asked }

const answer = (args: string): Completion => ({
  id: "chatcmpl-1",
  model: "m",
  content: [
    { type: "tool-call", id: "call_1", name: "sql", arguments: args },
    { type: "tool-call", id: "call_2", name: "f", arguments: args }
  ],
  finishReason: "tool_calls",
  usage: null
})

const callsOf = (args: string): unknown => {
  const { choices } = JSON.parse(JSON.stringify(dialect.write(answer(args), context)))
  return choices[0].message.tool_calls
}

const chunksOf = (events: Iterable<StreamEvent>, encoder = dialect.encoder(context)): ReadonlyArray<string> =>
  dataOf([...events].map((event) => encoder.write(event)).join(""))

const toolChunks = (chunks: ReadonlyArray<string>) =>
  chunks.flatMap((data) => (data === "[DONE]" ? [] : (JSON.parse(data).choices[0].delta.tool_calls ?? [])))

/** What a client that joins the pieces has in the end. */
const joined = (chunks: ReadonlyArray<string>) => {
  const calls: Array<{ id: string; text: string }> = []
  for (const piece of toolChunks(chunks)) {
    calls[piece.index] ??= { id: piece.id, text: "" }
    calls[piece.index]!.text += piece.custom?.input ?? piece.function?.arguments ?? ""
  }
  return calls
}

describe("a tool that takes text, where a function stands in for it", () => {
  it("is called with the text that the model wrote into the argument, whole and streamed, and functions with their JSON", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (input) => {
        const args = JSON.stringify({ input })
        assert.deepStrictEqual(callsOf(args), [
          { id: "call_1", type: "custom", custom: { name: "sql", input } },
          { id: "call_2", type: "function", function: { name: "f", arguments: args } }
        ])
        assert.deepStrictEqual(joined(chunksOf(unfold(answer(args)))), [
          { id: "call_1", text: input },
          { id: "call_2", text: args }
        ])
      })
    )
  })

  it("is called with all that the model wrote, if that is something else", () => {
    for (const args of ["SELECT 1", "", "{}", '{"input":1}']) {
      assert.nestedPropertyVal({ calls: callsOf(args) }, "calls[0].custom.input", args)
    }
  })

  it("says the text at once, when it is whole, even if the provider has not said that it is", () => {
    const events = [...unfold(answer('{"input":"SELECT 1"}'))].filter(({ type }) => type !== "tool-call-end")
    const custom = toolChunks(chunksOf(events)).filter(({ index }) => index === 0)
    assert.deepStrictEqual(custom, [
      { index: 0, id: "call_1", type: "custom", custom: { name: "sql", input: "" } },
      { index: 0, custom: { input: "SELECT 1" } }
    ])
  })

  it("is read back from what was streamed as the call that it is", () => {
    const { completion } = decodeStream(chunksOf(unfold(answer('{"input":"SELECT 1"}'))))
    assert.deepStrictEqual(completion?.content[0], {
      type: "tool-call",
      id: "call_1",
      name: "sql",
      arguments: "SELECT 1"
    })
  })

  it("goes on from any place in the same words", () => {
    const events = [...unfold(answer('{"input":"SELECT 1"}'))]
    const all = chunksOf(events)
    for (let at = 1; at < events.length; at++) {
      const before = chunksOf(events.slice(0, at))
      const begun = { id: "chatcmpl-1", model: "m", events: events.slice(0, at), first: null, last: null }
      const after = chunksOf(events.slice(at), dialect.encoder({ ...context, begun }))
      assert.deepStrictEqual([...before, ...after], all)
    }
  })
})
