/** What a provider is made to do wrong: each fault, in each framing, whole and streamed, on a clock that is turned. */
import { assert, describe, it } from "@effect/vitest"
import * as AnthropicMessages from "@penstock/gateway/protocols/anthropic-messages/AnthropicMessages"
import * as OllamaChat from "@penstock/gateway/protocols/ollama-chat/OllamaChat"
import * as OpenAiChat from "@penstock/gateway/protocols/openai-chat/OpenAiChat"
import type { Headers, Protocol } from "@penstock/gateway/protocols/Protocol"
import * as FaultTransport from "@penstock/gateway/providers/faults/FaultTransport"
import { stoppable, type Receiver, type Stop, type Transport } from "@penstock/gateway/providers/Transport"
import * as Framing from "@penstock/gateway/wire/Framing"
import { FaultConfig } from "@penstock/schema/config/Fault"
import * as GatewayError from "@penstock/schema/GatewayError"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { scripted, type Answer, type Scripted } from "../../exchange/transport.ts"
import { post } from "../loopback.ts"

const decode = Schema.decodeUnknownSync(FaultConfig)

const reading = (next: "more" | "pause" | "enough" = "more") => {
  let text = ""
  const heads: Array<{ readonly status: number; readonly headers: Headers }> = []
  const receiver: Receiver = {
    onHead: (status, headers) => void heads.push({ status, headers }),
    onChunk: (chunk) => {
      text += Buffer.from(chunk).toString("utf8")
      return next
    }
  }
  return { receiver, heads, text: () => text }
}

const run = (inner: Scripted, protocol: Protocol, fault: object, next?: "more" | "pause" | "enough") => {
  const reader = reading(next)
  const transport = FaultTransport.make(inner, protocol, decode(fault))
  return { ...reader, exchange: transport.exchange(post(), reader.receiver) }
}

/** Fails if it is still under way. */
const ended = (fiber: Fiber.RuntimeFiber<void, GatewayError.GatewayError>) =>
  Effect.flatMap(fiber.poll, (exit) =>
    exit._tag === "Some" ? Effect.succeed(exit.value) : Effect.die("still running")
  )

const isPending = (fiber: Fiber.RuntimeFiber<void, GatewayError.GatewayError>) =>
  Effect.map(fiber.poll, (exit) => exit._tag === "None")

const failsWith = (reason: string) => (exit: Exit.Exit<void, GatewayError.GatewayError>) =>
  assert.isTrue(
    Exit.isFailure(exit) && exit.cause._tag === "Fail" && exit.cause.error.reason === reason,
    JSON.stringify(exit)
  )

const whole: Answer = { headers: { "content-type": "application/json" }, chunks: ['{"a":', "1}"] }

const framings = [
  {
    protocol: OpenAiChat.protocol,
    type: "text/event-stream",
    events: ["data: 1\n\n", "event: x\r\ndata: 2\r\n\r\n", "data: 3\n\n"],
    comment: ": wait\n\n"
  },
  {
    protocol: OllamaChat.protocol,
    type: "application/x-ndjson",
    events: ['{"a":1}\n', '{"a":2}\r\n', '{"a":3}\n'],
    comment: "\n"
  }
] as const

for (const { comment, events, protocol, type } of framings) {
  const answering = (chunks: ReadonlyArray<string | Uint8Array> = events, then: Answer["then"] = "end") =>
    scripted(() => ({ headers: { "content-type": type }, chunks, then }))

  describe(`a fault of a stream in ${protocol.framing}`, () => {
    for (const count of [0, 1, 2, 3]) {
      it.effect(
        `cut_after ${count} passes so many events on, breaks the connection, and hangs up on the provider`,
        () =>
          Effect.gen(function* () {
            const inner = answering(events, "silence")
            const { exchange, heads, text } = run(inner, protocol, { cut_after: count })
            failsWith("network")(yield* Effect.exit(exchange))
            assert.strictEqual(heads.length, 1)
            assert.strictEqual(text(), events.slice(0, count).join(""))
            assert.strictEqual(inner.aborted(), 1)
          })
      )

      it.effect(`stall_after ${count} passes so many events on and never ends, until it is interrupted`, () =>
        Effect.gen(function* () {
          const inner = answering()
          const { exchange, text } = run(inner, protocol, { stall_after: count })
          const fiber = yield* Effect.fork(exchange)
          yield* TestClock.adjust("1 hour")
          assert.isTrue(yield* isPending(fiber))
          assert.strictEqual(text(), events.slice(0, count).join(""))
          yield* Fiber.interrupt(fiber)
        })
      )

      it.effect(`malformed_after ${count} puts a malformed event there and changes nothing else`, () =>
        Effect.gen(function* () {
          const { exchange, text } = run(answering(), protocol, { malformed_after: count })
          yield* exchange
          const splitter = Framing.make(protocol.framing)
          const frames = splitter.push(Buffer.from(text())).map((raw) => raw.toString())
          assert.strictEqual(splitter.waiting(), 0)
          const [bad] = frames.splice(count, 1)
          assert.deepStrictEqual(frames, [...events])
          const parsed = Framing.parse(protocol.framing, Buffer.from(bad!))
          assert.throws(() => JSON.parse(parsed!.data))
          assert.strictEqual(protocol.decoder().step(parsed!), "malformed")
        })
      )
    }

    it.effect("a stall hangs up on the provider while the caller still waits", () =>
      Effect.gen(function* () {
        const inner = answering(events, "silence")
        const fiber = yield* Effect.fork(run(inner, protocol, { stall_after: 1 }).exchange)
        yield* TestClock.adjust("1 second")
        assert.strictEqual(inner.aborted(), 1)
        assert.isTrue(yield* isPending(fiber))
        yield* Fiber.interrupt(fiber)
      })
    )

    it.effect("a stream that ends before the fault ends well, its last event without an end mark included", () =>
      Effect.gen(function* () {
        const chunks = [...events.slice(0, 2), events[2].trimEnd()]
        const { exchange, text } = run(answering(chunks), protocol, { cut_after: 9 })
        yield* exchange
        assert.strictEqual(text(), chunks.join(""))
      })
    )

    it.effect("what the receiver has enough of is whole, and no fault follows", () =>
      Effect.gen(function* () {
        const inner = answering()
        const { exchange, text } = run(inner, protocol, { cut_after: 1 }, "enough")
        yield* exchange
        assert.deepStrictEqual([text(), inner.enough()], [events[0], 1])
      })
    )

    it.effect("a receiver that pauses pauses the provider", () =>
      Effect.gen(function* () {
        const inner = answering()
        const fiber = yield* Effect.fork(run(inner, protocol, { cut_after: 2 }, "pause").exchange)
        yield* TestClock.adjust("1 second")
        assert.isTrue(inner.paused())
        yield* Fiber.interrupt(fiber)
        assert.strictEqual(inner.aborted(), 1)
      })
    )

    it.effect("interruption in the middle reaches the provider", () =>
      Effect.gen(function* () {
        const inner = answering(events, "silence")
        const fiber = yield* Effect.fork(run(inner, protocol, { cut_after: 9 }).exchange)
        yield* TestClock.adjust("1 second")
        yield* Fiber.interrupt(fiber)
        assert.strictEqual(inner.aborted(), 1)
      })
    )

    it.effect("events are counted however the network cuts them, and comments are none", () =>
      Effect.promise(() =>
        FastCheck.assert(
          FastCheck.asyncProperty(
            FastCheck.array(FastCheck.constantFrom(...events, comment), { minLength: 1, maxLength: 12 }),
            FastCheck.array(FastCheck.integer({ min: 1, max: 9 }), { minLength: 1 }),
            FastCheck.nat(12),
            (frames, sizes, count) => {
              const bytes = Buffer.from(frames.join(""))
              const chunks: Array<Uint8Array> = []
              for (let from = 0, at = 0; from < bytes.length; from += sizes[at++ % sizes.length]!) {
                chunks.push(bytes.subarray(from, from + sizes[at % sizes.length]!))
              }
              const { exchange, text } = run(answering(chunks), protocol, { cut_after: count })
              return Effect.runPromise(Effect.exit(exchange)).then((exit) => {
                const places = frames.flatMap((frame, index) => (frame === comment ? [] : [index + 1]))
                const end = count === 0 ? 0 : places[count - 1]
                assert.strictEqual(Exit.isSuccess(exit), end === undefined)
                assert.strictEqual(text(), frames.slice(0, end).join(""))
              })
            }
          ),
          { numRuns: 60 }
        )
      )
    )
  })
}

describe("a fault of a whole answer", () => {
  it.effect("cut breaks the connection behind the head, and stall never ends", () =>
    Effect.gen(function* () {
      const cut = run(
        scripted(() => whole),
        OpenAiChat.protocol,
        { cut_after: 3 }
      )
      failsWith("network")(yield* Effect.exit(cut.exchange))
      assert.deepStrictEqual([cut.heads.length, cut.text()], [1, ""])
      const stall = run(
        scripted(() => whole),
        OpenAiChat.protocol,
        { stall_after: 3 }
      )
      const fiber = yield* Effect.fork(stall.exchange)
      yield* TestClock.adjust("1 hour")
      assert.isTrue(yield* isPending(fiber))
      yield* Fiber.interrupt(fiber)
    })
  )

  it.effect("malformed_after has no stream to put an event into, and leaves it alone", () =>
    Effect.gen(function* () {
      const { exchange, text } = run(
        scripted(() => whole),
        OpenAiChat.protocol,
        { malformed_after: 0 }
      )
      yield* exchange
      assert.strictEqual(text(), '{"a":1}')
    })
  )
})

describe("a fault before the answer", () => {
  it.effect("delay comes first, whatever follows it", () =>
    Effect.gen(function* () {
      for (const more of [{}, { reset: true }, { status: 500 }, { cut_after: 0 }]) {
        const inner = scripted(() => whole)
        const { exchange, heads } = run(inner, OpenAiChat.protocol, { delay: "5s", ...more })
        const fiber = yield* Effect.fork(exchange)
        yield* TestClock.adjust("4999 millis")
        assert.isTrue(yield* isPending(fiber))
        assert.deepStrictEqual([inner.requests.length, heads.length], [0, 0])
        yield* TestClock.adjust("1 millis")
        yield* ended(fiber)
      }
    })
  )

  it.effect("interruption during the delay asks nobody", () =>
    Effect.gen(function* () {
      const inner = scripted(() => whole)
      const fiber = yield* Effect.fork(run(inner, OpenAiChat.protocol, { delay: "5s" }).exchange)
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(fiber)
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(inner.requests.length, 0)
    })
  )

  it.effect("reset breaks the connection before the head, and asks nobody", () =>
    Effect.gen(function* () {
      const inner = scripted(() => whole)
      const { exchange, heads } = run(inner, OpenAiChat.protocol, { reset: true })
      failsWith("network")(yield* Effect.exit(exchange))
      assert.deepStrictEqual([inner.requests.length, heads.length], [0, 0])
    })
  )

  for (const protocol of [OpenAiChat.protocol, AnthropicMessages.protocol, OllamaChat.protocol]) {
    it.effect(`status is answered in the words of ${protocol.id}, with its wait`, () =>
      Effect.gen(function* () {
        for (const [status, reason] of [
          [400, "invalid_request"],
          [401, "authentication"],
          [429, "rate_limit"],
          [500, "server"],
          [503, "server"]
        ] as const) {
          const inner = scripted(() => whole)
          const { exchange, heads, text } = run(inner, protocol, { status, retry_after: "2s" })
          yield* exchange
          const failure = protocol.failure(heads[0]!.status, JSON.parse(text()), heads[0]!.headers)
          assert.deepStrictEqual(
            [failure.reason, failure.upstream?.status, failure.retryAfterMillis, inner.requests.length],
            [reason, status, 2000, 0]
          )
          assert.include(failure.message, "on purpose")
        }
      })
    )
  }
})

describe("an exchange that is stopped from outside", () => {
  for (const [what, fault] of [
    ["during a delay", { delay: "5s", status: 500 }],
    ["in a stall behind a delay", { delay: "5ms", stall_after: 1 }],
    ["where the fault does not befall it", { probability: 0, reset: true }]
  ] as const) {
    it.effect(`ends ${what}, with what the one who stops it says`, () =>
      Effect.gen(function* () {
        const stops: Array<Stop> = []
        // A provider's transport that stops its own part, and would be asked to if the fault let it.
        const own = scripted(() => ({ chunks: ["data: 1\n\n"], then: "silence" }))
        const inner: Transport = {
          stops: true,
          exchange: (request, receiver) => {
            receiver.onStart?.(() => {})
            return own.exchange(request, receiver)
          }
        }
        const transport = FaultTransport.make(inner, OpenAiChat.protocol, decode(fault))
        const receiver: Receiver = { ...reading().receiver, onStart: (stop) => void stops.push(stop) }
        const fiber = yield* Effect.fork(stoppable(transport, post(), receiver))
        yield* TestClock.adjust("1 second")
        assert.strictEqual(stops.length, 1)
        stops[0]!(GatewayError.make("timeout", "enough"))
        failsWith("timeout")(yield* Fiber.await(fiber))
      })
    )
  }

  it.effect("is told at once that a slow provider is connected", () =>
    Effect.gen(function* () {
      let connected = 0
      const transport = FaultTransport.make(
        scripted(() => whole),
        OpenAiChat.protocol,
        decode({ delay: "5s" })
      )
      const receiver: Receiver = { ...reading().receiver, onConnect: () => void (connected += 1) }
      const fiber = yield* Effect.fork(transport.exchange(post(), receiver))
      yield* TestClock.adjust("1 second")
      assert.strictEqual(connected, 1)
      yield* Fiber.interrupt(fiber)
    })
  )
})

describe("which calls a fault befalls", () => {
  /** Which of so many calls in a row fail. */
  const befallen = (fault: object, calls = 64) => {
    const transport = FaultTransport.make(
      scripted(() => whole),
      OpenAiChat.protocol,
      decode({ reset: true, ...fault })
    )
    return Effect.forEach(Array.from({ length: calls }), () =>
      Effect.map(Effect.exit(transport.exchange(post(), reading().receiver)), Exit.isFailure)
    )
  }

  it.effect("the same seed befalls the same calls in order, another seed others", () =>
    Effect.gen(function* () {
      const first = yield* befallen({ probability: 0.5, seed: 7 })
      assert.deepStrictEqual(yield* befallen({ probability: 0.5, seed: 7 }), first)
      assert.notDeepEqual(yield* befallen({ probability: 0.5, seed: 8 }), first)
      assert.includeMembers(first, [true, false])
    })
  )

  it.effect("all of them by default, none with probability 0, with or without a seed", () =>
    Effect.gen(function* () {
      for (const seed of [{}, { seed: 1 }]) {
        assert.isTrue((yield* befallen(seed)).every((failed) => failed))
        assert.isFalse((yield* befallen({ ...seed, probability: 0 })).some((failed) => failed))
      }
    })
  )

  it.effect("the model list is never befallen, nor does it use up a draw", () =>
    Effect.gen(function* () {
      const fault = decode({ reset: true, probability: 0.5, seed: 7 })
      const transport = FaultTransport.make(
        scripted(() => whole),
        OpenAiChat.protocol,
        fault
      )
      const expected = yield* befallen({ probability: 0.5, seed: 7 }, 8)
      for (const failed of expected) {
        yield* transport.exchange({ ...post("/models"), method: "GET" }, reading().receiver)
        assert.strictEqual(Exit.isFailure(yield* Effect.exit(transport.exchange(post(), reading().receiver))), failed)
      }
    })
  )
})
