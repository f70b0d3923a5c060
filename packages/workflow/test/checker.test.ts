import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as Schema from "effect/Schema"
import { parse, stringify } from "yaml"
import * as Checker from "@penstock/workflow/checker/Checker"
import { renderAll } from "@penstock/workflow/diagnostic/CodeFrame"
import { allCodes } from "@penstock/workflow/diagnostic/Codes"
import { Diagnostic } from "@penstock/workflow/diagnostic/Diagnostic"
import * as Type from "@penstock/workflow/types/Type"
import { type Case, load, show } from "./Testdata.ts"
import * as World from "./World.ts"

interface CheckerCase extends Case {
  /** `none`: nothing is known of models, tools, workflows and hosts. `growing`: MCP servers may yet be added. */
  readonly catalogues?: "none" | "growing"
  readonly input: string
  readonly diagnostics?: ReadonlyArray<string>
  readonly output?: string
}

const world = World.load()

const others = { none: {}, growing: { ...world, tools: { ...world.tools, mayGrow: true } } }
const files = load<CheckerCase>("checker")

for (const { cases, file } of files) {
  describe(`${file}`, () => {
    for (const test of cases) {
      it(`${test.name}`, () => {
        const checked = Checker.check(test.input, test.catalogues === undefined ? world : others[test.catalogues])
        assert.deepStrictEqual(checked.diagnostics.map(show), test.diagnostics ?? [])
        if (test.output !== undefined) assert.strictEqual(Type.print(checked.outputType!), test.output)
      })
    }
  })
}

it("every code that the checker can give has a case", () => {
  const shown = [...files, ...load<CheckerCase>("parser")].flatMap(({ cases }) =>
    cases.flatMap((test) => test.diagnostics ?? [])
  )
  const problems = load<Case & { problems?: ReadonlyArray<string> }>("expression").flatMap(({ cases }) =>
    cases.flatMap((test) => test.problems ?? [])
  )
  const told = new Set([...shown, ...problems].map((text) => text.slice(0, 5)))
  assert.deepStrictEqual(
    allCodes.filter((code) => !told.has(code)),
    []
  )
})

it("diagnostics are what their schema says, so that others can read them", () => {
  for (const { cases } of files) {
    for (const { input } of cases) {
      for (const diagnostic of Checker.check(input, world).diagnostics) {
        assert.isTrue(Schema.is(Diagnostic)(JSON.parse(JSON.stringify(diagnostic))))
      }
    }
  }
})

it("the printed form shows the line, marks the place, and sums up", () => {
  const text = "name: a\nsteps:\n  - id: x\n    type: set\n    values: {a: '${inptu.b}'}\n    output: v\noutput: v\n"
  assert.strictEqual(
    renderAll(Checker.check(text, { file: "a.yaml" }).diagnostics, text),
    [
      'error[PS201]: "inptu" is not defined',
      "  --> a.yaml:5:20",
      "  4 |     type: set",
      "> 5 |     values: {a: '${inptu.b}'}",
      "    |                    ^^^^^",
      "  6 |     output: v",
      '  help: did you mean "input"?',
      "",
      "1 error"
    ].join("\n")
  )
})

describe("any document", () => {
  const inputs = files.flatMap(({ cases }) => cases.map((test) => test.input))
  const values = [null, 0, "", "${", "${x}", "a b", [], {}, [{}], { type: "llm" }, true, -1, "${steps.a.output}"]

  /** Puts a value at a random place of a document. */
  const damage = (value: unknown, path: ReadonlyArray<number>, by: unknown): unknown => {
    const [first, ...rest] = path
    if (first === undefined || typeof value !== "object" || value === null) return by
    const keys = Object.keys(value)
    const key = keys[first % Math.max(1, keys.length)]
    if (key === undefined) return by
    const inner = damage((value as Record<string, unknown>)[key], rest, by)
    return Array.isArray(value)
      ? value.map((item: unknown, at) => (String(at) === key ? inner : item))
      : { ...value, [key]: inner }
  }

  it("is checked without throwing, with places inside of the text", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.constantFrom(...inputs),
        FastCheck.array(FastCheck.nat(20), { maxLength: 6 }),
        FastCheck.constantFrom(...values),
        (input, path, by) => {
          const source = Checker.check(input).document === undefined ? input : stringify(damage(parse(input), path, by))
          const lines = source.split("\n").length
          for (const { range } of Checker.check(source, world).diagnostics) {
            assert.isAtLeast(range.start.line, 1)
            assert.isAtMost(range.end.line, lines)
          }
        }
      ),
      { numRuns: 500 }
    )
  })
})
