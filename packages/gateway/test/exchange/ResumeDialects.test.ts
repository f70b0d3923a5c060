/** A stream that broke and was begun anew elsewhere is one stream to its caller, whatever the two targets speak. */
import { assert, describe, it } from "@effect/vitest"
import type { Lane } from "@penstock/gateway/exchange/Call"
import { Transcript } from "@penstock/gateway/exchange/Transcript"
import * as Framing from "@penstock/gateway/wire/Framing"
import type { Completion } from "@penstock/schema/Completion"
import { fold, type StreamEvent } from "@penstock/schema/StreamEvent"
import * as fc from "effect/FastCheck"
import { said } from "../failover/streams.ts"
import { both, completion, stream, type Wire } from "../protocols/completions.ts"
import { chunksOf, cut, type Cut, sseOptions } from "../wire/bytes.ts"
import { type Asker, askers, vendors } from "./answers.ts"
import { facts, laneOf, providerOf } from "./lanes.ts"

/** What every vendor can say, in one order. */
const plain: Wire = {
  ...vendors.map(({ everything }) => everything).reduce(both),
  reasoning: { max: 1, signed: [], unsigned: true },
  finishReasons: ["stop", "tool_calls"],
  stopSequence: false
}

interface Case {
  readonly completion: Completion
  readonly first: ReadonlyArray<StreamEvent>
  readonly second: ReadonlyArray<StreamEvent>
  readonly at: number
  readonly how: Cut
}
const cases: fc.Arbitrary<Case> = completion(plain).chain((completion) =>
  fc.record({
    completion: fc.constant(completion),
    first: stream(completion),
    second: stream(completion),
    at: fc.nat(),
    how: cut
  })
)

const relayed = (lane: Lane<Uint8Array>, chunks: ReadonlyArray<Uint8Array>, transcript: Transcript) => {
  const relay = lane.relay(transcript)
  const out = [...chunks.map((chunk) => relay.push(chunk)), relay.end()].filter((each) => each !== null)
  return { out, seen: relay.seen }
}

const framesOf = (bytes: Uint8Array) =>
  Framing.make("sse")
    .push(bytes)
    .flatMap((raw) => Framing.parse("sse", raw) ?? [])

const read = ({ isLast, protocol }: Asker, bytes: Uint8Array): Completion | null => {
  const decoder = protocol.decoder()
  const frames = framesOf(bytes)
  assert.strictEqual(frames.filter(isLast).length, 1)
  const steps = frames.map((frame) => decoder.step(frame))
  assert.notInclude(steps, "malformed")
  return fold(steps.flatMap((step) => (step === "malformed" ? [] : step)))
}

/** What of a stream's frames tells their order. */
const inOrder: { readonly [id: string]: (bytes: Uint8Array) => void } = {
  "openai-chat": () => {},
  "anthropic-messages": (bytes) => {
    let open: number | null = null
    let next = 0
    for (const { data, event } of framesOf(bytes)) {
      const { index } = JSON.parse(data)
      if (event === "content_block_start") {
        assert.deepStrictEqual([open, index], [null, next++])
        open = index
      } else if (event.startsWith("content_block")) assert.strictEqual(index, open)
      if (event === "content_block_stop") open = null
    }
    assert.isNull(open)
  },
  "openai-responses": (bytes) => {
    const data = framesOf(bytes).map(({ data }) => JSON.parse(data))
    for (const [at, { sequence_number }] of data.entries()) {
      assert.isAbove(sequence_number, data[at - 1]?.sequence_number ?? -1)
    }
    const done = data.filter(({ type }) => type === "response.output_item.done")
    assert.deepStrictEqual(
      done.map(({ output_index }) => output_index),
      [...done.keys()]
    )
  }
}

const trios = askers
  .filter(({ dialect }) => dialect.id !== "openai-chat")
  .flatMap((asker) =>
    vendors.flatMap((from) =>
      vendors.map((to) => ({ asker, id: asker.dialect.id, from, to, one: from.protocol.id, other: to.protocol.id }))
    )
  )

describe.each(trios)("a stream for a caller of $id from $one, gone on with by $other", ({ asker, from, to }) => {
  it("is one stream, in order, wherever it was cut", () => {
    fc.assert(
      fc.property(cases, sseOptions, ({ at, completion, first, how, second }, options) => {
        const whole = from.stream(completion, first, options)
        const lane = laneOf(asker, from, true, true)
        const transcript = new Transcript()
        const begun = relayed(lane, chunksOf(whole.subarray(0, at % whole.length), how), transcript)
        // Before anything was sent there is nothing to go on from, and after the end nothing to go on with.
        fc.pre(transcript.id !== null && !begun.seen.finished)
        const { restart } = lane.resume!({ provider: providerOf(to), model: "other", facts, transcript })
        const ended = relayed(restart!, chunksOf(to.stream(completion, second, options), how), transcript)
        assert.isNull(ended.seen.failure)
        assert.isTrue(ended.seen.finished)
        const bytes = Buffer.concat([...begun.out, ...ended.out])
        const client = read(asker, bytes)
        assert.deepStrictEqual(said(client!.content), said(completion.content))
        assert.strictEqual(client!.finishReason, completion.finishReason)
        inOrder[asker.dialect.id]!(bytes)
      }),
      { numRuns: 60 }
    )
  })
})
