import { assert, describe, it } from "@effect/vitest"
import { dialect, protocol } from "@penstock/gateway/protocols/openai-chat/OpenAiChat"
import * as Either from "effect/Either"
import * as fc from "effect/FastCheck"
import { transcriptOf } from "../../failover/streams.ts"
import { completion, streamed } from "../completions.ts"
import { dataOf, decodeStream, wire } from "./wire.ts"

const context = { created: 1_700_000_000, includeUsage: true }
const runs = { numRuns: 500 }

describe("chat completions, written and read back", () => {
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
        const encoder = dialect.encoder(context)
        const sse = events.map(encoder.write.bind(encoder)).join("")
        const decoded = decodeStream(dataOf(sse))
        assert.strictEqual(decoded.malformed, 0)
        assert.deepStrictEqual(decoded.completion, completion)
      }),
      runs
    )
  })

  it("a stream says what the whole answer says, whatever parts it has and in whatever order", () => {
    const anything = { ...wire, order: "any" } as const
    fc.assert(
      fc.property(streamed(anything), ({ completion, events }) => {
        const encoder = dialect.encoder(context)
        const streamedBack = decodeStream(dataOf(events.map(encoder.write.bind(encoder)).join(""))).completion
        const whole = Either.getOrThrow(protocol.decode(dialect.write(completion, context)))
        const texts = (content: typeof whole.content) =>
          (["reasoning", "text", "refusal"] as const).map((type) =>
            content.flatMap((part) => (part.type === type ? [part.text] : [])).join("")
          )
        const rest = (content: typeof whole.content) =>
          content.filter((part) => part.type === "tool-call" || (part.type === "reasoning" && part.signature))
        assert.isNotNull(streamedBack)
        assert.deepStrictEqual(texts(streamedBack!.content), texts(whole.content))
        assert.sameDeepMembers([...rest(streamedBack!.content)], [...rest(whole.content)])
        assert.deepStrictEqual({ ...streamedBack, content: [] }, { ...whole, content: [] })
      }),
      runs
    )
  })

  it("a stream that another encoder goes on with is byte for byte the stream of one", () => {
    const unreasoned = { ...wire, parts: ["text", "refusal", "tool-call"] } as const
    fc.assert(
      fc.property(streamed(unreasoned), fc.nat(), ({ events }, seed) => {
        const one = dialect.encoder(context)
        const whole = events.map(one.write.bind(one)).join("")
        // Usage belongs to the encoder that writes the end.
        const at = 1 + (seed % events.filter((event) => event.type !== "usage" && event.type !== "finish").length)
        const transcript = transcriptOf(events.slice(0, at))
        const before = dialect.encoder(context)
        const after = dialect.encoder({ ...context, begun: transcript.begun()! })
        const both = events.map((event, position) => (position < at ? before : after).write(event)).join("")
        assert.strictEqual(both, whole)
      }),
      runs
    )
  })

  it("a stream cut before its finish_reason never folds", () => {
    fc.assert(
      fc.property(streamed(wire), fc.nat(), ({ events }, seed) => {
        const encoder = dialect.encoder(context)
        const data = dataOf(events.map(encoder.write.bind(encoder)).join(""))
        const finish = data.findIndex(
          (each) => /"finish_reason":"/.test(each.slice(-400)) && each.includes('"delta":{}')
        )
        assert.isAtLeast(finish, 0)
        assert.isNull(decodeStream(data.slice(0, seed % (finish + 1))).completion)
      })
    )
  })
})
