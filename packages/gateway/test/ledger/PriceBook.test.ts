import { assert, describe, it } from "@effect/vitest"
import * as PriceBook from "@penstock/gateway/ledger/PriceBook"
import * as Settings from "@penstock/gateway/Settings"
import { priceFromUsdPerMillion } from "@penstock/schema/Money"
import { costOf, Price } from "@penstock/schema/Price"
import { type Bucket, buckets } from "@penstock/schema/Usage"
import * as Usage from "@penstock/schema/Usage"
import * as Effect from "effect/Effect"
import * as fc from "effect/FastCheck"
import * as Layer from "effect/Layer"
import { config, noon, prices } from "./Fixtures.ts"

const withBook = <A>(raw: unknown, use: (book: PriceBook.Service) => A) =>
  Effect.map(PriceBook.PriceBook, use).pipe(Effect.provide(prices(raw)))

/** USD per million tokens. */
const usd = (price: Price | null) =>
  price === null ? null : Object.fromEntries(buckets.map((bucket) => [bucket, price[bucket] / 1e6]))

const rates = (input: number, output: number, over: { readonly [B in Bucket]?: number } = {}) => ({
  input,
  cacheRead: input,
  cacheWrite5m: input,
  cacheWrite1h: over.cacheWrite5m ?? input,
  inputAudio: input,
  output,
  reasoning: output,
  outputAudio: output,
  ...over
})

const at = (text: string) => Date.parse(text)

describe("PriceBook", () => {
  it.effect("knows the listed price of gpt-4o-mini", () =>
    withBook({}, (book) => {
      const of = { provider: "openai", model: "gpt-4o-mini" }
      assert.deepStrictEqual(usd(book.price(of, noon, 1000)), rates(0.15, 0.6, { cacheRead: 0.075 }))
      // 1,000 × $0.15 + 200 × $0.075 + 100 × $0.60 per million = $0.000225
      assert.strictEqual(
        book.cost(of, noon, Usage.make({ input: 1000, cacheRead: 200, output: 80, reasoning: 20 })),
        225_000
      )
      assert.deepStrictEqual(book.facts(of), { contextWindow: 128_000, maxOutputTokens: null })
    })
  )

  it.effect("knows Anthropic's cache rates, and the tier of prompts over 200,000 tokens", () =>
    withBook({}, (book) => {
      const of = { provider: "anthropic", model: "claude-sonnet-4-5-20250929" }
      const short = rates(3, 15, { cacheRead: 0.3, cacheWrite5m: 3.75, cacheWrite1h: 6 })
      const long = rates(6, 22.5, { cacheRead: 0.6, cacheWrite5m: 7.5, cacheWrite1h: 12 })
      assert.deepStrictEqual(usd(book.price(of, noon, 0)), short)
      assert.deepStrictEqual(usd(book.price(of, noon, 200_000)), short)
      assert.deepStrictEqual(usd(book.price(of, noon, 200_001)), long)
      // The tier follows the whole prompt, cached tokens included: 200,001 × $0.60 per million.
      assert.strictEqual(book.cost(of, noon, Usage.make({ cacheRead: 200_001 })), 120_000_600)
      assert.strictEqual(book.cost(of, noon, Usage.make({ cacheWrite5m: 1, cacheWrite1h: 1 })), 9750)
    })
  )

  it.effect("follows dated rows", () =>
    withBook({}, (book) => {
      const of = { provider: "anthropic", model: "claude-sonnet-4-6" }
      assert.strictEqual(book.price(of, at("2026-03-12T23:59:59.999Z"), 300_000)?.input, 6_000_000)
      assert.strictEqual(book.price(of, at("2026-03-13T00:00:00Z"), 300_000)?.input, 3_000_000)
    })
  )

  it.effect("follows daily windows, in UTC", () =>
    withBook({}, (book) => {
      const of = { provider: "deepseek", model: "deepseek-chat" }
      const input = (time: string) => book.price(of, at(`2026-03-10T${time}Z`), 0)?.input
      assert.strictEqual(input("00:29:59.999"), 135_000)
      assert.strictEqual(input("00:30:00"), 270_000)
      assert.strictEqual(input("16:29:59"), 270_000)
      assert.strictEqual(input("16:30:00"), 135_000)
    })
  )

  it.effect("an override comes before the provider's pricing, and that before the list", () => {
    const pricing = { input: 1, output: 2, cache_read: 0.5 }
    const raw = {
      providers: { openai: { protocol: "openai", base_url: "https://api.openai.com/v1", pricing } },
      pricing: { overrides: { "openai/gpt-4o": { input: 7, output: 8, cache_write: 9, reasoning: 10 } } }
    }
    return withBook(raw, (book) => {
      const price = (model: string) => usd(book.price({ provider: "openai", model }, noon, 0))
      assert.deepStrictEqual(price("gpt-4o"), rates(7, 8, { cacheWrite5m: 9, reasoning: 10 }))
      assert.deepStrictEqual(price("gpt-4o-mini"), rates(1, 2, { cacheRead: 0.5 }))
      assert.deepStrictEqual(price("no-such-model"), rates(1, 2, { cacheRead: 0.5 }))
      // What is configured is the price, not the size of the model.
      assert.strictEqual(book.facts({ provider: "openai", model: "gpt-4o" }).contextWindow, 128_000)
    })
  })

  it.effect("what nobody priced is unknown: never 0, and never another vendor's", () => {
    const raw = {
      providers: {
        mock: { protocol: "openai", base_url: "http://127.0.0.1:9101/v1" },
        "my-openai-proxy": { protocol: "openai", base_url: "http://127.0.0.1:9102/v1" },
        claude: { protocol: "anthropic", base_url: "http://127.0.0.1:9103" },
        gpu: { protocol: "ollama", base_url: "http://127.0.0.1:9104" }
      }
    }
    return withBook(raw, (book) => {
      for (const [provider, model] of [
        ["openai", "gpt-4o-mini-of-tomorrow"],
        ["openai", "claude-sonnet-4-5"],
        ["openai", "ft:gpt-4o-mini:acme"],
        ["mock", "gpt-4o-mini"],
        ["my-openai-proxy", "gpt-4o-mini"],
        ["claude", "claude-sonnet-4-5"],
        ["gpu", "llama3.2"],
        ["absent", "gpt-4o-mini"],
        // Fees per request, or only per hour of audio, are not rates per token.
        ["perplexity", "sonar"],
        ["openai", "whisper-1"]
      ] as const) {
        assert.isNull(book.price({ provider, model }, noon, 100), `${provider}/${model}`)
        assert.isNull(book.cost({ provider, model }, noon, Usage.make({ input: 100 })), `${provider}/${model}`)
      }
      assert.deepStrictEqual(book.facts({ provider: "mock", model: "gpt-4o" }), {
        contextWindow: null,
        maxOutputTokens: null
      })
    })
  })

  it.effect("a provider is priced by the list if its name or its address is the vendor's", () => {
    const raw = {
      providers: {
        groq: { protocol: "openai", base_url: "http://127.0.0.1:9101/v1" },
        work: { protocol: "openai", base_url: "https://api.groq.com/openai/v1" }
      }
    }
    return withBook(raw, (book) => {
      const price = (provider: string) => book.price({ provider, model: "llama-3.3-70b-versatile" }, noon, 0)
      assert.isNotNull(price("groq"))
      assert.deepStrictEqual(price("work"), price("groq"))
    })
  })

  it.effect("the built-in local providers cost 0, unless the configuration says otherwise", () =>
    Effect.gen(function* () {
      yield* withBook({}, (book) => {
        for (const provider of ["ollama", "demo"]) {
          assert.strictEqual(book.cost({ provider, model: "any" }, noon, Usage.make({ input: 10, output: 10 })), 0)
        }
      })
      const ollama = { protocol: "ollama", base_url: "http://127.0.0.1:11434", pricing: { input: 1, output: 1 } }
      yield* withBook({ providers: { ollama } }, (book) => {
        assert.strictEqual(book.cost({ provider: "ollama", model: "any" }, noon, Usage.make({ input: 10 })), 10_000)
      })
      yield* withBook({ pricing: { overrides: { "demo/echo": { input: 1, output: 1 } } } }, (book) => {
        assert.strictEqual(book.cost({ provider: "demo", model: "echo" }, noon, Usage.make({ input: 10 })), 10_000)
      })
      // The name alone does not make a vendor local.
      const vendor = { protocol: "openai", base_url: "https://models.example.test/v1" }
      yield* withBook({ providers: { ollama: vendor } }, (book) => {
        assert.isNull(book.price({ provider: "ollama", model: "any" }, noon, 0))
      })
    })
  )

  it.effect("a new configuration counts from the next call on", () => {
    let current = config({})
    const settings = Settings.make(() => current)
    return Effect.gen(function* () {
      const book = yield* PriceBook.PriceBook
      const of = { provider: "openai", model: "gpt-4o" }
      assert.strictEqual(book.price(of, noon, 0)?.input, 2_500_000)
      current = config({ pricing: { overrides: { "openai/gpt-4o": { input: 9, output: 9 } } } })
      assert.strictEqual(book.price(of, noon, 0)?.input, 9_000_000)
    }).pipe(Effect.provide(Layer.provide(PriceBook.layer, Layer.succeed(Settings.Settings, settings))))
  })

  it.effect("finds a model by provider/model or by its own name", () =>
    withBook({ pricing: { overrides: { "mock/a/b": { input: 1, output: 1 } } } }, (book) => {
      assert.deepStrictEqual(book.find("openai/gpt-4o"), { provider: "openai", model: "gpt-4o" })
      assert.deepStrictEqual(book.find("gpt-4o"), { provider: "openai", model: "gpt-4o" })
      assert.deepStrictEqual(book.find("claude-sonnet-4-5"), { provider: "anthropic", model: "claude-sonnet-4-5" })
      assert.deepStrictEqual(book.find("mock/a/b"), { provider: "mock", model: "a/b" })
      assert.isNull(book.find("mock/gpt-4o"))
      assert.isNull(book.find("no-such-model"))
      assert.isNull(book.find(""))
    })
  )

  it.effect("lists a family by version, newest first", () =>
    withBook({}, (book) => {
      for (const family of ["sonnet", "haiku", "opus"]) {
        const names = book.newest("anthropic", family)
        assert.isAbove(names.length, 1)
        assert.isTrue(names.every((name) => name.includes(family)))
        assert.deepStrictEqual(book.newest("anthropic", `claude-${family}`), names)
        for (const model of names) assert.isNotNull(book.price({ provider: "anthropic", model }, noon, 0))
      }
      const sonnets = book.newest("anthropic", "sonnet")
      const order = [
        "claude-sonnet-5",
        "claude-sonnet-4-6",
        "claude-sonnet-4-5",
        "claude-3-7-sonnet-latest",
        "claude-3-5-sonnet"
      ]
      assert.deepStrictEqual(
        sonnets.filter((name) => order.includes(name)),
        order
      )
      assert.deepStrictEqual(book.newest("mock", "sonnet"), [])
      assert.deepStrictEqual(book.newest("anthropic", "sonata"), [])
    })
  )

  it.effect("a count that no call can have has no cost, instead of failing", () =>
    withBook({}, (book) => {
      const usage = Usage.make({ input: Number.MAX_SAFE_INTEGER, output: Number.MAX_SAFE_INTEGER })
      assert.isNull(book.cost({ provider: "openai", model: "gpt-4o" }, noon, usage))
    })
  )
})

const count = fc.integer({ min: 0, max: 2_000_000 })
const usage = fc
  .tuple(count, count, count, count, count, count, count, count)
  .map((counts) => Usage.make(Object.fromEntries(buckets.map((bucket, index) => [bucket, counts[index]]))))
/** Cents per million tokens, up to $1,000. */
const rate = fc.integer({ min: 0, max: 100_000 }).map((cents) => priceFromUsdPerMillion(cents / 100))
const price = fc
  .tuple(rate, rate, rate, rate, rate, rate, rate, rate)
  .map(
    ([input, cacheRead, cacheWrite5m, cacheWrite1h, inputAudio, output, reasoning, outputAudio]) =>
      new Price({ input, cacheRead, cacheWrite5m, cacheWrite1h, inputAudio, output, reasoning, outputAudio })
  )
const plus = (one: Usage.Usage, other: Usage.Usage) =>
  Usage.make(Object.fromEntries(buckets.map((bucket) => [bucket, one[bucket] + other[bucket]])))

describe("a cost", () => {
  it("is a whole number that is never negative", () => {
    fc.assert(
      fc.property(usage, price, (usage, price) => {
        const cost = costOf(usage, price)
        assert.isTrue(Number.isSafeInteger(cost) && cost >= 0)
      })
    )
  })

  it("of two calls together is that of both apart, but for the rounding of one nano-dollar", () => {
    fc.assert(
      fc.property(usage, usage, price, (one, other, price) => {
        const difference = costOf(plus(one, other), price) - costOf(one, price) - costOf(other, price)
        assert.isAtMost(Math.abs(difference), 1)
      })
    )
  })

  it("is exact where floats are not", () => {
    fc.assert(
      fc.property(usage, price, (usage, price) => {
        const pico = buckets.reduce((sum, bucket) => sum + BigInt(usage[bucket]) * BigInt(price[bucket]), 0n)
        const error = BigInt(costOf(usage, price)) * 1000n - pico
        assert.isTrue(error > -500n && error <= 500n)
      })
    )
    // 0.1 + 0.2 of a dollar per million tokens.
    assert.strictEqual(priceFromUsdPerMillion(0.1) + priceFromUsdPerMillion(0.2), priceFromUsdPerMillion(0.3))
  })
})
