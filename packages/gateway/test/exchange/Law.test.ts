/** `fold(stream) = complete`, from every provider to every kind of caller, however the network cuts the stream. */
import { assert, describe, it } from "@effect/vitest"
import * as Lanes from "@penstock/gateway/exchange/Lanes"
import type { Lane } from "@penstock/gateway/exchange/Call"
import { dialect, protocol as openaiChat } from "@penstock/gateway/protocols/openai-chat/OpenAiChat"
import type { Provider } from "@penstock/gateway/providers/Provider"
import * as Framing from "@penstock/gateway/wire/Framing"
import type { ChatRequest } from "@penstock/schema/ChatRequest"
import type { Completion } from "@penstock/schema/Completion"
import { fold, type StreamEvent } from "@penstock/schema/StreamEvent"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as fc from "effect/FastCheck"
import { streamed } from "../protocols/completions.ts"
import { chunksOf, cut, sseOptions } from "../wire/bytes.ts"
import { vendors, type Vendor } from "./answers.ts"

const providerOf = ({ protocol }: Vendor): Provider => ({
  name: "somebody",
  protocol,
  transport: { exchange: () => Effect.void },
  address: "in this test",
  addressSetting: "none",
  headers: {},
  missing: null
})
const requestOf = (stream: boolean): ChatRequest => ({
  model: "m",
  messages: [{ role: "user", content: [{ type: "text", text: "hello" }] }],
  stream,
  extra: {}
})
const facts = { contextWindow: null, maxOutputTokens: null }

const translated = (vendor: Vendor, stream: boolean, includeUsage: boolean): Lane<Uint8Array> =>
  Either.getOrThrow(
    Lanes.translated(dialect, providerOf(vendor), "m", requestOf(stream), facts, { created: 7, includeUsage })
  )
const neutral = (vendor: Vendor, stream: boolean): Lane<ReadonlyArray<StreamEvent>> =>
  Either.getOrThrow(Lanes.neutral(providerOf(vendor), "m", requestOf(stream), facts))
const passedThrough = (vendor: Vendor, stream: boolean, includeUsage: boolean): Lane<Uint8Array> => {
  const json = { model: "m", messages: [], stream, stream_options: { include_usage: includeUsage } }
  const original = { bytes: Buffer.from(JSON.stringify(json)), json }
  return Lanes.passThrough(dialect, providerOf(vendor), "m", original, { created: 7, includeUsage })
}

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

/** What an OpenAI client makes of a stream's bytes. */
const readStream = (bytes: Uint8Array): Completion | null => {
  const splitter = Framing.make("sse")
  const decoder = openaiChat.decoder()
  const events: Array<StreamEvent> = []
  let done = 0
  for (const raw of splitter.push(bytes)) {
    const frame = Framing.parse("sse", raw)
    if (frame === null) continue
    if (frame.data === "[DONE]") done += 1
    const step = decoder.step(frame)
    assert.notStrictEqual(step, "malformed")
    if (step !== "malformed") events.push(...step)
  }
  assert.strictEqual(splitter.rest().length, 0)
  assert.strictEqual(done, 1)
  return fold(events)
}
const readWhole = (bytes: Uint8Array): Completion =>
  Either.getOrThrow(openaiChat.decode(JSON.parse(Buffer.from(bytes).toString())))

const runs = { numRuns: 150 }

describe.each(vendors.map((vendor) => ({ from: vendor.protocol.id, vendor })))("from $from", ({ vendor }) => {
  it("an OpenAI client reads the same answer whole and streamed, and streamed by a provider that could not stream", () => {
    fc.assert(
      fc.property(
        streamed(vendor.wire),
        cut,
        sseOptions,
        fc.boolean(),
        ({ completion, events }, how, options, includeUsage) => {
          const answer = vendor.whole(completion)
          const whole = readWhole(Either.getOrThrow(translated(vendor, false, includeUsage).whole(answer)).out)
          const expected = includeUsage ? whole : { ...whole, usage: null }
          const lane = translated(vendor, true, includeUsage)
          const chunks = chunksOf(vendor.stream(completion, events, options), how)
          assert.deepStrictEqual(readStream(Buffer.concat(relayed(lane, chunks))), expected)
          assert.deepStrictEqual(readStream(Either.getOrThrow(lane.whole(answer)).out), expected)
        }
      ),
      runs
    )
  })

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

  it("a stream cut anywhere before its end is never taken for whole", () => {
    fc.assert(
      fc.property(streamed(vendor.wire), fc.nat(), sseOptions, ({ completion, events }, seed, options) => {
        const body = vendor.stream(completion, events, { ...options, comments: false })
        // Up to the frame that says why the answer ended; where a wire has a mark behind it, it may be missing.
        const ends = ['"finish_reason":"', '"stop_reason":"', '"done":true'].map((end) => body.lastIndexOf(end))
        const relay = translated(vendor, true, true).relay()
        relay.push(body.subarray(0, seed % Math.max(...ends)))
        relay.end()
        assert.isFalse(relay.seen.finished)
      }),
      runs
    )
  })
})

describe("from openai-chat, passed through", () => {
  const [openai] = vendors
  it("an OpenAI client reads the same answer whole and streamed", () => {
    fc.assert(
      fc.property(
        streamed(openai!.wire),
        cut,
        sseOptions,
        fc.boolean(),
        ({ completion, events }, how, options, includeUsage) => {
          const answer = openai!.whole(completion)
          const whole = readWhole(Either.getOrThrow(passedThrough(openai!, false, includeUsage).whole(answer)).out)
          const expected = includeUsage ? whole : { ...whole, usage: null }
          const lane = passedThrough(openai!, true, includeUsage)
          const chunks = chunksOf(openai!.stream(completion, events, options), how)
          assert.deepStrictEqual(readStream(Buffer.concat(relayed(lane, chunks))), expected)
          assert.deepStrictEqual(readStream(Either.getOrThrow(lane.whole(answer)).out), expected)
        }
      ),
      runs
    )
  })
})
