import { assert, describe, it } from "@effect/vitest"
import { ByteSize, DurationMillis } from "@penstock/schema/config/Units"
import * as Either from "effect/Either"
import * as fc from "effect/FastCheck"
import * as Schema from "effect/Schema"

const duration = Schema.decodeUnknownEither(DurationMillis)
const size = Schema.decodeUnknownEither(ByteSize)

describe("durations and sizes", () => {
  it("read as people write them", () => {
    const cases: ReadonlyArray<readonly [string, number]> = [
      ["500ms", 500],
      ["5s", 5000],
      ["1.5s", 1500],
      ["10m", 600_000],
      ["24h", 86_400_000],
      ["7d", 604_800_000],
      [" 5 S ", 5000]
    ]
    for (const [text, millis] of cases) assert.deepStrictEqual(duration(text), Either.right(millis))
    assert.deepStrictEqual(size("25mb"), Either.right(26_214_400))
    assert.deepStrictEqual(size("0b"), Either.right(0))
  })

  it("refuse what has no unit, an unknown one, or no number", () => {
    for (const text of ["5", "5 weeks", "s", "", "-5s", "1e3s", 5, null, {}])
      assert.isTrue(Either.isLeft(duration(text)))
    for (const text of ["25", "25 eb", "25s"]) assert.isTrue(Either.isLeft(size(text)))
  })

  it("written out and read back are the same", () => {
    fc.assert(
      fc.property(fc.nat(10 ** 12), (value) => {
        assert.deepStrictEqual(duration(Schema.encodeSync(DurationMillis)(value)), Either.right(value))
        assert.deepStrictEqual(size(Schema.encodeSync(ByteSize)(value)), Either.right(value))
      })
    )
  })
})
