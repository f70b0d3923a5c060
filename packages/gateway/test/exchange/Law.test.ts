/** `fold(stream) = complete`, from every provider to every kind of caller, however the network cuts the stream. */
import { assert, describe, it } from "@effect/vitest"
import * as Lanes from "@penstock/gateway/exchange/Lanes"
import type { Lane } from "@penstock/gateway/exchange/Call"
import * as Framing from "@penstock/gateway/wire/Framing"
import type { Completion } from "@penstock/schema/Completion"
import { fold, type StreamEvent } from "@penstock/schema/StreamEvent"
import * as Either from "effect/Either"
import * as fc from "effect/FastCheck"
import { both, streamed } from "../protocols/completions.ts"
import { chunksOf, cut, sseOptions } from "../wire/bytes.ts"
import { type Asker, askers, vendors, type Vendor } from "./answers.ts"
import { facts, laneOf, providerOf } from "./lanes.ts"

const neutral = (vendor: Vendor, stream: boolean): Lane<ReadonlyArray<StreamEvent>> =>
  Either.getOrThrow(
    Lanes.neutral(
      providerOf(vendor),
      "m",
      { model: "m", messages: [{ role: "user", content: [{ type: "text", text: "hello" }] }], stream, extra: {} },
      facts
    )
  )

/** What a lane's relay gives for a stream, as one list; the stream must be well-formed and come to its end. */
const relayed = <Out>(lane: Lane<Out>, chunks: ReadonlyArray<Uint8Array>): ReadonlyArray<Out> => {
  const relay = lane.relay()
  const out: Array<Out | null> = []
  for (const chunk of chunks) out.push(relay.push(chunk))
  out.push(relay.end())
  assert.isTrue(relay.seen.finished)
  assert.isNull(relay.seen.failure)
  assert.strictEqual(relay.seen.malformed, 0)
  return out.filter((each) => each !== null)
}

/** What a client makes of a stream's bytes, which must come to one end, and to no more. */
const readStream = ({ isLast, protocol }: Asker, bytes: Uint8Array): Completion | null => {
  const splitter = Framing.make("sse")
  const decoder = protocol.decoder()
  const events: Array<StreamEvent> = []
  const frames = splitter.push(bytes).flatMap((raw) => Framing.parse("sse", raw) ?? [])
  assert.strictEqual(splitter.rest().length, 0)
  assert.deepStrictEqual(
    frames.flatMap((frame, at) => (isLast(frame) ? [at] : [])),
    [frames.length - 1]
  )
  for (const frame of frames) {
    const step = decoder.step(frame)
    assert.notStrictEqual(step, "malformed")
    if (step !== "malformed") events.push(...step)
  }
  return fold(events)
}
const readWhole = ({ protocol }: Asker, bytes: Uint8Array): Completion =>
  Either.getOrThrow(protocol.decode(JSON.parse(Buffer.from(bytes).toString())))

const runs = { numRuns: 100 }

const pairs = askers.flatMap((asker) =>
  vendors.map((vendor) => ({ from: vendor.protocol.id, to: asker.dialect.id, asker, vendor }))
)

describe.each(pairs)("from $from to a caller of $to", ({ asker, vendor }) => {
  const wire = both(asker.wire, vendor.everything)

  it("an answer is what it was, whole and streamed, and streamed by a provider that could not stream", () => {
    fc.assert(
      fc.property(streamed(wire), cut, sseOptions, fc.boolean(), ({ completion, events }, how, options, usage) => {
        const answer = vendor.whole(completion)
        const whole = readWhole(asker, Either.getOrThrow(laneOf(asker, vendor, false, usage).whole(answer)).out)
        // Ollama gives no ids, and does not say that an answer with calls was cut short.
        const said = vendor.protocol.id === "ollama-chat" ? whole : completion
        assert.deepStrictEqual(whole, said)
        // Only chat completions ask whether a stream should be counted.
        const expected = usage || asker.dialect.id !== "openai-chat" ? said : { ...said, usage: null }
        const lane = laneOf(asker, vendor, true, usage)
        const chunks = chunksOf(vendor.stream(completion, events, options), how)
        assert.deepStrictEqual(readStream(asker, Buffer.concat(relayed(lane, chunks))), expected)
        assert.deepStrictEqual(readStream(asker, Either.getOrThrow(lane.whole(answer)).out), expected)
      }),
      runs
    )
  })

  it("a stream cut anywhere before its end is never taken for whole", () => {
    fc.assert(
      fc.property(streamed(wire), fc.nat(), sseOptions, ({ completion, events }, seed, options) => {
        const body = vendor.stream(completion, events, { ...options, comments: false })
        // Up to the frame that says why the answer ended; where a wire has a mark behind it, it may be missing.
        const ends = [
          '"finish_reason":"',
          '"stop_reason":"',
          '"done":true',
          '"type":"response.completed"',
          '"type":"response.incomplete"'
        ].map((end) => body.lastIndexOf(end))
        const relay = laneOf(asker, vendor, true, true).relay()
        relay.push(body.subarray(0, seed % Math.max(...ends)))
        relay.end()
        assert.isFalse(relay.seen.finished)
      }),
      runs
    )
  })
})

describe.each(vendors.map((vendor) => ({ from: vendor.protocol.id, vendor })))("from $from", ({ vendor }) => {
  it("a program reads the same answer whole and streamed, in whatever order its parts come", () => {
    fc.assert(
      fc.property(streamed(vendor.everything), cut, sseOptions, ({ completion, events }, how, options) => {
        const whole = fold(Either.getOrThrow(neutral(vendor, false).whole(vendor.whole(completion))).out)
        assert.isNotNull(whole)
        const chunks = chunksOf(vendor.stream(completion, events, options), how)
        assert.deepStrictEqual(fold(relayed(neutral(vendor, true), chunks).flat()), whole)
      }),
      runs
    )
  })

  it("counts are in disjoint buckets that add up to the provider's total", () => {
    fc.assert(
      fc.property(streamed(vendor.everything), ({ completion }) => {
        const { usage } = Either.getOrThrow(neutral(vendor, false).whole(vendor.whole(completion)))
        assert.strictEqual(usage?.totalTokens, completion.usage?.totalTokens)
        assert.strictEqual(usage?.promptTokens, completion.usage?.promptTokens)
      }),
      runs
    )
  })
})
