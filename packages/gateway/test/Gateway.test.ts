import { assert, describe, it } from "@effect/vitest"
import { Gateway } from "@penstock/gateway/Gateway"
import { Ledger } from "@penstock/gateway/ledger/Ledger"
import type { Completion } from "@penstock/schema/Completion"
import { fold, unfold } from "@penstock/schema/StreamEvent"
import * as Usage from "@penstock/schema/Usage"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Cause from "effect/Cause"
import * as fc from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { openai, vendors, type Vendor } from "./exchange/answers.ts"
import { harness, request, settled, type Harness, type Options } from "./exchange/gateway.ts"
import type { Answer } from "./exchange/transport.ts"
import { streamed } from "./protocols/completions.ts"
import { chunksOf, cut } from "./wire/bytes.ts"

const completion: Completion = {
  id: "answer-1",
  model: "m-2026",
  content: [{ type: "text", text: "Héllo 👋" }],
  finishReason: "stop",
  usage: Usage.make({ input: 5, output: 7 })
}
const json = { "content-type": "application/json" }
const whole = (vendor: Vendor, answer = completion): Answer => ({ headers: json, chunks: [vendor.whole(answer)] })
const stream = (vendor: Vendor, answer = completion): Answer => ({
  chunks: [vendor.stream(answer, [...unfold(answer)], { newline: "\n", comments: false })]
})

const over = <A, E>(
  options: Options,
  use: (gateway: typeof Gateway.Service, harness: Harness) => Effect.Effect<A, E, Ledger>
): Effect.Effect<A, E> => {
  const made = harness(options)
  return Effect.flatMap(Gateway, (gateway) => use(gateway, made)).pipe(Effect.provide(made.layer))
}

/** The ledger's only row. */
const row = Effect.flatMap(Ledger, (ledger) => ledger.requests({})).pipe(
  Effect.map(({ requests }) => {
    assert.lengthOf(requests, 1)
    return requests[0]!
  })
)

describe.each(vendors.map((vendor) => ({ id: vendor.protocol.id, vendor })))("over $id", ({ vendor }) => {
  const model = (answer: Completion) => ({ ...answer, id: "" })

  it.effect("complete gives the whole answer, and the ledger has what it cost", () =>
    over({ vendor, answer: whole(vendor) }, (gateway) =>
      Effect.gen(function* () {
        const answer = yield* gateway.complete(request, { workflowName: "daily" })
        assert.deepStrictEqual(model(answer), model(completion))
        assert.deepInclude(yield* row, {
          status: "ok",
          success: true,
          provider: "mock",
          model: "m",
          requested_model: "mock/m",
          endpoint: "chat.completions",
          workflow_name: "daily",
          key_name: null,
          stream: false,
          prompt_tokens: 5,
          completion_tokens: 7,
          cost_nanousd: 19_000,
          attempts: 1,
          error: null
        })
      })
    )
  )

  it.effect("stream gives the same answer in events, and the ledger has what it cost", () =>
    over({ vendor, answer: stream(vendor) }, (gateway) =>
      Effect.gen(function* () {
        const events = yield* Stream.runCollect(gateway.stream(request))
        assert.deepStrictEqual(model(fold(Chunk.toArray(events))!), model(completion))
        assert.deepInclude(yield* row, {
          status: "ok",
          stream: true,
          total_tokens: 12,
          cost_nanousd: 19_000,
          first_token_ms: 0
        })
      })
    )
  )

  it.effect("stream fails when the answer is cut, after what had come", () => {
    const { chunks = [] } = stream(vendor)
    const body = Buffer.concat(chunks.map((chunk) => Buffer.from(chunk)))
    const token = body.indexOf("\n", body.indexOf("Héllo")) + 2
    return over({ vendor, answer: { chunks: [body.subarray(0, token)], then: "cut" } }, (gateway) =>
      Effect.gen(function* () {
        const events: Array<string> = []
        const error = yield* Effect.flip(
          Stream.runForEach(gateway.stream(request), (event) => Effect.sync(() => events.push(event.type)))
        )
        assert.strictEqual(error.reason, "network")
        assert.include(events, "text-delta")
        assert.notInclude(events, "finish")
        assert.strictEqual((yield* row).status, "error")
      })
    )
  })
})

describe("the ledger's row", () => {
  it.effect("is there before anything is sent, and settled after", () =>
    over({ vendor: openai, answer: whole(openai) }, (gateway, { steps }) =>
      Effect.map(gateway.complete(request), () => assert.deepStrictEqual(steps, ["open", "request", "settle"]))
    )
  )

  it.effect("is settled exactly once, with the call's own outcome, whatever happens", () => {
    const status = fc.constantFrom(200, 200, 200, 200, 400, 401, 429, 500, 529)
    const then = fc.constantFrom(
      "end" as const,
      "cut" as const,
      "silence" as const,
      "reset" as const,
      "unreachable" as const
    )
    const scenario = fc.constantFrom(...vendors).chain((vendor) =>
      fc.record({
        vendor: fc.constant(vendor),
        answer: streamed(vendor.everything),
        how: cut,
        kept: fc.double({ min: 0, max: 1, noNaN: true }),
        status,
        then,
        asJson: fc.boolean(),
        asStream: fc.boolean(),
        noise: fc.constantFrom("", "data: {oops\n\n", "{oops\n", "\n")
      })
    )
    return Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(scenario, ({ answer, asJson, asStream, how, kept, noise, status, then, vendor }) => {
          const { completion, events } = answer
          const body = asJson
            ? vendor.whole(completion)
            : vendor.stream(completion, events, { newline: "\n", comments: false })
          const sent = Buffer.concat([Buffer.from(noise), body.subarray(0, Math.ceil(body.length * kept))])
          const scripted: Answer = {
            status,
            headers: asJson ? json : { "content-type": "text/event-stream" },
            chunks: chunksOf(sent, how),
            then
          }
          const made = harness({ vendor, answer: scripted })
          const test = Effect.gen(function* () {
            const gateway = yield* Gateway
            const fiber = yield* Effect.fork(
              asStream ? Stream.runDrain(gateway.stream(request)) : Effect.asVoid(gateway.complete(request))
            )
            // What is silent for ever is left by its caller.
            if (then === "silence") {
              yield* settled
              yield* Fiber.interrupt(fiber)
            }
            const exit = yield* Fiber.await(fiber)
            const [opening, ...otherOpenings] = made.openings
            const [settlement, ...otherSettlements] = made.settlements
            assert.lengthOf(otherOpenings, 0)
            assert.lengthOf(otherSettlements, 0)
            assert.strictEqual(settlement?.id, opening?.id)
            assert.deepStrictEqual(made.steps, ["open", "request", "settle"])
            assert.strictEqual((yield* row).status, settlement?.status)
            const failure = Exit.isFailure(exit) ? Cause.failureOption(exit.cause) : null
            const expected: { readonly status: string | undefined; readonly reason: string | undefined } =
              failure === null
                ? { status: "ok", reason: undefined }
                : failure._tag === "Some"
                  ? { status: "error", reason: failure.value.reason }
                  : { status: "partial", reason: undefined }
            assert.deepStrictEqual(
              { status: settlement?.status as string | undefined, reason: settlement?.error?.reason },
              expected
            )
            assert.strictEqual(settlement?.cost === null, settlement?.usage === null)
            if (failure === null) assert.deepStrictEqual(settlement?.usage, completion.usage)
          })
          return Effect.runPromise(Effect.provide(test, made.layer))
        }),
        { numRuns: 200 }
      )
    )
  })

  it.effect("has how long the answer took, and its first token", () => {
    const { chunks = [] } = stream(openai)
    const body = Buffer.concat(chunks.map((chunk) => Buffer.from(chunk)))
    const made = harness({ vendor: openai, answer: { chunks: [] } })
    const slow: typeof made.transport.exchange = (_, receiver) =>
      Effect.gen(function* () {
        yield* Effect.sleep("300 millis")
        receiver.onHead(200, {}, () => {})
        receiver.onChunk(body.subarray(0, 200))
        yield* Effect.sleep("200 millis")
        receiver.onChunk(body.subarray(200, body.length - 20))
        yield* Effect.sleep("500 millis")
        receiver.onChunk(body.subarray(body.length - 20))
      })
    Object.assign(made.transport, { exchange: slow })
    return Effect.gen(function* () {
      const gateway = yield* Gateway
      const fiber = yield* Effect.fork(Stream.runDrain(gateway.stream(request)))
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(fiber)
      assert.deepInclude(yield* row, { first_token_ms: 500, latency_ms: 1000 })
    }).pipe(Effect.provide(made.layer))
  })

  it.effect("has no cost when the price is not known, and none when the provider sent no counts", () =>
    Effect.gen(function* () {
      const config = { providers: { mock: { protocol: "openai", base_url: "http://127.0.0.1:9" } } }
      const unpriced = yield* over({ vendor: openai, answer: whole(openai), config }, (gateway) =>
        Effect.zipRight(gateway.complete(request), row)
      )
      assert.deepInclude(unpriced, { total_tokens: 12, cost_nanousd: null, cost_usd: null })
      const uncounted = yield* over(
        { vendor: openai, answer: whole(openai, { ...completion, usage: null }) },
        (gateway) => Effect.zipRight(gateway.complete(request), row)
      )
      assert.deepInclude(uncounted, { total_tokens: null, cost_nanousd: null, status: "ok" })
    })
  )
})

describe("nothing is sent and no row is opened", () => {
  const refused = (options: Omit<Options, "vendor" | "answer">, call: Partial<typeof request> = {}, models = ["*"]) =>
    over({ vendor: openai, answer: whole(openai), ...options }, (gateway, { steps, transport }) =>
      Effect.gen(function* () {
        const asked = { ...request, ...call }
        const caller = { key: "alice", models, admin: false, budget: null, rate: null }
        const error = yield* Effect.flip(gateway.complete(asked, { caller }))
        const streamError = yield* Effect.flip(Stream.runDrain(gateway.stream(asked, { caller })))
        assert.strictEqual(streamError.message, error.message)
        assert.lengthOf(transport.requests, 0)
        assert.deepStrictEqual(steps, [])
        return error
      })
    )

  it.effect("for a caller whose key may not use the model", () =>
    Effect.gen(function* () {
      const error = yield* refused({}, {}, ["gpt-*"])
      assert.deepStrictEqual([error.reason, error.status], ["forbidden", 403])
      assert.include(error.message, "alice")
      assert.include(error.message, "gpt-*")
    })
  )

  it.effect("when no route leads anywhere", () =>
    Effect.gen(function* () {
      const error = yield* refused({ config: { routes: [] } }, { model: "unknown" })
      assert.deepStrictEqual([error.reason, error.status, error.param], ["model_not_found", 404, "model"])
    })
  )

  it.effect("when the provider is not configured: the failure names the variable", () =>
    Effect.gen(function* () {
      const error = yield* refused({ missing: { setting: "MOCK_KEY", message: "MOCK_KEY is not set" } })
      assert.deepStrictEqual([error.reason, error.status], ["not_configured", 503])
      assert.include(error.message, "MOCK_KEY")
    })
  )

  it.effect("when a price is required and not known", () =>
    Effect.gen(function* () {
      const providers = { mock: { protocol: "openai", base_url: "http://127.0.0.1:9" } }
      const error = yield* refused({ config: { providers, pricing: { require: true } } })
      assert.deepStrictEqual([error.reason, error.status], ["budget_exceeded", 402])
      assert.include(error.message, "mock/m")
    })
  )

  it.effect("when the ledger cannot be written", () =>
    Effect.gen(function* () {
      const error = yield* refused({ brokenLedger: true })
      assert.deepStrictEqual([error.reason, error.code, error.status], ["internal", "ledger_unavailable", 500])
      assert.notInclude(error.message, "disk full")
    })
  )
})

describe("a program's stream", () => {
  const long: Completion = {
    ...completion,
    content: Array.from({ length: 1200 }, (_, at) => ({ type: "text" as const, text: `piece ${at} ` }))
  }
  const frames = (): ReadonlyArray<string> => {
    const { chunks = [] } = stream(openai, long)
    return chunks
      .join("")
      .split("\n\n")
      .slice(0, -1)
      .map((frame) => `${frame}\n\n`)
  }

  it.effect("slows the provider when it is read slowly, and loses nothing", () =>
    over({ vendor: openai, answer: { chunks: frames() } }, (gateway, { transport }) =>
      Effect.gen(function* () {
        let delivered = 0
        const read: Array<string> = []
        yield* Stream.runForEach(gateway.stream(request), (event) =>
          Effect.gen(function* () {
            if (read.length === 0) {
              yield* settled
              assert.isTrue(transport.paused())
              delivered = transport.delivered()
              // What was taken from the queue at once, and what then filled it again.
              assert.isBelow(delivered, 600)
            }
            if (event.type === "text-delta") read.push(event.text)
          })
        )
        assert.isAbove(transport.delivered(), delivered)
        assert.strictEqual(read.join(""), long.content.map((part) => (part.type === "text" ? part.text : "")).join(""))
      })
    )
  )

  it.effect("that is left early aborts the provider, and its row is settled by then", () =>
    over({ vendor: openai, answer: { chunks: frames() } }, (gateway, { settlements, steps, transport }) =>
      Effect.gen(function* () {
        const taken = yield* Stream.runCollect(Stream.take(gateway.stream(request), 3))
        assert.lengthOf(Chunk.toArray(taken), 3)
        assert.strictEqual(transport.aborted(), 1)
        assert.deepStrictEqual(steps, ["open", "request", "settle"])
        assert.strictEqual(settlements[0]?.status, "partial")
      })
    )
  )

  it.effect("sends nothing before it is run, and sends again each time it is", () =>
    over({ vendor: openai, answer: stream(openai) }, (gateway, { openings, transport }) =>
      Effect.gen(function* () {
        const answer = gateway.stream(request)
        assert.lengthOf(transport.requests, 0)
        yield* Stream.runDrain(answer)
        yield* Stream.runDrain(answer)
        assert.lengthOf(transport.requests, 2)
        assert.strictEqual(new Set(openings.map(({ id }) => id)).size, 2)
      })
    )
  )
})

describe("explain", () => {
  it.effect("says where a name leads and why, and sends nothing", () =>
    over(
      {
        vendor: openai,
        answer: whole(openai),
        config: { models: { fast: { targets: ["gone/x", "mock/m"] } }, routes: [{ match: ["*"], provider: "gone" }] }
      },
      (gateway, { steps }) =>
        Effect.gen(function* () {
          const plan = yield* gateway.explain("fast")
          assert.deepInclude(plan, { model: "fast", matched_by: "model", matched: "fast" })
          assert.deepStrictEqual(
            plan.candidates.map(({ kept, provider, protocol }) => [provider, protocol, kept]),
            [
              ["gone", null, false],
              ["mock", "openai-chat", true]
            ]
          )
          assert.deepStrictEqual(steps, [])
        })
    )
  )
})
