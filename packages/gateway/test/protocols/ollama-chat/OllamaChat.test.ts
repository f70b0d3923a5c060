import { assert, describe, it } from "@effect/vitest"
import { protocol } from "@penstock/gateway/protocols/ollama-chat/OllamaChat"
import { fold, type StreamEvent } from "@penstock/schema/StreamEvent"
import * as Usage from "@penstock/schema/Usage"
import * as fc from "effect/FastCheck"
import * as Either from "effect/Either"
import { streamed } from "../completions.ts"
import { expected, lines, ollama, whole } from "./wire.ts"

/** The events of a stream of lines, and how many lines were malformed. */
const read = (data: ReadonlyArray<string>): { readonly events: Array<StreamEvent>; readonly malformed: number } => {
  const decoder = protocol.decoder()
  const events: Array<StreamEvent> = []
  let malformed = 0
  for (const each of data) {
    const step = decoder.step({ event: "", data: each })
    if (step === "malformed") malformed += 1
    else events.push(...step)
  }
  events.push(...decoder.end())
  return { events, malformed }
}

const line = (fields: object): string =>
  JSON.stringify({ model: "qwen3", created_at: "2025-10-17T23:14:07Z", done: false, ...fields })

const answer = (fields: object): unknown => JSON.parse(line({ done: true, done_reason: "stop", ...fields }))

describe("an Ollama answer", () => {
  it("means the same whole and streamed", () => {
    fc.assert(
      fc.property(streamed(ollama), fc.boolean(), ({ completion, events }, early) => {
        const complete = protocol.decode(whole(completion))
        assert.deepStrictEqual(complete, Either.right(expected(completion)))
        const stream = read(lines(completion, events, early))
        assert.strictEqual(stream.malformed, 0)
        assert.deepStrictEqual(fold(stream.events), expected(completion))
      })
    )
  })

  it("opens and closes its parts one after the other, counting from 0", () => {
    fc.assert(
      fc.property(streamed(ollama), ({ completion, events }) => {
        let next = 0
        let open: number | null = null
        for (const event of read(lines(completion, events)).events) {
          if (event.type.endsWith("-start") && "index" in event) {
            assert.strictEqual(open, null)
            assert.strictEqual(event.index, next)
            open = next
            next += 1
          } else if ("index" in event) {
            assert.strictEqual(event.index, open)
            if (event.type.endsWith("-end")) open = null
          }
        }
        assert.strictEqual(open, null)
      })
    )
  })

  it("numbers tool calls that come without an id, the same whole and streamed", () => {
    const call = (name: string) => ({ function: { name, arguments: { city: "Bern" } } })
    const complete = Either.getOrThrow(
      protocol.decode(answer({ message: { role: "assistant", content: "", tool_calls: [call("a"), call("b")] } }))
    )
    assert.deepStrictEqual(complete.content, [
      { type: "tool-call", id: "call_0", name: "a", arguments: '{"city":"Bern"}' },
      { type: "tool-call", id: "call_1", name: "b", arguments: '{"city":"Bern"}' }
    ])
    assert.strictEqual(complete.finishReason, "tool_calls")
    const stream = read([
      line({ message: { role: "assistant", content: "", tool_calls: [call("a")] } }),
      line({ message: { role: "assistant", content: "", tool_calls: [call("b")] } }),
      line({ message: { role: "assistant", content: "" }, done: true, done_reason: "stop" })
    ])
    assert.deepStrictEqual(fold(stream.events), complete)
  })

  it("has no counts when Ollama sent none, and a zero for the one that it left out", () => {
    const usage = (fields: object) =>
      Either.getOrThrow(protocol.decode(answer({ message: { role: "assistant", content: "x" }, ...fields }))).usage
    assert.strictEqual(usage({}), null)
    assert.deepStrictEqual(usage({ eval_count: 3 }), Usage.make({ output: 3 }))
    assert.deepStrictEqual(usage({ prompt_eval_count: -1, eval_count: 3 }), Usage.make({ output: 3 }))
  })

  it.each(["load", "unload", "something new"])("ends with stop when the reason is %s", (done_reason) => {
    const complete = protocol.decode(answer({ message: { role: "assistant", content: "" }, done_reason }))
    assert.strictEqual(Either.getOrThrow(complete).finishReason, "stop")
  })

  it("keeps the order of thinking that comes back after text", () => {
    const { events } = read([
      line({ message: { content: "", thinking: "a" } }),
      line({ message: { content: "b" } }),
      line({ message: { content: "", thinking: "c" } }),
      line({ message: { content: "d" }, done: true })
    ])
    assert.deepStrictEqual(fold(events)?.content, [
      { type: "reasoning", text: "a" },
      { type: "text", text: "b" },
      { type: "reasoning", text: "c" },
      { type: "text", text: "d" }
    ])
  })
})

describe("a broken Ollama answer", () => {
  it("has no finish when its last line is missing", () => {
    fc.assert(
      fc.property(streamed(ollama), ({ completion, events }) => {
        const cut = read(lines(completion, events).slice(0, -1))
        assert.isFalse(cut.events.some((event) => event.type === "finish"))
      })
    )
  })

  it("tells an error line from an answer", () => {
    const { events } = read([line({ message: { content: "Hel" } }), '{"error":"llama runner process has terminated"}'])
    const last = events.at(-1)
    assert.deepInclude(last?.type === "error" ? last.error : {}, {
      reason: "server",
      message: "Ollama: llama runner process has terminated"
    })
    assert.strictEqual(fold(events), null)
  })

  it("survives lines that are no answer, and says how many there were", () => {
    const junk = ["", "{", "null", "[]", '"text"', "{}", '{"message":"text"}', '{"done":"yes"}']
    const { events, malformed } = read([...junk, line({ message: { content: "ok" }, done: true })])
    assert.strictEqual(malformed, junk.length)
    assert.deepStrictEqual(fold(events)?.content, [{ type: "text", text: "ok" }])
  })

  it("never throws, whatever JSON it is given", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (body, message) => {
        protocol.decode(body)
        protocol.decode({ message, done: true })
        protocol.modelNames(body)
        assert.strictEqual(protocol.failure(500, body, {}).reason, "server")
        read([JSON.stringify(body), JSON.stringify({ message, done: true })])
      })
    )
  })

  it.each([
    ["not an object", []],
    ["no message", { done: true }],
    ["not done", { message: { content: "x" }, done: false }]
  ])("is invalid_response when whole and %s", (_, body) => {
    const decoded = protocol.decode(body)
    assert.isTrue(Either.isLeft(decoded) && decoded.left.reason === "invalid_response")
  })
})

describe("an Ollama failure", () => {
  it.each([
    [400, "invalid_request"],
    [401, "authentication"],
    [403, "authentication"],
    [404, "model_not_found"],
    [408, "timeout"],
    [413, "too_large"],
    [429, "rate_limit"],
    [500, "server"],
    [503, "server"],
    [504, "timeout"]
  ])("with status %i is %s", (status, reason) => {
    const error = protocol.failure(status, { error: "no" }, {})
    assert.strictEqual(error.reason, reason)
    assert.deepStrictEqual(error.upstream, { status, code: null })
    assert.include(error.message, "no")
  })

  it("says how to get a model that is not there", () => {
    const error = protocol.failure(404, { error: "model 'qwen3:8b' not found" }, {})
    assert.include(error.message, "ollama pull qwen3:8b")
  })

  it("says how long to wait where the server does", () => {
    assert.strictEqual(protocol.failure(429, "", { "retry-after": "2" }).retryAfterMillis, 2000)
    assert.strictEqual(protocol.failure(429, "", { "retry-after": "soon" }).retryAfterMillis, undefined)
  })
})

describe("an Ollama server", () => {
  it("needs no key, and takes one as a bearer", () => {
    assert.deepStrictEqual(protocol.authorize(null), {})
    assert.deepStrictEqual(protocol.authorize("k"), { authorization: "Bearer k" })
  })

  it("lists its models by name", () => {
    const list = { models: [{ name: "a:latest", model: "a:latest" }, { name: "b" }, {}, null] }
    assert.deepStrictEqual(protocol.modelNames(list), ["a:latest", "b"])
  })
})
