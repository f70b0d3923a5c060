import { assert, describe, it } from "@effect/vitest"
import * as RateHeaders from "@penstock/gateway/limits/RateHeaders"
import * as fc from "effect/FastCheck"

const millisOf = (text: string): number => {
  const units: { readonly [unit: string]: number } = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 }
  return [...text.matchAll(/([\d.]+)(ms|[hms])/g)].reduce(
    (total, [, count, unit]) => total + Math.round(Number(count) * units[unit!]!),
    0
  )
}

describe("the headers of a rate limit", () => {
  it("are those that OpenAI's clients know", () => {
    assert.deepStrictEqual(
      RateHeaders.headers({
        requests: { limit: 60, remaining: 59, resetMillis: 1000 },
        tokens: { limit: 150_000, remaining: 149_984, resetMillis: 7 }
      }),
      {
        "x-ratelimit-limit-requests": "60",
        "x-ratelimit-remaining-requests": "59",
        "x-ratelimit-reset-requests": "1s",
        "x-ratelimit-limit-tokens": "150000",
        "x-ratelimit-remaining-tokens": "149984",
        "x-ratelimit-reset-tokens": "7ms"
      }
    )
  })

  it("leave out what is not limited", () => {
    assert.deepStrictEqual(RateHeaders.headers({ requests: null, tokens: null }), {})
    assert.sameMembers(
      Object.keys(RateHeaders.headers({ requests: null, tokens: { limit: 1, remaining: 1, resetMillis: 0 } })),
      ["x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"]
    )
  })

  it("write a duration as OpenAI does", () => {
    const examples: ReadonlyArray<readonly [millis: number, text: string]> = [
      [0, "0s"],
      [1, "1ms"],
      [120, "120ms"],
      [999, "999ms"],
      [1000, "1s"],
      [8640, "8.64s"],
      [59_999, "59.999s"],
      [60_000, "1m0s"],
      [360_000, "6m0s"],
      [61_500, "1m1.5s"],
      [3_600_000, "1h0m0s"],
      [7_325_010, "2h2m5.01s"]
    ]
    for (const [millis, text] of examples) assert.strictEqual(RateHeaders.formatReset(millis), text)
  })

  it("write every duration so that it reads back as the same", () => {
    fc.assert(
      fc.property(fc.nat({ max: 100_000_000 }), (millis) => {
        assert.strictEqual(millisOf(RateHeaders.formatReset(millis)), millis)
      })
    )
  })
})
