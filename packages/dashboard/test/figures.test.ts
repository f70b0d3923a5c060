/** What the pages compute before they show it. */
import { assert, describe, it } from "@effect/vitest"
import { AttemptRow, type CostRow } from "@penstock/schema/LedgerEntry"
import { days, stack } from "../src/costs/Stack.ts"
import * as Format from "../src/format/Format.ts"
import * as Filter from "../src/requests/Filter.ts"
import { bars } from "../src/requests/Waterfall.ts"

describe("figures", () => {
  it("have units, and no digits that mean nothing", () => {
    assert.deepStrictEqual([0, 12.3, 0.0042, 0.00000123, 1234.5, null, -0.5].map(Format.usd), [
      "$0",
      "$12.30",
      "$0.0042",
      "$0.0000012",
      "$1,234.50",
      "unknown",
      "-$0.50"
    ])
    assert.deepStrictEqual([0, 9_999, 12_345, 4_500_000, null].map(Format.count), [
      "0",
      "9,999",
      "12.3k",
      "4.5M",
      "unknown"
    ])
    assert.deepStrictEqual([12, 2_400, 185_000, 7_440_000, null].map(Format.duration), [
      "12 ms",
      "2.4 s",
      "3 min 5 s",
      "2 h 4 min",
      "–"
    ])
    assert.deepStrictEqual([Format.share(0, 0), Format.share(0, 5), Format.share(1, 300)], ["–", "0 %", "0.3 %"])
  })

  it("say how much of a giant text is left out", () => {
    assert.strictEqual(Format.bounded("x".repeat(30), 10), `${"x".repeat(10)}\n… 20 more characters`)
  })
})

const cost = (model: string, day: string, usd: number): CostRow => ({
  model,
  day,
  requests: 1,
  errors: 0,
  unpriced: 0,
  prompt_tokens: 1,
  completion_tokens: 1,
  total_tokens: 2,
  cost_usd: usd,
  cost_nanousd: usd * 1e9
})

describe("costs by day", () => {
  it("have a bar for every day, the dearest names apart, and lose nothing", () => {
    const rows = Array.from({ length: 12 }, (_, index) => cost(`gpt-4.${index}`, "2026-03-01", index + 1))
    const { points, series } = stack(rows, "model", days("2026-02-28", "2026-03-02"))
    assert.deepStrictEqual(
      points.map(({ day }) => day),
      ["2026-02-28", "2026-03-01", "2026-03-02"]
    )
    assert.strictEqual(series.length, 8)
    assert.strictEqual(series[0]!.title, "gpt-4.11")
    assert.strictEqual(series[7]!.title, "Others")
    const { day: _, ...sums } = points[1]!
    assert.strictEqual(
      Object.values(sums).reduce<number>((all, sum) => all + Number(sum), 0),
      78
    )
  })
})

describe("a waterfall", () => {
  const attempt = (number: number, timestamp: string, latency: number) =>
    new AttemptRow({
      request_id: "req_1",
      number,
      provider: "p",
      model: "m",
      outcome: "ok",
      reason: null,
      status: null,
      timestamp,
      latency_ms: latency,
      first_token_ms: null,
      prompt_tokens: null,
      completion_tokens: null,
      total_tokens: null,
      cache_read_tokens: null,
      cost_usd: null,
      cost_nanousd: null
    })

  it("puts each attempt where it was, within the whole, and shows the shortest", () => {
    const request = { timestamp: "2026-03-01T00:00:00.000Z", latency_ms: 1000 }
    const [first, second] = bars(request, [
      attempt(1, "2026-03-01T00:00:00.000Z", 1),
      attempt(2, "2026-03-01T00:00:00.500Z", 500)
    ])
    assert.deepStrictEqual([first!.left, first!.width], [0, 0.5])
    assert.deepStrictEqual([second!.left, second!.width, second!.after], [50, 50, 500])
  })
})

describe("a filter", () => {
  it("is its address, and takes nothing that is none", () => {
    const filter = Filter.fromSearch("?model=a%2Fb&status=ok&evil=1")
    assert.deepStrictEqual(filter, { model: "a/b", status: "ok" })
    assert.deepStrictEqual(Filter.fromSearch(Filter.toSearch(filter)), filter)
    assert.deepStrictEqual(Filter.fromSearch("?status=nonsense"), {})
    assert.strictEqual(Filter.toSearch(Filter.changed({ model: "a" }, "model", "")), "")
  })
})
