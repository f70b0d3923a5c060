import { assert, describe, it } from "@effect/vitest"
import { maskLine } from "@penstock/server/config/SecretPaths"
import { editDistance, nearest } from "@penstock/schema/Suggestion"
import * as fc from "effect/FastCheck"

const word = fc.string({ maxLength: 12 })

describe("edit distance", () => {
  it("is zero for equal words only, symmetric, and never more than the longer word", () => {
    fc.assert(
      fc.property(word, word, (a, b) => {
        const distance = editDistance(a, b)
        assert.strictEqual(distance === 0, a === b)
        assert.strictEqual(distance, editDistance(b, a))
        assert.isAtMost(distance, Math.max(a.length, b.length))
        assert.isAtLeast(distance, Math.abs(a.length - b.length))
      })
    )
  })

  it("counts a swap of neighbours as one", () => {
    assert.strictEqual(editDistance("prot", "port"), 1)
    assert.strictEqual(editDistance("kitten", "sitting"), 3)
  })
})

describe("a suggestion", () => {
  it("is what was probably meant, case and separators aside, or nothing", () => {
    assert.strictEqual(nearest("maxBody", ["max_body", "host"]), "max_body")
    assert.strictEqual(nearest("anthropc", ["openai", "anthropic"]), "anthropic")
    assert.isNull(nearest("zebra", ["openai", "anthropic"]))
    assert.isNull(nearest("x", []))
  })
})

describe("what an excerpt masks", () => {
  it("what is named like a secret or shaped like one, and nothing else", () => {
    assert.strictEqual(maskLine("  api_key: abc # mine"), "  api_key: **** # mine".replace("**** #", "****#"))
    assert.strictEqual(maskLine('  key: "a b c", name: x'), "  key: *******, name: x")
    assert.strictEqual(maskLine("  oops: sk-abcdefgh"), "  oops: ***********")
    assert.strictEqual(maskLine('  api_key: "${env.KEY}"'), '  api_key: "${env.KEY}"')
    assert.strictEqual(maskLine("  port: 8080"), "  port: 8080")
    assert.strictEqual(maskLine("keys:"), "keys:")
  })
})
