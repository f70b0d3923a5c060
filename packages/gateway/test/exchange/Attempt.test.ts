import { assert, describe, it } from "@effect/vitest"
import { Gateway } from "@penstock/gateway/Gateway"
import type { Completion } from "@penstock/schema/Completion"
import type { GatewayError } from "@penstock/schema/GatewayError"
import { unfold } from "@penstock/schema/StreamEvent"
import * as Usage from "@penstock/schema/Usage"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { anthropic, ollama, openai, vendors, type Vendor } from "./answers.ts"
import * as Harness from "./gateway.ts"
import type { Answer } from "./transport.ts"

const completion: Completion = {
  id: "answer-1",
  model: "m-2026",
  content: [{ type: "text", text: "Héllo 👋" }],
  finishReason: "stop",
  usage: Usage.make({ input: 5, output: 7 })
}
const json = { "content-type": "application/json; charset=utf-8" }
const options = { newline: "\n", comments: false } as const

/** A stream as one chunk per frame. */
const frames = (vendor: Vendor, answer: Completion = completion): ReadonlyArray<string> => {
  const end = vendor.protocol.framing === "sse" ? "\n\n" : "\n"
  const text = vendor.stream(answer, [...unfold(answer)], options).toString()
  return text
    .split(end)
    .slice(0, -1)
    .map((frame) => frame + end)
}

/** Runs a client's call to its end. */
const run = (vendor: Vendor, stream: boolean, answer: Answer) => {
  const harness = Harness.harness({ vendor, answer })
  const sink = Harness.sink<Uint8Array>()
  return Effect.gen(function* () {
    const gateway = yield* Gateway
    const exit = yield* Effect.either(gateway.run(yield* Harness.call(stream), sink))
    return { ...harness, sink, exit, failure: exit._tag === "Left" ? exit.left : null }
  }).pipe(Effect.provide(harness.layer))
}

const nothingSent = (sink: Harness.Recorded<Uint8Array>): void => {
  assert.lengthOf(sink.heads, 0)
  assert.lengthOf(sink.out, 0)
  assert.lengthOf(sink.ends, 0)
}

const overloaded: { readonly [id: string]: string } = {
  "openai-chat": 'data: {"error":{"message":"overloaded","type":"server_error"}}\n\n',
  "anthropic-messages":
    'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"overloaded"}}\n\n',
  "openai-responses":
    'event: error\ndata: {"type":"error","sequence_number":1,"code":"server_error","message":"overloaded","param":null}\n\n',
  "ollama-chat": '{"error":"overloaded"}\n'
}

describe.each(vendors.map((vendor) => ({ id: vendor.protocol.id, vendor })))("an answer from $id", ({ id, vendor }) => {
  it.effect("that is whole reaches the caller in one piece, with its cost in the head", () =>
    Effect.gen(function* () {
      const { exit, settlements, sink } = yield* run(vendor, false, {
        headers: json,
        chunks: [vendor.whole(completion).subarray(0, 9), vendor.whole(completion).subarray(9)]
      })
      assert.strictEqual(exit._tag, "Right")
      assert.deepStrictEqual(sink.heads, [
        { provider: "mock", model: "m", attempts: 1, fallback: false, dropped: [], cost: 19_000 as never }
      ])
      assert.deepStrictEqual(sink.ends, [19_000 as never])
      assert.lengthOf(sink.out, 1)
      assert.include(Harness.textOf(sink), "Héllo 👋")
      assert.deepInclude(settlements[0], { status: "ok", cost: 19_000 as never, firstTokenMillis: null, error: null })
    })
  )

  it.effect("that is streamed begins with the first token and ends with the cost, and its usage is settled", () =>
    Effect.gen(function* () {
      const { exit, settlements, sink } = yield* run(vendor, true, { chunks: frames(vendor) })
      assert.strictEqual(exit._tag, "Right")
      assert.lengthOf(sink.heads, 1)
      assert.isNull(sink.heads[0]?.cost)
      assert.deepStrictEqual(sink.ends, [19_000 as never])
      assert.include(Harness.textOf(sink), "Héllo 👋")
      assert.isTrue(Harness.textOf(sink).endsWith("data: [DONE]\n\n"))
      assert.deepInclude(settlements[0], { status: "ok", cost: 19_000 as never, firstTokenMillis: 0 })
      assert.deepStrictEqual(settlements[0]?.usage, completion.usage)
    })
  )

  it.effect("that is sent whole although a stream was asked for reaches the caller as a stream", () =>
    Effect.gen(function* () {
      const { exit, settlements, sink } = yield* run(vendor, true, {
        headers: json,
        chunks: [vendor.whole(completion)]
      })
      assert.strictEqual(exit._tag, "Right")
      assert.include(Harness.textOf(sink), '"chat.completion.chunk"')
      assert.isTrue(Harness.textOf(sink).endsWith("data: [DONE]\n\n"))
      assert.deepInclude(settlements[0], { status: "ok", cost: 19_000 as never })
    })
  )

  it.effect("that is a failed status is that failure, and nothing reaches the caller, streamed or not", () =>
    Effect.gen(function* () {
      const expected: { readonly [status: number]: GatewayError["reason"] } = {
        400: "invalid_request",
        401: "authentication",
        404: "model_not_found",
        413: "too_large",
        429: "rate_limit",
        500: "server",
        503: "server"
      }
      for (const stream of [true, false]) {
        for (const [status, reason] of Object.entries(expected)) {
          for (const body of ['{"error":{"message":"no"}}', "<html>no</html>", ""]) {
            const { failure, settlements, sink } = yield* run(vendor, stream, {
              status: Number(status),
              headers: { ...json, "retry-after": "2" },
              chunks: [body]
            })
            assert.strictEqual(failure?.reason, reason, `${status} ${body}`)
            assert.strictEqual(failure?.upstream?.status, Number(status))
            if (status === "429") assert.strictEqual(failure?.retryAfterMillis, 2000)
            nothingSent(sink)
            assert.deepInclude(settlements[0], { status: "error", usage: null, cost: null })
            assert.strictEqual(settlements[0]?.error?.reason, reason)
          }
        }
      }
    })
  )

  it.effect("that holds nothing to read is a failure of the provider", () =>
    Effect.gen(function* () {
      for (const body of ["", "not json", "[]", "{}"]) {
        const { failure, sink } = yield* run(vendor, false, { headers: json, chunks: [body] })
        assert.strictEqual(failure?.reason, "invalid_response", body)
        assert.strictEqual(failure?.status, 502)
        nothingSent(sink)
      }
    })
  )

  it.effect("that is cut before its first token fails cleanly, and nothing reaches the caller", () =>
    Effect.gen(function* () {
      const [first = ""] = frames(vendor)
      const cuts: ReadonlyArray<Answer> = [
        { chunks: [], then: "cut" },
        { chunks: [], then: "end" },
        { chunks: [first.slice(0, 20)], then: "cut" },
        { chunks: [first.slice(0, 20)], then: "end" },
        { then: "reset" }
      ]
      for (const answer of cuts) {
        const { failure, settlements, sink } = yield* run(vendor, true, answer)
        assert.strictEqual(failure?.reason, "network")
        nothingSent(sink)
        assert.deepInclude(settlements[0], { status: "error", firstTokenMillis: null })
      }
    })
  )

  it.effect("that is cut after its first token is never ended: the caller has what came, and the failure", () =>
    Effect.gen(function* () {
      const all = frames(vendor)
      const token = all.findIndex((frame) => frame.includes("Héllo"))
      for (const then of ["cut", "end"] as const) {
        const { failure, settlements, sink } = yield* run(vendor, true, { chunks: all.slice(0, token + 1), then })
        assert.strictEqual(failure?.reason, "network")
        assert.lengthOf(sink.heads, 1)
        assert.lengthOf(sink.ends, 0)
        assert.include(Harness.textOf(sink), "Héllo 👋")
        assert.notInclude(Harness.textOf(sink), "[DONE]")
        assert.deepInclude(settlements[0], { status: "error", firstTokenMillis: 0 })
      }
    })
  )

  it.effect("that breaks off with an error before its first token fails cleanly, though the status was 200", () =>
    Effect.gen(function* () {
      const chunks = [overloaded[id]!]
      const { failure, settlements, sink } = yield* run(vendor, true, { chunks, then: "silence" })
      assert.strictEqual(failure?.reason, "server")
      assert.include(failure?.message, "overloaded")
      nothingSent(sink)
      assert.strictEqual(settlements[0]?.error?.reason, "server")
    })
  )

  it.effect("that breaks off with an error later leaves the caller all that came before it, however it was cut", () =>
    Effect.gen(function* () {
      const two: Completion = { ...completion, content: [{ type: "text", text: "Héllo" }] }
      const all = frames(vendor, two)
      const token = all.findIndex((frame) => frame.includes("Héllo"))
      const [start, again] = [all.slice(0, token + 1).join(""), all[token]!.replace("Héllo", "again")]
      for (const chunks of [
        [start, again, overloaded[id]!],
        [start, again + overloaded[id]! + all.slice(token + 1).join("")]
      ]) {
        const { failure, sink } = yield* run(vendor, true, { chunks, then: "silence" })
        assert.strictEqual(failure?.reason, "server")
        assert.include(Harness.textOf(sink), "Héllo")
        assert.include(Harness.textOf(sink), "again")
        assert.notInclude(Harness.textOf(sink), "overloaded")
        assert.notInclude(Harness.textOf(sink), "[DONE]")
        assert.lengthOf(sink.ends, 0)
      }
    })
  )

  it.effect("ends at its terminal event, at once, although the connection stays open", () =>
    Effect.gen(function* () {
      const { exit, sink, transport } = yield* run(vendor, true, { chunks: frames(vendor), then: "silence" })
      assert.strictEqual(exit._tag, "Right")
      assert.lengthOf(sink.ends, 1)
      assert.strictEqual(transport.enough(), 1)
      assert.strictEqual(transport.aborted(), 0)
    })
  )

  it.effect("waits for a caller who takes no more, and goes on when it does", () => {
    const harness = Harness.harness({
      vendor,
      answer: {
        chunks: frames(vendor, {
          ...completion,
          content: [
            { type: "reasoning", text: "one" },
            { type: "text", text: "two" }
          ]
        })
      }
    })
    const sink = Harness.sink<Uint8Array>(1)
    return Effect.gen(function* () {
      const gateway = yield* Gateway
      const fiber = yield* Effect.fork(gateway.run(yield* Harness.call(true), sink))
      yield* Harness.settled
      assert.isTrue(harness.transport.paused())
      const delivered = harness.transport.delivered()
      yield* Harness.settled
      assert.strictEqual(harness.transport.delivered(), delivered)
      assert.lengthOf(sink.ends, 0)
      sink.drain()
      yield* Fiber.join(fiber)
      assert.isAbove(harness.transport.delivered(), delivered)
      assert.lengthOf(sink.ends, 1)
      assert.include(Harness.textOf(sink), "two")
    }).pipe(Effect.provide(harness.layer))
  })

  it.effect("is aborted at once when its caller leaves, and what it cost so far is settled as partial", () => {
    const all = frames(vendor)
    const token = all.findIndex((frame) => frame.includes("Héllo"))
    const harness = Harness.harness({ vendor, answer: { chunks: all.slice(0, token + 1), then: "silence" } })
    const sink = Harness.sink<Uint8Array>()
    return Effect.gen(function* () {
      const gateway = yield* Gateway
      const fiber = yield* Effect.fork(gateway.run(yield* Harness.call(true), sink))
      yield* Harness.settled
      assert.lengthOf(sink.heads, 1)
      assert.lengthOf(harness.settlements, 0)
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(harness.transport.aborted(), 1)
      assert.lengthOf(sink.ends, 0)
      assert.deepInclude(harness.settlements[0], { status: "partial", error: null, firstTokenMillis: 0 })
    }).pipe(Effect.provide(harness.layer))
  })
})

describe("an answer", () => {
  it.effect("from Anthropic that is left early has cost its input all the same", () => {
    const start = {
      type: "message_start",
      message: { id: "m", model: "c", content: [], usage: { input_tokens: 11, output_tokens: 1 } }
    }
    const answer: Answer = { chunks: [`event: message_start\ndata: ${JSON.stringify(start)}\n\n`], then: "silence" }
    const harness = Harness.harness({ vendor: anthropic, answer })
    return Effect.gen(function* () {
      const gateway = yield* Gateway
      const fiber = yield* Effect.fork(gateway.run(yield* Harness.call(true), Harness.sink()))
      yield* Harness.settled
      yield* Fiber.interrupt(fiber)
      assert.deepInclude(harness.settlements[0], { status: "partial", cost: 13_000 as never })
      assert.strictEqual(harness.settlements[0]?.usage?.promptTokens, 11)
    }).pipe(Effect.provide(harness.layer))
  })

  it.effect("without any token is an answer too", () =>
    Effect.gen(function* () {
      for (const vendor of [openai, anthropic, ollama]) {
        const { exit, settlements, sink } = yield* run(vendor, true, {
          chunks: frames(vendor, { ...completion, content: [] })
        })
        assert.strictEqual(exit._tag, "Right")
        assert.lengthOf(sink.heads, 1)
        assert.isTrue(Harness.textOf(sink).endsWith("data: [DONE]\n\n"))
        assert.deepInclude(settlements[0], { status: "ok", firstTokenMillis: null })
      }
    })
  )

  it.effect("from a provider that nobody answers for is a failure that says what to set", () =>
    Effect.gen(function* () {
      const { failure, sink } = yield* run(openai, true, { then: "unreachable" })
      assert.strictEqual(failure?.reason, "unreachable")
      assert.strictEqual(failure?.status, 503)
      assert.include(failure?.message, "ECONNREFUSED")
      assert.include(failure?.message, "providers.mock.base_url")
      nothingSent(sink)
    })
  )

  it.effect("is asked for with the provider's headers and in the provider's words", () =>
    Effect.gen(function* () {
      for (const vendor of vendors) {
        const { transport } = yield* run(vendor, false, { headers: json, chunks: [vendor.whole(completion)] })
        const [sent] = transport.requests
        assert.strictEqual(sent?.path, vendor.protocol.chatPath)
        assert.strictEqual(sent?.headers["x-key"], "secret")
        assert.strictEqual(JSON.parse(Buffer.from(sent?.body ?? "").toString()).model, "m")
      }
    })
  )
})
