import { assert, describe, it } from "@effect/vitest"
import * as Relays from "@penstock/gateway/operations/Relays"
import * as Tokens from "@penstock/gateway/operations/Tokens"
import * as fc from "effect/FastCheck"

const sse = (value: object, more = "") => `data: ${JSON.stringify(value)}\n${more}\n`
const headers = { "content-type": "text/event-stream; charset=utf-8" }
const ending = { type: "speech.audio.done", count: 1 }
const done = sse({ type: "speech.audio.done", usage: { input_tokens: 3, output_tokens: 9, total_tokens: 12 } })
const delta = sse({ type: "speech.audio.delta", audio: "aGk=" })

const relayed = (text: string, cuts: ReadonlyArray<number>, end = ending) => {
  const relay = Relays.make(headers, end, Tokens.read({ output: true }))
  const bytes = Buffer.from(text)
  const places = [...cuts.map((cut) => cut % bytes.length), bytes.length].sort((one, other) => one - other)
  let from = 0
  const out: Array<Uint8Array> = []
  for (const to of places) {
    const piece = relay.push(bytes.subarray(from, to))
    if (piece !== null) out.push(piece)
    from = to
  }
  const rest = relay.end()
  if (rest !== null) out.push(rest)
  return { seen: relay.seen, text: Buffer.concat(out).toString() }
}

describe("a stream of events", () => {
  it("is passed on byte for byte, wherever it was cut, and finished by its last event", () => {
    const text = `: hello\n\n${delta}event: x\n${delta}${done}`
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 6 }), (cuts) => {
        const { seen, text: out } = relayed(text, cuts)
        assert.strictEqual(out, text)
        assert.deepStrictEqual([seen.token, seen.finished, seen.usage?.outputAudio], [true, true, 9])
      })
    )
  })

  it("without its last event is not finished, and what follows that is not part of it", () => {
    assert.isFalse(relayed(delta, []).seen.finished)
    assert.strictEqual(relayed(done + delta, [3]).text, done)
  })

  it("of several pictures is finished by the last one", () => {
    const two = { type: "speech.audio.done", count: 2 }
    assert.isFalse(relayed(done, [], two).seen.finished)
    assert.isTrue(relayed(done + done, [], two).seen.finished)
  })

  it("leaves out what cannot be read, and the provider's error, which it tells", () => {
    const { seen, text } = relayed(`data: {oops\n\n${delta}`, [])
    assert.deepStrictEqual([seen.malformed, text], [1, delta])
    const failed = relayed(
      delta + sse({ type: "error", error: { message: "no", type: "rate_limit_error" } }) + done,
      []
    )
    assert.deepStrictEqual(
      [failed.text, failed.seen.failure?.reason, failed.seen.finished],
      [delta, "rate_limit", false]
    )
  })
})

describe("sound", () => {
  it("is whole when its body has ended, and no answer when it is empty", () => {
    const relay = Relays.make({ "content-type": "audio/mpeg" }, ending, Tokens.read())
    assert.deepStrictEqual(relay.push(Buffer.from("ab")), Buffer.from("ab"))
    assert.deepStrictEqual([relay.seen.token, relay.seen.finished], [true, false])
    relay.end()
    assert.isTrue(relay.seen.finished)
    const empty = Relays.make({}, ending, Tokens.read())
    empty.end()
    assert.strictEqual(empty.seen.failure?.reason, "invalid_response")
  })
})

describe("tokens", () => {
  it("are counted in disjoint buckets, and seconds are none", () => {
    const heard = Tokens.read()({
      usage: { input_tokens: 14, input_token_details: { audio_tokens: 10 }, output_tokens: 5 }
    })
    assert.deepStrictEqual([heard?.input, heard?.inputAudio, heard?.output, heard?.totalTokens], [4, 10, 5, 19])
    assert.strictEqual(Tokens.read()({ usage: { prompt_tokens: 7, total_tokens: 7 } })?.input, 7)
    assert.isNull(Tokens.read()({ usage: { type: "duration", seconds: 3 } }))
    assert.isNull(Tokens.read()({}))
  })
})
