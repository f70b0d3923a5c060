import { assert, describe, it } from "@effect/vitest"
import * as Latencies from "@penstock/gateway/routing/Latencies"
import * as Needs from "@penstock/gateway/routing/Needs"
import * as Strategies from "@penstock/gateway/routing/Strategies"
import * as fc from "effect/FastCheck"

const target = (model: string, weight = 1) => ({ provider: "p", model, weight, capabilities: {} })
const [a, b, c] = [target("a"), target("b"), target("c")]
const names = (targets: ReadonlyArray<{ readonly model: string }>): string => targets.map(({ model }) => model).join("")
const from =
  (known: { readonly [model: string]: number }) =>
  ({ model }: { readonly model: string }): number | null =>
    known[model] ?? null

describe("every strategy", () => {
  it("orders the targets and loses none", () => {
    const targets = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 6 })
    const draws = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 6, maxLength: 6 })
    fc.assert(
      fc.property(targets, draws, (weights, draws) => {
        const all = weights.map((weight, index) => target(`m${index}`, weight))
        const measure = ({ weight }: { readonly weight: number }) => (weight > 4 ? null : weight)
        for (const ordered of [
          Strategies.weighted(all, draws),
          Strategies.cheapest(all, measure),
          Strategies.fastest(all, measure, draws[0]!)
        ]) {
          assert.sameMembers([...ordered], all)
        }
      })
    )
  })
})

describe("weighted", () => {
  it("puts each first as often as its weight says", () => {
    const targets = [target("a", 1), target("b", 2), target("c", 5)]
    const first = new Map<string, number>()
    // An even grid of draws stands for chance.
    const grid = Array.from({ length: 40 }, (_, index) => (index + 0.5) / 40)
    for (const x of grid) {
      for (const y of grid) {
        for (const z of grid) {
          const name = Strategies.weighted(targets, [x, y, z])[0]!.model
          first.set(name, (first.get(name) ?? 0) + 1)
        }
      }
    }
    for (const { model, weight } of targets) assert.closeTo(first.get(model)! / 40 ** 3, weight / 8, 0.02)
  })
})

describe("cheapest", () => {
  it("tries the lowest price first, equals in the order of the file, and unknown prices last", () => {
    assert.strictEqual(names(Strategies.cheapest([a, b, c], from({ a: 9, b: 3, c: 1 }))), "cba")
    assert.strictEqual(names(Strategies.cheapest([a, b, c], from({ b: 3, c: 3 }))), "bca")
    assert.strictEqual(names(Strategies.cheapest([a, b, c], from({ c: 0 }))), "cab")
  })
})

describe("fastest", () => {
  it("tries the quickest first, and those that nobody measured now and then", () => {
    assert.strictEqual(names(Strategies.fastest([a, b, c], from({ a: 900, b: 100, c: 300 }), 0)), "bca")
    assert.strictEqual(names(Strategies.fastest([a, b, c], from({ c: 300 }), 0.5)), "cab")
    assert.strictEqual(names(Strategies.fastest([a, b, c], from({ c: 300 }), 0.01)), "acb")
    assert.strictEqual(names(Strategies.fastest([a, b, c], from({ c: 300 }), 0.09)), "bca")
  })
})

describe("a measured time", () => {
  const clocked = () => {
    let time = 0
    return { latencies: Latencies.over(() => time), pass: (millis: number) => (time += millis) }
  }

  it("follows what is measured, the latest weighing most, streams apart from whole answers", () => {
    const { latencies } = clocked()
    assert.isNull(latencies.of(a, true))
    latencies.add(a, true, 100)
    assert.strictEqual(latencies.of(a, true), 100)
    latencies.add(a, true, 600)
    assert.strictEqual(latencies.of(a, true), 200)
    assert.isNull(latencies.of(a, false))
    assert.isNull(latencies.of(b, true))
    for (let at = 0; at < 50; at += 1) latencies.add(a, true, 1000)
    assert.closeTo(latencies.of(a, true)!, 1000, 1)
  })

  it("is forgotten after ten minutes without another, so that the target is tried again", () => {
    const { latencies, pass } = clocked()
    latencies.add(a, true, 5000)
    pass(600_000)
    assert.strictEqual(latencies.of(a, true), 5000)
    pass(1)
    assert.isNull(latencies.of(a, true))
    latencies.add(a, true, 100)
    assert.strictEqual(latencies.of(a, true), 100)
  })
})

describe("what a request needs", () => {
  const request = {
    model: "m",
    messages: [{ role: "user", content: [{ type: "text", text: "hi" }] }],
    extra: {}
  } as const

  it("is read from the request", () => {
    assert.deepStrictEqual(Needs.of(request), Needs.none)
    const image = { type: "image", source: { type: "url", url: "http://x.test" } } as const
    assert.deepStrictEqual(
      Needs.of({
        ...request,
        messages: [{ role: "user", content: [image] }],
        tools: [{ name: "t" }],
        responseFormat: { type: "json_schema", name: "s", schema: {} },
        reasoningEffort: "high"
      }),
      { tools: true, vision: true, jsonSchema: true, reasoning: true }
    )
  })

  it("is lacking only where a target says that it is", () => {
    const all = { tools: true, vision: true, jsonSchema: true, reasoning: true }
    assert.deepStrictEqual(Needs.lacking(all, {}), [])
    assert.deepStrictEqual(Needs.lacking(all, { tools: false, vision: true, json_schema: false }), [
      "tools",
      "json_schema"
    ])
    assert.deepStrictEqual(Needs.lacking(Needs.none, { tools: false }), [])
  })
})
