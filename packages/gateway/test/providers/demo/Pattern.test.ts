import { assert, describe, it } from "@effect/vitest"
import * as Pattern from "@penstock/gateway/providers/demo/Pattern"
import * as fc from "effect/FastCheck"

const patterns = [
  "^[A-Z]{3}-\\d{4}$",
  "^(?:a|bc)+$",
  "a*b?c{2,3}",
  "^$",
  "[^0-9]+x",
  "(?<year>\\d{4})-\\d\\d",
  "^.{2,4}$",
  "\\S\\s\\w",
  "^(a|ab)(c|bcd)$",
  "x|^y",
  "(a*)*b",
  "[\\w.+-]+@[a-z]+\\.[a-z]{2,}",
  "\\u0041|\\x42|[\\]\\-]"
]

describe("a pattern", () => {
  it("matches what a regular expression engine matches", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...patterns),
        fc.oneof(
          fc.string({ unit: fc.constantFrom(..."aAbBcdxy01 -@.]"), maxLength: 8 }),
          fc.string({ unit: "grapheme" })
        ),
        (pattern, text) => {
          assert.strictEqual(Pattern.make(pattern)?.test(text), new RegExp(pattern, "u").test(text))
        }
      ),
      { numRuns: 2000 }
    )
  })

  it.each(patterns)("writes an example of %s", (pattern) => {
    const read = Pattern.make(pattern)
    const examples = Array.from({ length: 12 }, (_, nth) => read?.example(nth) ?? "")
    assert.isTrue(examples.some((example) => new RegExp(pattern, "u").test(example)))
  })

  it.each(["(", "a{2", "[a", "(?=a)", "(?<!a)", "\\1", "\\b", "*", "a{9999}"])(
    "is not read when it is %s",
    (pattern) => {
      assert.strictEqual(Pattern.make(pattern), null)
    }
  )
})
