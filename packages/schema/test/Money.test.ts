import { assert, describe, it } from "@effect/vitest"
import * as Money from "@penstock/schema/Money"
import { costOf, Price } from "@penstock/schema/Price"
import { buckets, make as makeUsage } from "@penstock/schema/Usage"
import * as fc from "effect/FastCheck"

const rate = fc.integer({ min: 0, max: 150_000_000 })
const price = fc
  .record({
    input: rate,
    cacheRead: rate,
    cacheWrite5m: rate,
    cacheWrite1h: rate,
    inputAudio: rate,
    output: rate,
    reasoning: rate,
    outputAudio: rate
  })
  .map((rates) => Price.make(rates as Price))

describe("a cost", () => {
  it("is exact where prices are: 57 × 0.15 and 64 × 0.60 USD per million are 46,950 nano-dollars", () => {
    const usd = Money.priceFromUsdPerMillion
    const rates = { cacheRead: usd(0), cacheWrite5m: usd(0), cacheWrite1h: usd(0), inputAudio: usd(0) }
    const list = Price.make({
      ...rates,
      input: usd(0.15),
      output: usd(0.6),
      reasoning: usd(0.6),
      outputAudio: usd(0)
    })
    assert.strictEqual(costOf(makeUsage({ input: 57, output: 64 }), list), 46_950)
  })

  it("is Σ bucket × rate, off by half a nano-dollar at most", () => {
    fc.assert(
      fc.property(price, fc.array(fc.nat(2_000_000), { minLength: 8, maxLength: 8 }), (rates, counts) => {
        const usage = makeUsage(Object.fromEntries(buckets.map((bucket, index) => [bucket, counts[index]])))
        const pico = buckets.reduce((sum, bucket) => sum + BigInt(usage[bucket]) * BigInt(rates[bucket]), 0n)
        const off = BigInt(costOf(usage, rates)) * 1000n - pico
        assert.isTrue(off >= -500n && off <= 500n)
      })
    )
  })
})

describe("an amount in USD", () => {
  it("is written without exponent and without loss", () => {
    fc.assert(
      fc.property(fc.nat(Number.MAX_SAFE_INTEGER), (amount) => {
        const text = Money.formatUsd(Money.NanoDollars.make(amount))
        assert.match(text, /^\d+(\.\d*[1-9])?$/)
        const [whole = "", fraction = ""] = text.split(".")
        assert.strictEqual(BigInt(whole + fraction.padEnd(9, "0")), BigInt(amount))
      })
    )
  })

  it("has known forms", () => {
    assert.strictEqual(Money.formatUsd(Money.NanoDollars.make(0)), "0")
    assert.strictEqual(Money.formatUsd(Money.NanoDollars.make(1)), "0.000000001")
    assert.strictEqual(Money.formatUsd(Money.fromUsd(1.5)), "1.5")
  })
})

describe("a count that a provider sent", () => {
  it("counts only as a non-negative integer", () => {
    const usage = makeUsage({ input: -1, output: 1.5, cacheRead: Number.NaN, reasoning: null, cacheWrite5m: 3 })
    assert.strictEqual(usage.totalTokens, 3)
  })
})
