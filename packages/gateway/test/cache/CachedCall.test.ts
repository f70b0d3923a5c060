/** The real gateway behind the cache, over scripted providers and the ledger in memory. */
import { assert, describe, it } from "@effect/vitest"
import * as CachedCall from "@penstock/gateway/cache/CachedCall"
import * as ResponseCache from "@penstock/gateway/cache/ResponseCache"
import { Ledger } from "@penstock/gateway/ledger/Ledger"
import { anonymous } from "@penstock/gateway/keys/Keys"
import { dialect, protocol } from "@penstock/gateway/protocols/openai-chat/OpenAiChat"
import * as Framing from "@penstock/gateway/wire/Framing"
import * as Settings from "@penstock/gateway/Settings"
import { PenstockConfig } from "@penstock/schema/config/PenstockConfig"
import type { Completion } from "@penstock/schema/Completion"
import { NanoDollars } from "@penstock/schema/Money"
import { fold, unfold, type StreamEvent } from "@penstock/schema/StreamEvent"
import * as Usage from "@penstock/schema/Usage"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as fc from "effect/FastCheck"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import * as TestContext from "effect/TestContext"
import { openai, vendors, type Vendor } from "../exchange/answers.ts"
import * as Harness from "../exchange/gateway.ts"
import type { Answer } from "../exchange/transport.ts"
import { streamed } from "../protocols/completions.ts"

const said: Completion = {
  id: "chatcmpl-1",
  model: "m-2026",
  content: [{ type: "text", text: "Hello." }],
  finishReason: "stop",
  usage: Usage.make({ input: 1000, output: 500 })
}
const wholeAnswer = (vendor: Vendor, completion = said): Answer => ({
  headers: { "content-type": "application/json" },
  chunks: [vendor.whole(completion)]
})
const plain = { newline: "\n", comments: false } as const

const nothing = NanoDollars.make(0)

const decodeConfig = Schema.decodeUnknownSync(PenstockConfig)
const enabled = { enabled: true, ttl: "1h", max_entries: 100 }

interface Ask {
  readonly stream?: boolean
  readonly includeUsage?: boolean
  readonly text?: string
  readonly caller?: string | null
  readonly models?: ReadonlyArray<string>
  readonly cacheControl?: string
}

/** A gateway with a cache; `configure` puts another configuration in force. */
const start = (answer: Answer | (() => Answer), cache: object = enabled, vendor: Vendor = openai, limit?: number) => {
  const harness = Harness.harness({ vendor, answer })
  let config = decodeConfig({ cache })
  const settings = Layer.succeed(
    Settings.Settings,
    Settings.make(() => config)
  )
  const layer = Layer.provideMerge(
    Layer.effect(ResponseCache.ResponseCache, ResponseCache.make(limit)).pipe(Layer.provide(settings)),
    harness.layer
  )
  const make = Effect.gen(function* () {
    // Time 0 means to the store that there is no time.
    yield* TestClock.adjust(1)
    const run = yield* CachedCall.make
    const ask = Effect.fnUntraced(function* (asked: Ask = {}) {
      const {
        cacheControl,
        caller = null,
        includeUsage = false,
        models = ["*"],
        stream = false,
        text = "hello"
      } = asked
      const sink = Harness.sink<Uint8Array>()
      const call = yield* Harness.call(stream, { caller: { ...anonymous, key: caller, models } })
      const json = {
        model: "mock/m",
        messages: [{ role: "user", content: text }],
        stream,
        stream_options: { include_usage: includeUsage }
      }
      const context = { created: 7, includeUsage }
      yield* run(call, { json, cacheControl, memory: { dialect, protocol, context } }, sink)
      return { id: call.id, sink, cache: sink.heads[0]?.cache, text: Harness.textOf(sink) }
    })
    return { ask, ledger: yield* Ledger }
  })
  return {
    harness,
    asked: () => harness.transport.requests.length,
    configure: (next: object) => {
      config = decodeConfig({ cache: next })
    },
    use: <A, E>(body: (gateway: Effect.Effect.Success<typeof make>) => Effect.Effect<A, E>) =>
      Effect.provide(Effect.flatMap(make, body), layer)
  }
}

const readStream = (text: string): Completion | null => {
  const decoder = protocol.decoder()
  const events: Array<StreamEvent> = []
  for (const raw of Framing.make("sse").push(Buffer.from(text))) {
    const frame = Framing.parse("sse", raw)
    const step = frame === null ? [] : decoder.step(frame)
    if (step !== "malformed") events.push(...step)
  }
  return fold(events)
}
const readWhole = (text: string): Completion => Either.getOrThrow(protocol.decode(JSON.parse(text)))

describe("an answer from the cache", () => {
  it.effect("is the one that was given, at no cost, with its own row that says what it saved", () =>
    Effect.suspend(() => {
      const gateway = start(wholeAnswer(openai))
      return gateway.use(({ ask, ledger }) =>
        Effect.gen(function* () {
          const first = yield* ask()
          const second = yield* ask()
          assert.deepStrictEqual([first.cache, second.cache], ["miss", "hit"])
          assert.strictEqual(gateway.asked(), 1)
          assert.deepStrictEqual(readWhole(second.text), readWhole(first.text))
          assert.deepStrictEqual(second.sink.ends, [nothing])
          assert.deepInclude(second.sink.heads[0], { provider: "mock", model: "m", attempts: 0, cost: nothing })
          const [paid, kept] = gateway.harness.settlements
          assert.deepInclude(paid, { id: first.id, saved: null })
          assert.isNotNull(paid!.cost)
          assert.deepInclude(kept, {
            id: second.id,
            status: "ok",
            provider: "mock",
            model: "m",
            usage: Usage.empty,
            cost: nothing,
            saved: paid!.cost,
            attempts: [],
            error: null
          })
          // Sums are what providers counted and billed.
          const { total } = yield* ledger.costs({ by: [] })
          assert.deepInclude(total, {
            requests: 2,
            errors: 0,
            unpriced: 0,
            cost_nanousd: paid!.cost,
            total_tokens: 1500
          })
        })
      )
    })
  )

  for (const vendor of vendors) {
    it(`is the same streamed and whole, however it first came: ${vendor.protocol.id}`, () =>
      fc.assert(
        fc.asyncProperty(streamed(vendor.wire), fc.boolean(), fc.boolean(), ({ completion, events }, first, second) => {
          const type = vendor.protocol.framing === "sse" ? "text/event-stream" : "application/x-ndjson"
          const answer = first
            ? { headers: { "content-type": type }, chunks: [vendor.stream(completion, events, plain)] }
            : wholeAnswer(vendor, completion)
          const compared = Effect.gen(function* () {
            const direct = yield* start(wholeAnswer(vendor, completion), {}, vendor).use(({ ask }) => ask())
            const hit = yield* start(answer, enabled, vendor).use(({ ask }) =>
              Effect.zipRight(ask({ stream: first }), ask({ stream: second, includeUsage: true }))
            )
            assert.strictEqual(hit.cache, "hit")
            assert.deepStrictEqual(second ? readStream(hit.text) : readWhole(hit.text), readWhole(direct.text))
          })
          return Effect.runPromise(Effect.provide(compared, TestContext.TestContext))
        }),
        { numRuns: 30 }
      ))
  }

  it.effect("is nobody else's, and nobody's who may not use the model any more", () =>
    Effect.suspend(() => {
      const gateway = start(wholeAnswer(openai))
      return gateway.use(({ ask }) =>
        Effect.gen(function* () {
          yield* ask({ caller: "alice" })
          assert.strictEqual((yield* ask({ caller: "bob" })).cache, "miss")
          assert.strictEqual((yield* ask({ caller: null })).cache, "miss")
          const refused = yield* Effect.flip(ask({ caller: "alice", models: ["other"] }))
          assert.strictEqual(refused.reason, "forbidden")
          assert.strictEqual((yield* ask({ caller: "alice" })).cache, "hit")
        })
      )
    })
  )
})

describe("the cache", () => {
  it.effect("keeps no answer that is not whole, and one that met its token limit", () =>
    Effect.suspend(() => {
      const cut = { chunks: [openai.stream(said, [...unfold(said)], plain).subarray(0, 400)], then: "cut" as const }
      const answers: Array<Answer> = [
        { status: 500, headers: { "content-type": "application/json" }, chunks: ['{"error":{"message":"no"}}'] },
        cut,
        wholeAnswer(openai, { ...said, finishReason: "length" })
      ]
      const gateway = start(() => answers.shift() ?? assert.fail("asked once too often"))
      return gateway.use(({ ask }) =>
        Effect.gen(function* () {
          yield* Effect.flip(ask())
          yield* Effect.flip(ask({ stream: true }))
          assert.strictEqual((yield* ask()).cache, "miss")
          const kept = yield* ask()
          assert.strictEqual(kept.cache, "hit")
          assert.strictEqual(readWhole(kept.text).finishReason, "length")
        })
      )
    })
  )

  it.effect("keeps an answer for its time and no longer", () =>
    Effect.suspend(() => {
      const gateway = start(wholeAnswer(openai), { ...enabled, ttl: "5m" })
      return gateway.use(({ ask }) =>
        Effect.gen(function* () {
          yield* ask()
          yield* TestClock.adjust(300_000)
          assert.strictEqual((yield* ask()).cache, "hit")
          yield* TestClock.adjust(1)
          assert.strictEqual((yield* ask()).cache, "miss")
        })
      )
    })
  )

  it.effect("is bounded in entries and in bytes, and gives up what was not asked for the longest", () =>
    Effect.gen(function* () {
      for (const [limit, cache] of [
        [undefined, { ...enabled, max_entries: 2 }],
        [3000, enabled]
      ] as const) {
        const gateway = start(wholeAnswer(openai), cache, openai, limit)
        yield* gateway.use(({ ask }) =>
          Effect.gen(function* () {
            for (const text of ["a", "b", "a", "c"]) yield* ask({ text })
            assert.strictEqual((yield* ask({ text: "a" })).cache, "hit")
            assert.strictEqual((yield* ask({ text: "b" })).cache, "miss")
          })
        )
      }
    })
  )

  it.effect("is passed by for who wants a new answer, which is kept, and for who wants nothing kept", () =>
    Effect.suspend(() => {
      const texts = ["one", "two", "three", "four"]
      const gateway = start(() => wholeAnswer(openai, { ...said, content: [{ type: "text", text: texts.shift()! }] }))
      const ask = (
        given: { readonly ask: (asked: Ask) => Effect.Effect<{ readonly text: string }, unknown> },
        how?: string
      ) =>
        Effect.map(given.ask(how === undefined ? {} : { cacheControl: how }), ({ text }) => {
          const [part] = readWhole(text).content
          return part?.type === "text" ? part.text : ""
        })
      return gateway.use((given) =>
        Effect.gen(function* () {
          assert.strictEqual(yield* ask(given), "one")
          assert.strictEqual(yield* ask(given, "max-age=0, No-Cache"), "two")
          assert.strictEqual(yield* ask(given), "two")
          assert.strictEqual(yield* ask(given, "no-store"), "three")
          assert.strictEqual(yield* ask(given), "two")
        })
      )
    })
  )

  it.effect("is empty under another configuration, and what is under way does not get into it", () =>
    Effect.suspend(() => {
      const gateway = start(() => {
        if (gateway.asked() === 2) gateway.configure(enabled)
        return wholeAnswer(openai)
      })
      return gateway.use(({ ask }) =>
        Effect.gen(function* () {
          yield* ask({ text: "before" })
          yield* ask({ text: "under way" })
          assert.strictEqual((yield* ask({ text: "before" })).cache, "miss")
          assert.strictEqual((yield* ask({ text: "under way" })).cache, "miss")
        })
      )
    })
  )

  it.effect("is off unless it is asked for: nothing is looked up, nothing is said of it", () =>
    Effect.gen(function* () {
      for (const cache of [{}, { enabled: false }, { ...enabled, ttl: "0s" }]) {
        const gateway = start(wholeAnswer(openai), cache)
        yield* gateway.use(({ ask }) =>
          Effect.gen(function* () {
            yield* ask()
            const second = yield* ask()
            assert.notProperty(second.sink.heads[0], "cache")
            assert.strictEqual(gateway.asked(), 2)
          })
        )
      }
      assert.isNull((yield* Effect.provide(ResponseCache.ResponseCache, ResponseCache.layerNoop)).current())
    })
  )
})
