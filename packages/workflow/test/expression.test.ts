import { assert, describe, it } from "@effect/vitest"
import * as cel from "@marcbachmann/cel-js"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import type { Problem } from "@penstock/workflow/expression/Ast"
import { infer } from "@penstock/workflow/expression/Infer"
import * as Template from "@penstock/workflow/expression/Template"
import { assignable, typeOf as typeOfLiteral } from "@penstock/workflow/types/Assignable"
import * as Type from "@penstock/workflow/types/Type"
import { type Case, load } from "./Testdata.ts"

interface Repeated {
  readonly repeat: string
  readonly times: number
  readonly before?: string
  readonly after?: string
}

interface ExpressionCase extends Case {
  readonly text: string | Repeated
  readonly bare?: boolean
  readonly scope?: Readonly<Record<string, unknown>>
  readonly types?: Readonly<Record<string, unknown>>
  readonly value?: unknown
  readonly failure?: string
  readonly problems?: ReadonlyArray<string>
  readonly type?: string
}

const isRepeated = (value: unknown): value is Repeated =>
  typeof value === "object" && value !== null && "repeat" in value

const expand = (value: unknown): unknown => {
  if (isRepeated(value)) return (value.before ?? "") + value.repeat.repeat(value.times) + (value.after ?? "")
  if (typeof value === "object" && value !== null && "range" in value) return [...Array(value.range as number).keys()]
  return value
}

const typeOf = (spec: unknown): Type.Type => {
  if (Array.isArray(spec)) return Type.list(typeOf(spec[0]))
  if (typeof spec === "object" && spec !== null) {
    return Type.struct(Object.fromEntries(Object.entries(spec).map(([name, field]) => [name, typeOf(field)])))
  }
  const words = /^enum\((.*)\)$/.exec(String(spec))?.[1]
  if (words !== undefined) return Type.enumeration(words.split(","))
  return { string: Type.string, number: Type.number }[String(spec)] ?? Type.any
}

const scopeOf = ({ null: nullable, ...types }: Readonly<Record<string, unknown>>) =>
  new Map(
    Object.entries(types).map(([name, spec]) => {
      const type = typeOf(spec)
      return [name, Array.isArray(nullable) && nullable.includes(name) ? Type.nullable(type) : type]
    })
  )

const show = ({ code, hint, message, span }: Problem, offset = 0): string =>
  `${code} ${span.start + offset}-${span.end + offset} ${message}${hint === null ? "" : ` (${hint})`}`

for (const { cases, file } of load<ExpressionCase>("expression")) {
  describe(`${file}`, () => {
    for (const test of cases) {
      it(`${test.name}`, () => {
        const source = String(expand(test.text))
        const { problems, template } = (test.bare === true ? Template.compileBare : Template.compile)(source)
        const shown = problems.map((problem) => show(problem))
        for (const part of template?.parts ?? []) {
          if (part._tag === "Text") continue
          const found = infer(part.expr, scopeOf(test.types ?? {}), source.slice(part.offset))
          shown.push(...found.problems.map((problem) => show(problem, part.offset)))
          if (test.type !== undefined) assert.strictEqual(Type.print(found.type), test.type)
        }
        assert.deepStrictEqual(shown, test.problems ?? [])
        if (template === null || test.problems !== undefined) return
        const scope = Object.fromEntries(Object.entries(test.scope ?? {}).map(([name, value]) => [name, expand(value)]))
        const result = Template.evaluate(template, scope)
        if (test.failure === undefined) {
          assert.deepStrictEqual(
            Either.getOrThrowWith(result, (failure) => new Error(failure.message)),
            test.value
          )
        } else {
          const { message, reason, span } = Either.getOrThrow(Either.flip(result))
          assert.strictEqual(`${reason} ${span.start}-${span.end} ${message}`, test.failure)
        }
      })
    }
  })
}

describe("any expression", () => {
  const scope = { a: 3, b: 0.5, s: "text", l: [1, 2, "x"], o: { k: 1, n: null }, t: true }
  const leaf = FastCheck.constantFrom(
    "1",
    "0",
    "2.5",
    "'x'",
    "''",
    "true",
    "null",
    "a",
    "b",
    "s",
    "l",
    "o",
    "t",
    "o.k",
    "l[0]",
    "o.?z"
  )
  const { expr } = FastCheck.letrec<{ expr: string }>((tie) => ({
    expr: FastCheck.oneof(
      { maxDepth: 4, withCrossShrink: true },
      leaf,
      FastCheck.tuple(
        tie("expr"),
        FastCheck.constantFrom("+", "-", "*", "/", "%", "==", "!=", "<", ">=", "&&", "||", "in"),
        tie("expr")
      ).map(([left, operator, right]) => `(${left} ${operator} ${right})`),
      FastCheck.tuple(tie("expr"), tie("expr"), tie("expr")).map(([c, y, n]) => `(${c} ? ${y} : ${n})`),
      tie("expr").map((inner) => `!${inner}`),
      tie("expr").map((inner) => `size(${inner})`),
      FastCheck.tuple(tie("expr"), FastCheck.constantFrom("map", "filter", "exists", "all"), tie("expr")).map(
        ([list, kind, body]) => `[${list}, a].${kind}(i, ${body})`
      ),
      FastCheck.array(tie("expr"), { maxLength: 3 }).map((items) => `[${items.join(", ")}]`)
    )
  }))

  it("has a value or a failure inside of its text, and never throws", () => {
    const signs = FastCheck.array(
      FastCheck.oneof(
        expr,
        FastCheck.constantFrom(
          "${",
          "}",
          "'",
          '"',
          "$",
          "{",
          "(",
          ".",
          "?",
          "[",
          "\\",
          "loop",
          "é",
          "//",
          "\n",
          "r'",
          '"""'
        )
      ),
      { maxLength: 8 }
    ).map((parts) => parts.join(""))
    FastCheck.assert(
      FastCheck.property(
        FastCheck.oneof(
          signs,
          expr.map((inner) => `\${${inner}}`)
        ),
        (text) => {
          const { problems, template } = Template.compile(text)
          assert.strictEqual(template === null, problems.length > 0)
          for (const { span } of problems)
            assert.isTrue(0 <= span.start && span.start <= span.end && span.end <= text.length)
          if (template === null) return
          const result = Template.evaluate(template, scope)
          if (Either.isRight(result)) assert.doesNotThrow(() => JSON.stringify(result.right))
          else assert.isTrue(0 <= result.left.span.start && result.left.span.end <= text.length)
        }
      ),
      { numRuns: 2000 }
    )
  })

  const library = new cel.Environment({
    unlistedVariablesAreDyn: true,
    enableOptionalTypes: true,
    homogeneousAggregateLiterals: false
  })
  const toNumbers = (value: unknown): unknown =>
    typeof value === "bigint" ? Number(value) : Array.isArray(value) ? value.map(toNumbers) : value

  it("has the value that CEL's library gives it, wherever that gives one", () => {
    let agreed = 0
    FastCheck.assert(
      FastCheck.property(expr, (text) => {
        let expected: unknown
        try {
          expected = toNumbers(library.evaluate(text, scope))
        } catch {
          return
        }
        if (expected instanceof cel.Optional || JSON.stringify(expected)?.includes("null") !== false) return
        const { template } = Template.compile(`\${${text}}`)
        const result = Template.evaluate(template!, scope)
        if (Either.isLeft(result) && !Number.isFinite(expected)) return
        assert.deepStrictEqual(
          Either.getOrThrowWith(result, (failure) => new Error(`${text}: ${failure.message}`)),
          expected,
          text
        )
        agreed += 1
      }),
      { numRuns: 3000 }
    )
    assert.isAbove(agreed, 300)
  })

  it("has a value of the type that was inferred for it", () => {
    const types = new Map(Object.entries(scope).map(([name, value]) => [name, typeOfValue(value)]))
    FastCheck.assert(
      FastCheck.property(expr, (text) => {
        const { template } = Template.compile(`\${${text}}`)
        const [part] = template?.parts ?? []
        if (part?._tag !== "Expression") return
        const { problems, type } = infer(part.expr, types, text)
        const result = Template.evaluate(template!, scope)
        if (problems.length > 0 || Either.isLeft(result)) return
        const expected = type._tag === "Optional" ? type.value : type
        assert.notStrictEqual(assignable(typeOfValue(result.right), expected), "no", `${text}: ${Type.print(type)}`)
      }),
      { numRuns: 2000 }
    )
  })
})

const typeOfValue = (value: unknown): Type.Type => {
  if (Array.isArray(value)) return Type.list(Type.union(value.map(typeOfValue)))
  if (typeof value !== "object" || value === null) return typeOfLiteral(value)
  return Type.struct(Object.fromEntries(Object.entries(value).map(([name, field]) => [name, typeOfValue(field)])))
}
