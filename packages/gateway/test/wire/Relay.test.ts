import { assert, describe, it } from "@effect/vitest"
import * as AnthropicMessages from "@penstock/gateway/protocols/anthropic-messages/AnthropicMessages"
import * as OllamaChat from "@penstock/gateway/protocols/ollama-chat/OllamaChat"
import { dialect, protocol } from "@penstock/gateway/protocols/openai-chat/OpenAiChat"
import * as Chat from "@penstock/gateway/protocols/openai-chat/PassThrough"
import * as Relay from "@penstock/gateway/wire/Relay"
import type { StreamEvent } from "@penstock/schema/StreamEvent"
import * as fc from "effect/FastCheck"
import { openai } from "../exchange/answers.ts"
import { streamed } from "../protocols/completions.ts"
import { chunksOf, cut, sseOptions, type Cut } from "./bytes.ts"

/** For a caller who asked for usage, or did not. */
const passThrough = (includeUsage: boolean) =>
  Relay.passThrough(protocol, includeUsage ? () => false : Chat.passThrough.isUsageOnly, Chat.passThrough.endMark)

const through = (body: Uint8Array | string, includeUsage: boolean, how: Cut = "whole") => {
  const relay = passThrough(includeUsage)
  const out: Array<Uint8Array> = []
  for (const chunk of chunksOf(Buffer.from(body), how)) out.push(relay.push(chunk) ?? Buffer.alloc(0))
  out.push(relay.end() ?? Buffer.alloc(0))
  return { text: Buffer.concat(out).toString(), seen: relay.seen }
}

const data = (value: object | string): string =>
  `data: ${typeof value === "string" ? value : JSON.stringify(value)}\n\n`
const chunk = (choice: object, more: object = {}): string =>
  data({
    id: "a",
    model: "m",
    vendor_field: [1.0, null],
    choices: [{ index: 0, delta: {}, ...choice }],
    ...more
  })
const says = (content: string): string => chunk({ delta: { content } })
const stops = chunk({ finish_reason: "stop" })
const counts = { prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 }
const usageOnly = data({ id: "a", model: "m", choices: [], usage: counts })
const done = data("[DONE]")
const failure = data({ error: { message: "overloaded", type: "server_error", code: null } })

/** The relays' promises hold however the network cuts. */
const cuts: ReadonlyArray<Cut> = ["whole", "bytes", [7, 40, 41, 200, 333]]

describe("a stream that is passed through", () => {
  it("keeps every byte when there is nothing to hide", () => {
    fc.assert(
      fc.property(streamed(openai.wire), cut, sseOptions, ({ completion, events }, how, options) => {
        const body = openai.stream(completion, events, options)
        const { seen, text } = through(body, true, how)
        assert.strictEqual(text, body.toString())
        assert.deepStrictEqual(seen.usage, completion.usage)
        assert.isTrue(seen.finished)
      }),
      { numRuns: 200 }
    )
  })

  it("loses nothing but the usage-only chunk when usage was not asked for", () => {
    for (const how of cuts) {
      const { seen, text } = through(`: hello\n\n${says("hé")}${stops}${usageOnly}${done}`, false, how)
      assert.strictEqual(text, `: hello\n\n${says("hé")}${stops}${done}`)
      assert.strictEqual(seen.usage?.totalTokens, 12)
    }
  })

  it("keeps the usage-only chunk when usage was asked for", () => {
    const body = says("a") + stops + usageOnly + done
    assert.strictEqual(through(body, true).text, body)
  })

  it("loses nothing when a vendor sends usage in the same chunk as something else", () => {
    for (const how of cuts) {
      const body =
        chunk({ delta: { content: "a" } }, { usage: counts }) +
        chunk({ finish_reason: "stop" }, { usage: counts }) +
        done
      const { seen, text } = through(body, false, how)
      assert.strictEqual(text, body)
      assert.strictEqual(seen.usage?.totalTokens, 12)
    }
  })

  it("hides usage that comes without any choices too: a client would look for them", () => {
    for (const bare of [data({ id: "a", usage: counts }), data({ id: "a", choices: null, usage: counts })]) {
      assert.strictEqual(through(says("a") + stops + bare + done, false).text, says("a") + stops + done)
    }
  })

  it("leaves out malformed frames and counts them", () => {
    for (const how of cuts) {
      const { seen, text } = through(
        `${says("a")}data: {"broken\n\n${data("[1]")}${says("b")}${data({ surprise: 1 })}${stops}${done}`,
        true,
        how
      )
      assert.strictEqual(text, says("a") + says("b") + stops + done)
      assert.strictEqual(seen.malformed, 3)
      assert.isTrue(seen.finished)
    }
  })

  it("does not pass an error on, nor what follows it: it is seen", () => {
    for (const how of cuts) {
      const { seen, text } = through(says("a") + failure + says("b") + stops + done, true, how)
      assert.strictEqual(text, says("a"))
      assert.isFalse(seen.finished)
      assert.strictEqual(seen.failure?.reason, "server")
      assert.include(seen.failure?.message, "overloaded")
    }
  })

  it("gets its end mark once when the provider left it out, and never twice", () => {
    for (const how of cuts) {
      const whole = says("a") + stops + done
      assert.strictEqual(through(says("a") + stops, true, how).text, whole)
      assert.strictEqual(through(whole, true, how).text, whole)
      assert.strictEqual(through(whole + done, true, how).text, whole)
      assert.strictEqual(through(whole.slice(0, -2), true, how).text, whole)
      // A mark with space around it, as the decoder takes it, is one.
      const spaced = `${says("a")}${stops}data:  [DONE] \n\n`
      assert.strictEqual(through(spaced, true, how).text, spaced)
    }
  })

  it("ends at its end mark, whatever follows", () => {
    for (const how of cuts) {
      const body = says("a") + stops + done
      assert.strictEqual(through(`${body}: cost\n\n${says("more")}${usageOnly}`, true, how).text, body)
    }
  })

  it("is not finished when it was cut before a finish_reason, and gets no end mark", () => {
    for (const body of ["", says("a"), says("a") + stops.slice(0, -20), says("a") + usageOnly]) {
      for (const how of cuts) {
        const { seen, text } = through(body, true, how)
        assert.isFalse(seen.finished)
        assert.notInclude(text, "[DONE]")
      }
    }
  })

  it("passes no half of a frame on when it was cut, but the last one when only its end mark is missing", () => {
    const next = says("b")
    for (let at = 0; at < next.length; at++) {
      const { seen, text } = through(says("a") + next.slice(0, at), true)
      assert.strictEqual(text.trimEnd(), (says("a") + (at < next.length - 2 ? "" : next)).trimEnd())
      assert.isFalse(seen.finished)
    }
  })

  it("knows when the first token is there", () => {
    const tokenless = [": keep-alive\n\n", chunk({ delta: { role: "assistant", content: "" } }), usageOnly]
    const tokens = [
      says("x"),
      chunk({ delta: { reasoning_content: "hm" } }),
      chunk({ delta: { refusal: "no" } }),
      chunk({
        delta: { tool_calls: [{ index: 0, id: "c", type: "function", function: { name: "f", arguments: "" } }] }
      })
    ]
    for (const token of tokens) {
      const relay = passThrough(true)
      for (const each of tokenless) {
        relay.push(Buffer.from(each))
        assert.isFalse(relay.seen.token)
      }
      relay.push(Buffer.from(token))
      assert.isTrue(relay.seen.token)
    }
  })
})

describe("a provider's error within a stream", () => {
  const anthropicStart =
    'event: message_start\ndata: {"type":"message_start","message":{"id":"m","model":"c","content":[],"usage":{"input_tokens":3}}}\n\n'
  const anthropicError = (type: string) =>
    `event: error\ndata: ${JSON.stringify({ type: "error", error: { type, message: "no" } })}\n\n`
  const reasonOf = (body: string, from = protocol) => {
    const relay = Relay.toEvents(from)
    relay.push(Buffer.from(body))
    return relay.seen.failure?.reason
  }

  it("is classified as it would be had it come as a status", () => {
    const openai = (error: object) => reasonOf(data({ error: { message: "no", ...error } }))
    assert.strictEqual(openai({ code: "rate_limit_exceeded" }), "rate_limit")
    assert.strictEqual(openai({ code: "context_length_exceeded", type: "invalid_request_error" }), "context_length")
    assert.strictEqual(openai({ code: 429 }), "rate_limit")
    assert.strictEqual(openai({}), "server")
    const anthropic = (type: string) => reasonOf(anthropicStart + anthropicError(type), AnthropicMessages.protocol)
    assert.strictEqual(anthropic("rate_limit_error"), "rate_limit")
    assert.strictEqual(anthropic("overloaded_error"), "server")
    assert.strictEqual(anthropic("invalid_request_error"), "invalid_request")
    assert.strictEqual(reasonOf('{"error":"model runner stopped"}\n', OllamaChat.protocol), "server")
  })

  it("ends the stream for every reader, whatever follows in the same chunk", () => {
    const line = (fields: object) => `${JSON.stringify({ model: "m", created_at: "t", done: false, ...fields })}\n`
    const text = (content: string) => line({ message: { role: "assistant", content } })
    const body = `${text("a")}{"error":"gone"}\n${text("b")}${line({ message: { content: "" }, done: true })}`
    for (const how of cuts) {
      const events = Relay.toEvents(OllamaChat.protocol)
      const seen: Array<StreamEvent> = []
      for (const each of chunksOf(Buffer.from(body), how)) seen.push(...(events.push(each) ?? []))
      seen.push(...(events.end() ?? []))
      assert.deepStrictEqual(
        seen.map((event) => event.type),
        ["start", "text-start", "text-delta"]
      )
      assert.isFalse(events.seen.finished)
      assert.strictEqual(events.seen.failure?.reason, "server")

      const translated = Relay.translate(OllamaChat.protocol, dialect.encoder({ created: 1, includeUsage: false }))
      let out = ""
      for (const each of chunksOf(Buffer.from(body), how)) out += Buffer.from(translated.push(each) ?? []).toString()
      out += Buffer.from(translated.end() ?? []).toString()
      assert.include(out, '"a"')
      assert.notInclude(out, '"b"')
      assert.notInclude(out, "[DONE]")
      assert.notInclude(out, "gone")
    }
  })

  it("leaves the counts that were known before it", () => {
    const relay = Relay.toEvents(AnthropicMessages.protocol)
    relay.push(Buffer.from(anthropicStart + anthropicError("overloaded_error")))
    assert.strictEqual(relay.seen.usage?.promptTokens, 3)
  })
})

describe("a frame without an end", () => {
  it("is given up as a failure before it fills the memory", () => {
    const relay = Relay.toEvents(protocol)
    const chunk = Buffer.alloc(8 * 1024 * 1024, "x")
    relay.push(Buffer.from("data: "))
    for (let sent = 0; sent <= 8; sent++) relay.push(chunk)
    assert.strictEqual(relay.seen.failure?.reason, "invalid_response")
  })
})
