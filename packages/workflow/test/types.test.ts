import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { assignable } from "@penstock/workflow/types/Assignable"
import { bounded } from "@penstock/workflow/types/Bounded"
import { fromSchema } from "@penstock/workflow/types/FromSchema"
import { read } from "@penstock/workflow/types/Shape"
import { toSchema } from "@penstock/workflow/types/ToSchema"
import * as Type from "@penstock/workflow/types/Type"
import { compile } from "@penstock/workflow/types/Validate"

const leaf = FastCheck.oneof(
  FastCheck.constantFrom(Type.any, Type.nothing, Type.boolean, Type.integer, Type.number, Type.string),
  FastCheck.uniqueArray(FastCheck.constantFrom("a", "b", "c"), { minLength: 1 }).map(Type.enumeration)
)
const { type } = FastCheck.letrec<{ type: Type.Type }>((tie) => ({
  type: FastCheck.oneof(
    { maxDepth: 3 },
    leaf,
    tie("type").map(Type.list),
    FastCheck.array(tie("type"), { minLength: 1, maxLength: 3 }).map(Type.union),
    FastCheck.dictionary(FastCheck.constantFrom("x", "y", "z?", "__proto__x"), tie("type"), { maxKeys: 3 }).map(
      Type.struct
    ),
    tie("type").map(Type.record)
  )
}))

const typeOf = (value: unknown): Type.Type => {
  if (Array.isArray(value)) return Type.list(Type.union(value.map(typeOf)))
  switch (typeof value) {
    case "string":
      return Type.string
    case "number":
      return Number.isInteger(value) ? Type.integer : Type.number
    case "boolean":
      return Type.boolean
    default:
      if (value === null) return Type.nothing
      return {
        _tag: "Object",
        rest: null,
        fields: new Map(
          Object.entries(value as object).map(([name, field]) => [name, { type: typeOf(field), optional: false }])
        )
      }
  }
}

describe("types", () => {
  it("fit themselves, and equal themselves", () => {
    FastCheck.assert(
      FastCheck.property(type, (one) => {
        assert.notStrictEqual(assignable(one, one), "no", Type.print(one))
        assert.isTrue(Type.equals(one, one))
      })
    )
  })

  it("fit a union that holds them, whatever else it holds", () => {
    FastCheck.assert(
      FastCheck.property(type, type, (one, other) => {
        assert.notStrictEqual(assignable(one, Type.union([one, other])), "no")
      })
    )
  })

  it("form the same union in any order, and one that is no more with the same type again", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.array(type, { maxLength: 4 }), (some) => {
        const once = Type.union(some)
        assert.isTrue(Type.equals(Type.union([once, ...some]), once) || once._tag === "Enum" || once._tag === "Union")
        const mutual = [
          assignable(once, Type.union(some.toReversed())),
          assignable(Type.union(some.toReversed()), once)
        ]
        assert.notInclude(mutual, "no")
      })
    )
  })

  it("become JSON Schema and come back", () => {
    FastCheck.assert(
      FastCheck.property(type, (one) => {
        const back = fromSchema(toSchema(one))
        assert.strictEqual(Type.print(back), Type.print(one))
      })
    )
  })

  it("of a value have a schema that the value is valid against", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.jsonValue({ maxDepth: 3 }), (json) => {
        const value: unknown = JSON.parse(JSON.stringify(json))
        assert.deepStrictEqual(compile(toSchema(typeOf(value)))(value), [])
      })
    )
  })

  it("stay small, however often one holds another twice", () => {
    let one: Type.Type = Type.string
    for (let round = 0; round < 60; round++) one = bounded(Type.struct({ left: one, right: one }))
    assert.isBelow(JSON.stringify(toSchema(one)).length, 400_000)
    assert.strictEqual(assignable(one, one), "yes")
  })
})

describe("the short form of a schema", () => {
  const cases: ReadonlyArray<readonly [name: string, written: unknown, type: string]> = [
    ["plain fields", { a: "string", "b?": "number[]" }, "{a: string, b?: number[]}"],
    ["words", { a: "enum(x, y)", b: "string | null", c: "any" }, '{a: "x" | "y", b: string | null, c: any value}'],
    ["fields in fields", { a: { b: { c: "boolean" } } }, "{a: {b: {c: boolean}}}"],
    ["a field that is called type", { type: "enum(a,b)", name: "string" }, '{type: "a" | "b", name: string}'],
    [
      "a field that is called type and is a text",
      { type: "string", colour: "string" },
      "{type: string, colour: string}"
    ],
    ["JSON Schema of a text", { type: "string", minLength: 3 }, "string"],
    [
      "JSON Schema of an object",
      { type: "object", properties: { a: { type: "integer" } }, required: ["a"] },
      "{a: integer}"
    ],
    ["JSON Schema that is open", { type: "object" }, "{…}"],
    ["JSON Schema with several types", { type: ["string", "null"] }, "string | null"],
    [
      "JSON Schema with a reference",
      { $ref: "#/$defs/a", $defs: { a: { type: "array", items: { $ref: "#/$defs/b" } }, b: { const: "x" } } },
      '("x")[]'
    ],
    [
      "JSON Schema that leads in a circle",
      { type: "object", properties: { a: { $ref: "#" } }, required: ["a"] },
      "{a: {a: {a: {a: {…}}}}}"
    ],
    ["JSON Schema of alternatives", { anyOf: [{ type: "integer" }, { enum: ["a", 1, null] }] }, '"a" | integer | null'],
    [
      "JSON Schema of all together",
      {
        allOf: [
          { type: "object", properties: { a: { type: "string" } } },
          { type: "object", properties: { b: { type: "number" } }, required: ["b"] }
        ]
      },
      "{a?: string, b: number}"
    ]
  ]
  for (const [name, written, expected] of cases) {
    it(`${name}`, () => {
      const { problems, schema } = read(written)
      assert.deepStrictEqual(problems, [])
      assert.strictEqual(Type.print(fromSchema(schema)), expected)
    })
  }
})

describe("validation", () => {
  it("tells each violation at its place, in words that a model understands", () => {
    const { schema } = read({ score: "number", label: "enum(good,bad)", tags: "string[]" })
    assert.deepStrictEqual(compile(schema)({ score: "x", label: "god", tags: ["a", 1], more: 1 }), [
      { path: "score", message: 'Instance type "string" is invalid. Expected "number"' },
      { path: "label", message: 'Instance does not match any of ["good","bad"]' },
      { path: "tags[1]", message: 'Instance type "number" is invalid. Expected "string"' },
      { path: "", message: 'Property "more" does not match additional properties schema' }
    ])
  })

  it("of a schema or a value that it cannot handle is a violation, and no exception", () => {
    assert.lengthOf(compile({ $ref: "#/nowhere" })(1), 1)
    assert.lengthOf(compile({ type: "object", properties: { "\ud800": { type: "string" } } })({ "\ud800": 1 }), 1)
  })

  it("refuses patterns that may run for very long, before any value is held to them", () => {
    for (const pattern of ["^(a+)+$", "(a|b*)*", "(?=a)b", "(.)\\1", "([a-z]+){2,}x"]) {
      assert.deepStrictEqual(
        read({ type: "string", pattern }).problems.map(({ code }) => code),
        ["PS606"],
        pattern
      )
    }
    for (const pattern of ["^[a-z]+@[a-z]+\\.[a-z]{2,}$", "^(ab|c)d+$", "\\(a+\\)+"]) {
      assert.deepStrictEqual(read({ type: "string", pattern }).problems, [], pattern)
    }
  })
})
