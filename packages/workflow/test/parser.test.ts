import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { at, rangeAt } from "@penstock/workflow/parser/Node"
import * as Parser from "@penstock/workflow/parser/Parser"
import { type Case, keysOf, load, show, showRange } from "./Testdata.ts"

type Input = string | { readonly base64: string } | { readonly repeat: string; readonly times: number }

interface ParserCase extends Case {
  readonly input: Input
  readonly diagnostics?: ReadonlyArray<string>
  readonly values?: Readonly<Record<string, unknown>>
  readonly ranges?: Readonly<Record<string, string>>
}

const sourceOf = (input: Input): string | Uint8Array => {
  if (typeof input === "string") return input
  return "base64" in input ? Buffer.from(input.base64, "base64") : input.repeat.repeat(input.times)
}

for (const { cases, file } of load<ParserCase>("parser")) {
  describe(`${file}`, () => {
    for (const test of cases) {
      it(`${test.name}`, () => {
        const parsed = Parser.parse(sourceOf(test.input))
        assert.deepStrictEqual(parsed.diagnostics.map(show), test.diagnostics ?? [])
        assert.strictEqual(parsed.root === null, (test.diagnostics ?? []).length > 0)
        for (const [where, expected] of Object.entries(test.values ?? {})) {
          const node = at(parsed.root!, keysOf(where))
          assert.deepStrictEqual(node?._tag === "Scalar" ? node.value : node?._tag, expected, where)
        }
        for (const [where, expected] of Object.entries(test.ranges ?? {})) {
          assert.strictEqual(showRange(rangeAt(parsed.root!, keysOf(where))), expected, where)
        }
      })
    }
  })
}

it("a file full of mistakes tells a hundred of them", () => {
  const { diagnostics } = Parser.parse("a: 1\n".repeat(1000))
  assert.strictEqual(diagnostics.length, 100)
})

describe("any text", () => {
  const signs = [..."[]{}:,-?&*!|>'\"%@`# \n\t\r$~.01axé", "- ", ": ", "\n  ", "${", "<<", "&a ", "*a "]
  const yamlish = FastCheck.array(FastCheck.constantFrom(...signs), { maxLength: 60 }).map((parts) => parts.join(""))

  it("is parsed or refused, and never throws", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.oneof(yamlish, FastCheck.string({ unit: "binary" })), (text) => {
        const { diagnostics, root } = Parser.parse(text)
        assert.strictEqual(root === null, diagnostics.length > 0)
      }),
      { numRuns: 1000 }
    )
  })

  it("has its nodes inside of its bounds, children inside of their parents", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.jsonValue({ maxDepth: 4 }), (value) => {
        const text = JSON.stringify(value, null, 1)
        const { root } = Parser.parse(text)
        if (root === null) return
        const walk = (node: typeof root): void => {
          assert.isAtMost(node.span.end, text.length)
          const children = node._tag === "Sequence" ? node.items : node._tag === "Mapping" ? node.entries.values() : []
          for (const child of children) {
            const inner = "value" in child && "key" in child ? child.value : child
            assert.isAtLeast(inner.span.start, node.span.start)
            assert.isAtMost(inner.span.end, node.span.end)
            walk(inner)
          }
        }
        walk(root)
      }),
      { numRuns: 300 }
    )
  })
})
