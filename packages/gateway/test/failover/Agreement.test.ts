import { assert, describe, it } from "@effect/vitest"
import { agreeing } from "@penstock/gateway/failover/Agreement"
import type { Completion } from "@penstock/schema/Completion"
import { fold, type StreamEvent, unfold } from "@penstock/schema/StreamEvent"
import * as fc from "effect/FastCheck"
import { streamed } from "../protocols/completions.ts"
import { assertStream, broken, everything, filtered, said, transcriptOf } from "./streams.ts"

const runs = { numRuns: 1000 }

const start: StreamEvent = { type: "start", id: "a", model: "m" }
const text = (value: string, index = 0): ReadonlyArray<StreamEvent> => [
  { type: "text-start", index },
  { type: "text-delta", index, text: value }
]
const call = (name: string, args: string, index = 0, id = `${name}-id`): ReadonlyArray<StreamEvent> => [
  { type: "tool-call-start", index, id, name },
  { type: "tool-call-delta", index, arguments: args }
]
const textEnd = (index = 0): StreamEvent => ({ type: "text-end", index })
const callEnd = (index = 0): StreamEvent => ({ type: "tool-call-end", index })
const finish: StreamEvent = { type: "finish", reason: "stop" }

const restarted = (sent: ReadonlyArray<StreamEvent>, again: ReadonlyArray<StreamEvent>) =>
  filtered(agreeing(transcriptOf([start, ...sent])), again)

describe("an answer begun anew that is the same", () => {
  it("completes what was sent into what it is itself, wherever the first was cut and however both were", () => {
    fc.assert(
      fc.property(broken(everything), ({ again, completion, sent }) => {
        const { disagrees, passed } = filtered(agreeing(transcriptOf(sent)), again)
        assert.isFalse(disagrees)
        assertStream([...sent, ...passed])
        const whole = fold([...sent, ...passed])
        assert.isNotNull(whole)
        assert.deepStrictEqual(said(whole.content), said(completion.content))
        assert.strictEqual(whole.finishReason, completion.finishReason)
        assert.deepStrictEqual(whole.usage, completion.usage)
      }),
      runs
    )
  })

  it("sends nothing twice: what was sent and what passes are as long as the answer", () => {
    fc.assert(
      fc.property(broken(everything), ({ again, completion, sent }) => {
        const { passed } = filtered(agreeing(transcriptOf(sent)), again)
        const length = (events: ReadonlyArray<StreamEvent>) =>
          events.reduce(
            (sum, event) =>
              event.type === "text-delta" || event.type === "refusal-delta"
                ? sum + event.text.length
                : event.type === "tool-call-delta"
                  ? sum + event.arguments.length
                  : sum,
            0
          )
        assert.strictEqual(length(sent) + length(passed), length([...unfold(completion)]))
      }),
      runs
    )
  })

  it("may break as well, and be completed by a third", () => {
    fc.assert(
      fc.property(broken(everything), fc.nat(), fc.nat(), ({ again, completion, sent }, one, two) => {
        const cut = again.slice(0, one % again.length)
        const second = filtered(agreeing(transcriptOf(sent)), cut).passed
        const soFar = [...sent, ...second]
        const third = filtered(agreeing(transcriptOf(soFar)), again.slice(0, two % again.length)).passed
        const all = [...soFar, ...third]
        assertStream(all)
        assert.isNull(fold(all))
        const last = filtered(agreeing(transcriptOf(all)), unfold(completion))
        assertStream([...all, ...last.passed])
        assert.deepStrictEqual(said(fold([...all, ...last.passed])!.content), said(completion.content))
      }),
      runs
    )
  })

  it("passes a finish only when it had one", () => {
    fc.assert(
      fc.property(broken(everything), ({ again, sent }) => {
        const { passed } = filtered(agreeing(transcriptOf(sent)), again.slice(0, -1))
        assert.isNull(fold([...sent, ...passed]))
      }),
      runs
    )
  })
})

describe("an answer begun anew that is another", () => {
  it("never adds to what was sent what it did not say: either it repeats all of it, or it disagrees", () => {
    const small = { ...everything, reasoning: { max: 1, signed: [], unsigned: true } }
    fc.assert(
      fc.property(broken(small), streamed(small), ({ sent }, other) => {
        const { disagrees, passed } = filtered(agreeing(transcriptOf(sent)), other.events)
        assertStream([...sent, ...passed])
        if (disagrees) return assert.isNull(fold([...sent, ...passed]))
        assert.deepStrictEqual(said(fold([...sent, ...passed])!.content), said(other.completion.content))
      }),
      runs
    )
  })

  it("disagrees when one character is another, one is missing, or it ends before", () => {
    const at = fc.record({ text: fc.string({ minLength: 1 }), seed: fc.nat(), cut: fc.nat() })
    fc.assert(
      fc.property(at, ({ cut, seed, text: whole }) => {
        const place = seed % whole.length
        const changed = `${whole.slice(0, place)}\u0001${whole.slice(place + 1)}`
        const ended = whole.slice(0, cut % whole.length)
        fc.pre(!whole.includes("\u0001"))
        for (const other of [changed, ended]) {
          const outcome = restarted(text(whole), [start, ...text(other), textEnd(), finish])
          assert.isTrue(outcome.disagrees)
          assert.deepStrictEqual(outcome.passed, [])
        }
      })
    )
  })

  const cases: ReadonlyArray<readonly [string, ReadonlyArray<StreamEvent>, ReadonlyArray<StreamEvent>]> = [
    ["calls another tool", call("f", "{"), [start, ...call("g", "{}"), callEnd(), finish]],
    ["calls it with other arguments", call("f", '{"a":1'), [start, ...call("f", '{"a":2}'), callEnd(), finish]],
    ["ends the arguments before", call("f", '{"a":1'), [start, ...call("f", "{"), callEnd(), finish]],
    [
      "goes on with the arguments of a call that has ended",
      [...call("f", "{}"), callEnd()],
      [start, ...call("f", "{} "), callEnd(), finish]
    ],
    ["talks where it called a tool", call("f", "{"), [start, ...text("well")]],
    ["calls a tool where it talked", text("well"), [start, ...call("f", "{")]],
    [
      "says more before it calls the tool",
      [...text("a"), textEnd(), ...call("f", "{", 1)],
      [start, ...text("ab"), textEnd(), ...call("f", "{}", 1)]
    ],
    [
      "refuses what it said",
      text("no"),
      [start, { type: "refusal-start", index: 0 }, { type: "refusal-delta", index: 0, text: "no" }]
    ],
    [
      "leaves out a call",
      [...call("f", "{}"), callEnd(), ...call("g", "{", 1)],
      [start, ...call("f", "{}"), callEnd(), finish]
    ]
  ]
  it.each(cases)("disagrees when it %s", (_, sent, again) => {
    const { disagrees, passed } = restarted(sent, again)
    assert.isTrue(disagrees)
    assert.deepStrictEqual(passed, [])
  })

  it("says nothing more once it has disagreed", () => {
    const filter = agreeing(transcriptOf([start, ...text("ab")]))
    assert.strictEqual(filter.write({ type: "text-delta", index: 0, text: "b" }), "disagrees")
    assert.strictEqual(filter.write({ type: "text-delta", index: 0, text: "ab" }), "disagrees")
    assert.strictEqual(filter.write(finish), "disagrees")
  })
})

describe("what of an answer begun anew follows what was sent", () => {
  it("is the rest of the piece that goes beyond it, in the part that is open", () => {
    const { passed } = restarted(text("Hel"), [start, ...text("Hello"), { type: "text-delta", index: 0, text: "!" }])
    assert.deepStrictEqual(passed, [
      { type: "text-delta", index: 0, text: "lo" },
      { type: "text-delta", index: 0, text: "!" }
    ])
  })

  it("opens a part of its own when the part that was sent has ended", () => {
    const { passed } = restarted([...text("Hel"), textEnd()], [start, ...text("Hello"), textEnd(), finish])
    assert.deepStrictEqual(passed, [...text("lo", 1), textEnd(1), finish])
  })

  it("is not in the way of an answer whose text was in more parts", () => {
    const { passed } = restarted(
      [...text("He"), textEnd(), ...text("l", 1)],
      [start, ...text("Hell"), textEnd(), ...text("o", 1), textEnd(1), finish]
    )
    assert.deepStrictEqual(passed, [
      { type: "text-delta", index: 1, text: "l" },
      textEnd(1),
      ...text("o", 2),
      textEnd(2),
      finish
    ])
  })

  it("leaves reasoning out, and ends the reasoning that was open without a signature", () => {
    const { passed } = restarted(
      [
        { type: "reasoning-start", index: 0 },
        { type: "reasoning-delta", index: 0, text: "hm" }
      ],
      [
        start,
        { type: "reasoning-start", index: 0 },
        { type: "reasoning-delta", index: 0, text: "well" },
        { type: "reasoning-end", index: 0, signature: "s", issuer: "anthropic-messages" },
        ...text("a", 1),
        textEnd(1),
        finish
      ]
    )
    assert.deepStrictEqual(passed, [{ type: "reasoning-end", index: 0 }, ...text("a", 1), textEnd(1), finish])
  })

  it("goes on in each of several calls that were open, by their order and not by their ids", () => {
    const { passed } = restarted(
      [...call("f", '{"a"'), ...call("g", "[1", 1)],
      [start, ...call("f", '{"a":1}', 0, "x"), ...call("g", "[1,2]", 1, "y"), callEnd(0), callEnd(1), finish]
    )
    assert.deepStrictEqual(passed, [
      { type: "tool-call-delta", index: 0, arguments: ":1}" },
      { type: "tool-call-delta", index: 1, arguments: ",2]" },
      callEnd(0),
      callEnd(1),
      finish
    ])
  })

  it("uses no id of a call that the caller has for another call", () => {
    const { passed } = restarted(
      [...call("f", "{}", 0, "call_1"), callEnd()],
      [start, ...call("f", "{}", 0, "call_0"), callEnd(), ...call("g", "{}", 1, "call_1"), callEnd(1), finish]
    )
    const whole = fold([start, ...call("f", "{}", 0, "call_1"), callEnd(), ...passed]) as Completion
    const ids = whole.content.flatMap((part) => (part.type === "tool-call" ? [part.id] : []))
    assert.strictEqual(new Set(ids).size, 2)
  })
})
