import { assert, describe, it } from "@effect/vitest"
import * as Input from "@penstock/gateway/operations/embeddings/Input"
import * as Vector from "@penstock/gateway/operations/embeddings/Vector"
import * as fc from "effect/FastCheck"

const vector = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 64 })

describe("a vector", () => {
  it("of 32-bit floats is the same after a way through base64", () => {
    fc.assert(
      fc.property(vector, (numbers) => {
        const base64 = Vector.written(numbers, "base64")
        const again = Vector.written(Vector.read(base64)!, "float")
        assert.isTrue(numbers.every((each, at) => Object.is(each, again[at])))
      })
    )
  })

  it("in decimals that a 32-bit float was printed with is that float in base64", () => {
    fc.assert(
      fc.property(vector, (numbers) => {
        // Nine digits tell every 32-bit float, but for the sign of zero.
        const printed = numbers.map((each) => (each === 0 ? each : Number(each.toPrecision(9))))
        assert.strictEqual(Vector.written(printed, "base64"), Vector.written(numbers, "base64"))
      })
    )
  })

  it("is as OpenAI's client reads it", () => {
    assert.strictEqual(
      Vector.written([0.5, -2], "base64"),
      Buffer.from(new Float32Array([0.5, -2]).buffer).toString("base64")
    )
  })

  it("with a hole, of no numbers, or cut is none", () => {
    for (const value of [null, [], [1, null], [Number.NaN], [Number.POSITIVE_INFINITY], ["1"], "", "AAA=", {}]) {
      assert.isNull(Vector.read(value))
    }
  })
})

describe("batches", () => {
  const items = fc.oneof(
    fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 40 }),
    fc.array(fc.array(fc.nat(100_000), { minLength: 1, maxLength: 9 }), { minLength: 1, maxLength: 40 })
  )

  it("hold every item once, in order, and no more than the limit", () => {
    fc.assert(
      fc.property(items, fc.integer({ min: 1, max: 50 }), (all, limit) => {
        const batches = Input.batches({ items: all, tokens: false }, limit)
        assert.deepStrictEqual(batches.flat(), all)
        assert.isTrue(batches.every(({ length }) => length > 0 && length <= limit))
        assert.strictEqual(batches.length, Math.ceil(all.length / limit))
      })
    )
  })

  it("hold no more tokens than one request may have, but for a text that alone has more", () => {
    const long = "x".repeat(500_000)
    const sizes = Input.batches({ items: [long, long, "y", "y".repeat(700_000), "z"], tokens: false }, 2048)
    assert.deepStrictEqual(
      sizes.map(({ length }) => length),
      [1, 2, 1, 1]
    )
  })
})
