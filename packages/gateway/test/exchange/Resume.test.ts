/** A stream that broke, gone on with by another target: from the bytes of the one and the other to the caller's. */
import { assert, describe, it } from "@effect/vitest"
import type { Lane } from "@penstock/gateway/exchange/Call"
import * as Lanes from "@penstock/gateway/exchange/Lanes"
import { Transcript } from "@penstock/gateway/exchange/Transcript"
import { dialect, protocol as openaiChat } from "@penstock/gateway/protocols/openai-chat/OpenAiChat"
import type { Provider } from "@penstock/gateway/providers/Provider"
import * as Framing from "@penstock/gateway/wire/Framing"
import type { ChatRequest } from "@penstock/schema/ChatRequest"
import type { Completion } from "@penstock/schema/Completion"
import { fold, type StreamEvent, unfold } from "@penstock/schema/StreamEvent"
import * as Usage from "@penstock/schema/Usage"
import * as Either from "effect/Either"
import * as Effect from "effect/Effect"
import * as fc from "effect/FastCheck"
import { said } from "../failover/streams.ts"
import { completion, stream } from "../protocols/completions.ts"
import { wire } from "../protocols/openai-chat/wire.ts"
import { chunksOf, cut, type Cut, sseOptions } from "../wire/bytes.ts"
import { anthropic, ollama, openai, vendors, type Vendor } from "./answers.ts"

const facts = { contextWindow: null, maxOutputTokens: null }
const providerOf = ({ protocol }: Vendor): Provider => ({
  name: protocol.id,
  protocol,
  spoken: [protocol],
  endpoints: new Set(["chat"]),
  embeddingBatch: 2048,
  transport: { exchange: () => Effect.void },
  address: "in this test",
  addressSetting: "none",
  cachePrompt: false,
  headers: {},
  missing: null
})
const request: ChatRequest = {
  model: "m",
  messages: [{ role: "user", content: [{ type: "text", text: "hello" }] }],
  stream: true,
  extra: {}
}
const context = { created: 7, includeUsage: true }
const originalOf = (more: object = {}) => {
  const json = { model: "m", messages: [{ role: "user", content: "hello" }], stream: true, ...more }
  return { bytes: Buffer.from(JSON.stringify(json)), json }
}
const passedThrough = (vendor: Vendor, more: object = {}): Lane<Uint8Array> =>
  Lanes.passThrough(dialect, providerOf(vendor), "m", originalOf(more), context)
const translated = (vendor: Vendor): Lane<Uint8Array> =>
  Either.getOrThrow(Lanes.translated(dialect, providerOf(vendor), "m", request, facts, context))
const neutral = (vendor: Vendor): Lane<ReadonlyArray<StreamEvent>> =>
  Either.getOrThrow(Lanes.neutral(providerOf(vendor), "m", request, facts))

const onward = (lane: Lane<Uint8Array>, vendor: Vendor, transcript: Transcript, model = "other") =>
  lane.resume!({ provider: providerOf(vendor), model, facts, transcript })

/** What a lane gives for a body, or for the beginning of one. */
const relayed = <Out>(lane: Lane<Out>, chunks: ReadonlyArray<Uint8Array>, transcript: Transcript) => {
  const relay = lane.relay(transcript)
  const out = [...chunks.map((chunk) => relay.push(chunk)), relay.end()].filter((each) => each !== null)
  return { out, seen: relay.seen }
}

interface Chunk {
  readonly id: string
  readonly model: string
  readonly created: number
  readonly system_fingerprint?: string
  readonly choices: ReadonlyArray<{ readonly delta: { readonly role?: string } }>
}

/** What an OpenAI client makes of all that it was sent. */
const read = (bytes: Uint8Array) => {
  const decoder = openaiChat.decoder()
  const events: Array<StreamEvent> = []
  const chunks: Array<Chunk> = []
  let done = 0
  for (const raw of Framing.make("sse").push(bytes)) {
    const frame = Framing.parse("sse", raw)
    if (frame === null) continue
    if (frame.data === "[DONE]") done += 1
    else chunks.push(JSON.parse(frame.data))
    const step = decoder.step(frame)
    assert.notStrictEqual(step, "malformed")
    if (step !== "malformed") events.push(...step)
  }
  return { completion: fold(events), chunks, done }
}

/** Answers in the words of every vendor: what is made of them is the same for an OpenAI client. */
const plain = { ...wire, parts: ["reasoning", "text", "tool-call"], arguments: "object", stopSequence: false } as const
const answers = completion({
  ...plain,
  reasoning: { max: 1, signed: [], unsigned: true },
  finishReasons: ["stop", "tool_calls"]
})

interface Case {
  readonly completion: Completion
  readonly first: ReadonlyArray<StreamEvent>
  readonly second: ReadonlyArray<StreamEvent>
  readonly at: number
  readonly how: Cut
}
const cases: fc.Arbitrary<Case> = answers.chain((completion) =>
  fc.record({
    completion: fc.constant(completion),
    first: stream(completion),
    second: stream(completion),
    at: fc.nat(),
    how: cut
  })
)
const runs = { numRuns: 100 }

const pairs = vendors.flatMap((from) =>
  vendors.map((to) => ({ from: from.protocol.id, to: to.protocol.id, vendors: [from, to] as const }))
)

describe.each(pairs)("a stream from $from, cut and begun anew at $to", ({ vendors: [from, to] }) => {
  const lane = from === openai ? passedThrough(from) : translated(from)

  it("is one stream to an OpenAI client, wherever it was cut", () => {
    fc.assert(
      fc.property(cases, sseOptions, ({ at, completion, first, how, second }, options) => {
        const whole = from.stream(completion, first, options)
        const transcript = new Transcript()
        const begun = relayed(lane, chunksOf(whole.subarray(0, at % whole.length), how), transcript)
        // Before anything was sent there is nothing to go on from, and after the end nothing to go on with.
        fc.pre(transcript.id !== null && !begun.seen.finished)
        const { restart } = onward(lane, to, transcript)
        const ended = relayed(restart!, chunksOf(to.stream(completion, second, options), how), transcript)
        assert.isNull(ended.seen.failure)
        assert.isTrue(ended.seen.finished)
        const client = read(Buffer.concat([...begun.out, ...ended.out]))
        assert.strictEqual(client.done, 1)
        assert.deepStrictEqual(said(client.completion!.content), said(completion.content))
        assert.strictEqual(client.completion!.finishReason, completion.finishReason)
        assert.strictEqual(new Set(client.chunks.map(({ created, id, model }) => `${id} ${created} ${model}`)).size, 1)
        assert.strictEqual(client.chunks.filter((chunk) => chunk.choices[0]?.delta.role !== undefined).length, 1)
      }),
      runs
    )
  })

  it("is one stream to a program", () => {
    fc.assert(
      fc.property(cases, sseOptions, ({ at, completion, first, how, second }, options) => {
        const whole = from.stream(completion, first, options)
        const transcript = new Transcript()
        const begun = relayed(neutral(from), chunksOf(whole.subarray(0, at % whole.length), how), transcript)
        fc.pre(transcript.id !== null && !begun.seen.finished)
        const { restart } = neutral(from).resume!({ provider: providerOf(to), model: "other", facts, transcript })
        const ended = relayed(restart!, chunksOf(to.stream(completion, second, options), how), transcript)
        const answer = fold([...begun.out.flat(), ...ended.out.flat()])
        assert.deepStrictEqual(said(answer!.content), said(completion.content))
      }),
      runs
    )
  })

  it("goes on when the other answers whole, and breaks off without an end when it answers something else", () => {
    fc.assert(
      fc.property(cases, sseOptions, ({ at, completion, first }, options) => {
        const whole = from.stream(completion, first, options)
        const transcript = new Transcript()
        const begun = relayed(lane, [whole.subarray(0, at % whole.length)], transcript)
        fc.pre(transcript.text("text") !== "" && !begun.seen.finished)
        const before = transcript.text("text")
        const other = { ...completion, content: [{ type: "text", text: `\u0001${before}` }] } as const
        const { restart } = onward(lane, to, transcript)
        const broken = relayed(restart!, [to.stream(other, [...unfold(other)], options)], transcript)
        assert.strictEqual(broken.seen.failure?.code, "answers_differ")
        assert.isFalse(broken.seen.finished)
        assert.deepStrictEqual(broken.out, [])
        assert.strictEqual(Either.getOrThrow(Either.flip(restart!.whole(to.whole(other)))).code, "answers_differ")
        assert.strictEqual(transcript.text("text"), before)

        const { out, usage } = Either.getOrThrow(restart!.whole(to.whole(completion)))
        const client = read(Buffer.concat([...begun.out, out]))
        assert.deepStrictEqual(said(client.completion!.content), said(completion.content))
        assert.strictEqual(client.done, 1)
        assert.isTrue(usage === null || usage instanceof Usage.Usage)
      }),
      runs
    )
  })
})

const sse = (...chunks: ReadonlyArray<object>): Buffer =>
  Buffer.from(chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join(""))
const chunk = (choice: object) => ({
  id: "chatcmpl-abc",
  object: "chat.completion.chunk",
  created: 1234,
  model: "gpt-4o-2024-08-06",
  service_tier: "default",
  system_fingerprint: "fp_1",
  choices: [{ index: 0, delta: {}, finish_reason: null, ...choice }]
})
const role = chunk({ delta: { role: "assistant", content: "" } })
const says = (content: string) => chunk({ delta: { content } })
const answer = (text: string): Completion => ({
  id: "x",
  model: "another",
  content: [{ type: "text", text }],
  finishReason: "stop",
  usage: Usage.make({ input: 3, output: 4 })
})
const options = { newline: "\n", comments: false } as const
const streamOf = (vendor: Vendor, text: string) => vendor.stream(answer(text), [...unfold(answer(text))], options)

describe("a provider's own stream, gone on with", () => {
  it("keeps the provider's id, model, time and fingerprint in every chunk", () => {
    const lane = passedThrough(openai)
    const transcript = new Transcript()
    const begun = relayed(lane, [sse(role, says("Hel"))], transcript)
    const ended = relayed(onward(lane, anthropic, transcript).restart!, [streamOf(anthropic, "Hello")], transcript)
    const { chunks, completion } = read(Buffer.concat([...begun.out, ...ended.out]))
    assert.deepStrictEqual(completion?.content, [{ type: "text", text: "Hello" }])
    for (const each of chunks) {
      const { created, id, model, system_fingerprint } = each
      assert.deepStrictEqual(
        { created, id, model, system_fingerprint },
        { created: 1234, id: "chatcmpl-abc", model: "gpt-4o-2024-08-06", system_fingerprint: "fp_1" }
      )
    }
  })

  it("goes on in the tool calls that it had opened", () => {
    const calls = (...tool_calls: ReadonlyArray<object>) => chunk({ delta: { tool_calls } })
    const lane = passedThrough(openai)
    const transcript = new Transcript()
    const body = sse(
      role,
      calls({ index: 0, id: "a", type: "function", function: { name: "f", arguments: '{"x"' } }),
      calls({ index: 1, id: "b", type: "function", function: { name: "g", arguments: "" } })
    )
    const begun = relayed(lane, [body], transcript)
    const whole: Completion = {
      ...answer(""),
      content: [
        { type: "tool-call", id: "1", name: "f", arguments: '{"x":1}' },
        { type: "tool-call", id: "2", name: "g", arguments: "{}" },
        { type: "tool-call", id: "3", name: "h", arguments: "{}" }
      ],
      finishReason: "tool_calls"
    }
    const again = ollama.stream(whole, [...unfold(whole)], options)
    const ended = relayed(onward(lane, ollama, transcript).restart!, [again], transcript)
    assert.deepStrictEqual(read(Buffer.concat([...begun.out, ...ended.out])).completion?.content, [
      { type: "tool-call", id: "a", name: "f", arguments: '{"x":1}' },
      { type: "tool-call", id: "b", name: "g", arguments: "{}" },
      { type: "tool-call", id: "3", name: "h", arguments: "{}" }
    ])
  })

  it("is not gone on with once its finish_reason was there: the end of the body ends it", () => {
    for (const rest of ["", 'data: {"id":"chatcmpl-abc","cho']) {
      const transcript = new Transcript()
      const body = Buffer.concat([sse(role, says("Hello"), chunk({ finish_reason: "stop" })), Buffer.from(rest)])
      const { out, seen } = relayed(passedThrough(openai), [body], transcript)
      assert.isTrue(seen.finished)
      assert.strictEqual(read(Buffer.concat(out)).done, 1)
    }
  })

  it("is gone on with twice when the second target breaks as well", () => {
    const lane = passedThrough(openai)
    const transcript = new Transcript()
    const first = relayed(lane, [sse(role, says("He"))], transcript)
    const again = onward(lane, ollama, transcript).restart!
    const cutOff = streamOf(ollama, "Hello wor").toString().split("\n").slice(0, -2).join("\n") + "\n"
    const second = relayed(again, [Buffer.from(cutOff)], transcript)
    assert.isFalse(second.seen.finished)
    assert.strictEqual(transcript.text("text"), "Hello wor")
    const third = relayed(onward(again, anthropic, transcript).prefill!, [streamOf(anthropic, "ld!")], transcript)
    const client = read(Buffer.concat([...first.out, ...second.out, ...third.out]))
    assert.deepStrictEqual(client.completion?.content, [{ type: "text", text: "Hello world!" }])
    assert.strictEqual(client.completion?.finishReason, "stop")
    assert.strictEqual(client.done, 1)
  })
})

describe("the request to the next target", () => {
  const begun = (text: string): Transcript => {
    const transcript = new Transcript()
    relayed(passedThrough(openai), [sse(role, says(text))], transcript)
    return transcript
  }
  const bodyOf = (lane: Lane<Uint8Array> | null) => JSON.parse(Buffer.from(lane!.body).toString())

  it("ends with the beginning of the answer for a target that writes on", () => {
    const { prefill } = onward(passedThrough(openai), anthropic, begun("Once upon "))
    const body = bodyOf(prefill)
    assert.strictEqual(body.model, "other")
    assert.deepStrictEqual(body.messages.at(-1), {
      role: "assistant",
      content: [{ type: "text", text: "Once upon" }]
    })
    const continued = bodyOf(onward(passedThrough(openai), openai, begun("Once upon ")).prefill)
    assert.deepStrictEqual(continued.messages.at(-1), { role: "assistant", content: "Once upon" })
  })

  it("is the caller's own, byte for byte but for the model, for a target of the same wire that begins anew", () => {
    const { restart } = onward(passedThrough(openai, { vendor_field: 1 }), openai, begun("a"))
    const { stream_options, ...body } = bodyOf(restart)
    assert.deepStrictEqual(body, { ...originalOf({ vendor_field: 1 }).json, model: "other" })
    assert.deepStrictEqual(stream_options, { include_usage: true })
  })

  it("does not exist when the answer has more to it than events tell", () => {
    for (const more of [
      { n: 2 },
      { logprobs: true },
      { modalities: ["text", "audio"] },
      { web_search_options: {} },
      { tools: [{ type: "custom", custom: { name: "f" } }] }
    ]) {
      assert.deepStrictEqual(onward(passedThrough(openai, more), anthropic, begun("a")), {
        prefill: null,
        restart: null
      })
    }
    for (const more of [
      { n: 1 },
      { logprobs: false },
      { modalities: ["text"] },
      { n: null },
      JSON.parse('{"__proto__": {"n": 2}, "constructor": 1}')
    ]) {
      assert.isNotNull(onward(passedThrough(openai, more), anthropic, begun("a")).restart)
    }
  })

  it("does not exist when it cannot be said in the target's words", () => {
    const image = { role: "user", content: [{ type: "image_url", image_url: { url: "https://example.test/a.png" } }] }
    const lane = passedThrough(openai, { messages: [image] })
    assert.deepStrictEqual(onward(lane, ollama, begun("a")), { prefill: null, restart: null })
    assert.isNotNull(onward(lane, anthropic, begun("a")).restart)
    // Nor in the neutral model's, which only the caller's own wire does not need.
    assert.isNull(onward(passedThrough(openai, { messages: [{ role: "robot" }] }), anthropic, begun("a")).restart)
  })
})
