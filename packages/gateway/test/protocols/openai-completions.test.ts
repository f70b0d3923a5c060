import { assert, describe, it } from "@effect/vitest"
import { dialect, protocol } from "@penstock/gateway/protocols/openai-completions/OpenAiCompletions"
import * as Envelope from "@penstock/gateway/protocols/openai-completions/Envelope"
import { fold, type StreamEvent } from "@penstock/schema/StreamEvent"
import * as Either from "effect/Either"
import * as fc from "effect/FastCheck"
import { completion, streamed } from "./completions.ts"
import { dataOf, wire as chat } from "./openai-chat/wire.ts"

/** What legacy completions can express: a text. */
const wire = {
  ...chat,
  parts: ["text"],
  finishReasons: ["stop", "length", "content_filter"],
  stopSequence: false
} as const
const context = { created: 1_700_000_000, includeUsage: true }

const decoded = (data: ReadonlyArray<string>) => {
  const decoder = protocol.decoder()
  const events: Array<StreamEvent> = []
  for (const each of data) {
    const step = decoder.step({ event: "", data: each })
    assert.notStrictEqual(step, "malformed")
    if (step !== "malformed") events.push(...step)
  }
  return fold([...events, ...decoder.end()])
}

describe("legacy completions, written and read back", () => {
  it("a whole answer is what it was", () => {
    fc.assert(
      fc.property(completion(wire), (answer) => {
        const body = JSON.parse(JSON.stringify(dialect.write(answer, context)))
        assert.deepStrictEqual(Either.getOrThrow(protocol.decode(body)), answer)
      })
    )
  })

  it("a stream folds into the answer that it was made of", () => {
    fc.assert(
      fc.property(streamed(wire), ({ completion, events }) => {
        const encoder = dialect.encoder(context)
        assert.deepStrictEqual(decoded(dataOf(events.map((event) => encoder.write(event)).join(""))), completion)
      })
    )
  })

  it("a stream that another encoder goes on with is byte for byte the stream of one", () => {
    fc.assert(
      fc.property(streamed(wire), fc.nat(), ({ events }, cut) => {
        const at = 1 + (cut % (events.length - 1))
        const write = (encoder: ReturnType<typeof dialect.encoder>, some: ReadonlyArray<StreamEvent>) =>
          some.map((event) => encoder.write(event)).join("")
        const [start] = events
        if (start?.type !== "start") return assert.fail("a stream begins with its start")
        const { id, model } = start
        const begun = { id, model, events: events.slice(0, at), first: null, last: null }
        const usage = events.slice(0, at).filter((event) => event.type === "usage")
        assert.strictEqual(
          write(dialect.encoder(context), events.slice(0, at)) +
            write(dialect.encoder({ ...context, begun }), [...usage, ...events.slice(at)]),
          write(dialect.encoder(context), events)
        )
      })
    )
  })
})

describe("a stream of several answers", () => {
  it("is ending when all that began have ended, and not with the first", () => {
    const decoder = protocol.decoder()
    const step = (index: number, finish: string | null) =>
      decoder.step({
        event: "",
        data: JSON.stringify({ id: "c", choices: [{ index, text: "x", finish_reason: finish }] })
      })
    step(0, null)
    step(1, null)
    step(0, "stop")
    assert.isFalse(decoder.ending)
    step(2, null)
    step(1, "stop")
    assert.isFalse(decoder.ending)
    step(2, "length")
    assert.isTrue(decoder.ending)
  })
})

describe("what a completion may use", () => {
  it("is every answer to every prompt, at the API's own limit where there is none", () => {
    const answers = (json: object) => {
      const { answers, maxTokens } = Envelope.demand(100, { model: "m", ...json })
      return [answers, maxTokens]
    }
    assert.deepStrictEqual(answers({ prompt: "a" }), [1, 16])
    assert.deepStrictEqual(answers({ prompt: [1, 2, 3], max_tokens: 5 }), [1, 5])
    assert.deepStrictEqual(answers({ prompt: ["a", "b"], n: 2, best_of: 3 }), [6, 16])
  })
})
