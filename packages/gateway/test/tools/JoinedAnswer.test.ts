import { assert, describe, it } from "@effect/vitest"
import { JoinedAnswer } from "@penstock/gateway/tools/JoinedAnswer"
import type { AssistantPart } from "@penstock/schema/ChatRequest"
import { fold, type StreamEvent, unfold } from "@penstock/schema/StreamEvent"
import * as Usage from "@penstock/schema/Usage"
import * as FastCheck from "effect/FastCheck"

const text = FastCheck.string({ maxLength: 5 })
const part: FastCheck.Arbitrary<AssistantPart> = FastCheck.oneof(
  FastCheck.record({ type: FastCheck.constant("text" as const), text }),
  FastCheck.record({ type: FastCheck.constant("reasoning" as const), text }),
  FastCheck.record({
    type: FastCheck.constant("tool-call" as const),
    id: text,
    name: FastCheck.constantFrom("ours", "theirs"),
    arguments: text
  })
)
const turn = FastCheck.record({
  content: FastCheck.array(part, { maxLength: 4 }),
  usage: FastCheck.option(FastCheck.nat(1000).map((input) => Usage.make({ input, output: 1 })))
})
const turns = FastCheck.array(turn, { minLength: 1, maxLength: 4 })

interface Turn {
  readonly content: ReadonlyArray<AssistantPart>
  readonly usage: Usage.Usage | null
}

const join = (all: ReadonlyArray<Turn>, runsTogether: boolean) => {
  const joined = new JoinedAnswer({ isOwn: (name) => name === "ours", runsTogether })
  const out: Array<StreamEvent> = []
  const read = all.map(({ content, usage }, index) => {
    for (const event of unfold({ id: `${index}`, model: "m", content, finishReason: "stop", usage })) {
      out.push(...joined.push([event]))
    }
    return joined.turn()
  })
  return { completion: fold([...out, ...joined.end("stop")]), out, read }
}

describe("the answers of several turns as one", () => {
  it("hold every part of every turn in order, but for the calls that are the gateway's own", () => {
    FastCheck.assert(
      FastCheck.property(turns, (all) => {
        const { completion, read } = join(all, false)
        const parts = all.flatMap(({ content }) => content)
        assert.deepStrictEqual(
          completion?.content,
          parts.filter((each) => each.type !== "tool-call" || each.name !== "ours")
        )
        assert.deepStrictEqual(
          read.map((each) => each?.content),
          all.map(({ content }) => content)
        )
        assert.strictEqual(completion?.id, "0")
      })
    )
  })

  it("count what all turns counted together, and nothing where none did", () => {
    FastCheck.assert(
      FastCheck.property(turns, (all) => {
        const counted = all.flatMap(({ usage }) => (usage === null ? [] : [usage]))
        const { completion } = join(all, false)
        assert.strictEqual(
          completion?.usage?.totalTokens ?? null,
          counted.length === 0 ? null : counted.reduce((sum, usage) => sum + usage.totalTokens, 0)
        )
      })
    )
  })

  it("have a blank line between the texts of two turns where the wire runs them together, and no other", () => {
    FastCheck.assert(
      FastCheck.property(turns, (all) => {
        const textOf = (content: ReadonlyArray<AssistantPart>) =>
          content.map((each) => (each.type === "text" ? each.text : "")).join("")
        const { completion } = join(all, true)
        const expected = all.map(({ content }) => textOf(content)).filter((each) => each !== "")
        assert.strictEqual(textOf(completion?.content ?? []), expected.join("\n\n"))
      })
    )
  })

  it("open their parts by an index that counts up from 0", () => {
    FastCheck.assert(
      FastCheck.property(turns, (all) => {
        const opened = join(all, false).out.flatMap((event) =>
          event.type.endsWith("-start") && "index" in event ? [event.index] : []
        )
        assert.deepStrictEqual(
          opened,
          opened.map((_, index) => index)
        )
      })
    )
  })
})
