import { assert, describe, it } from "@effect/vitest"
import { make } from "@penstock/gateway/providers/demo/Facts"
import { fillSchema } from "@penstock/gateway/providers/demo/FillSchema"
import { formats } from "@penstock/gateway/providers/demo/MatchSchema"
// oxlint-disable-next-line eslint/no-restricted-imports -- the path that ajv itself documents
import { Ajv2020 } from "ajv/dist/2020.js"
import * as fc from "effect/FastCheck"

const ajv = new Ajv2020({ strict: false, allErrors: true })
for (const [name, pattern] of Object.entries(formats)) ajv.addFormat(name, pattern)

const fill = (schema: unknown, text: string) => fillSchema(schema, make(text))

/** Fills a schema and proves with an independent validator that the result is valid. */
const valid = (schema: object, text: string): unknown => {
  const value = fill(schema, text)
  assert.notStrictEqual(value, undefined, `nothing for ${JSON.stringify(schema)}`)
  const validate = ajv.compile(schema)
  assert.isTrue(
    validate(value),
    `${JSON.stringify(schema)}\n${JSON.stringify(value)}\n${JSON.stringify(validate.errors)}`
  )
  assert.deepStrictEqual(JSON.parse(JSON.stringify(value)), value)
  return value
}

const order =
  "Ann Miller of Basel ordered 3 lamps for 129.50 dollars on 2024-05-01. The delivery to Zurich is not express. " +
  "Her address is ann@example.org, and the priority is high. See https://example.org/orders/7 for the lamps."

const scalar = fc.oneof(
  fc.record(
    {
      type: fc.constant("string"),
      minLength: fc.nat(40),
      maxLength: fc.integer({ min: 40, max: 90 }),
      description: fc.string()
    },
    { requiredKeys: ["type"] }
  ),
  fc.record({ type: fc.constant("string"), format: fc.constantFrom(...Object.keys(formats)) }),
  fc.record({
    type: fc.constant("string"),
    pattern: fc.constantFrom(
      "^[A-Z]{3}-\\d{4}$",
      "^#[0-9a-f]{6}$",
      "^(yes|no)$",
      "\\w+@\\w+",
      "^\\S*$",
      "^.{5,}$",
      "[^a-z]x"
    )
  }),
  fc
    .record({ low: fc.integer({ min: -50, max: 50 }), size: fc.nat(100), type: fc.constantFrom("integer", "number") })
    .map(({ low, size, type }) => ({ type, minimum: low, maximum: low + size })),
  fc
    .record({ low: fc.integer({ min: -50, max: 50 }), type: fc.constantFrom("integer", "number") })
    .map(({ low, type }) => ({ type, exclusiveMinimum: low, exclusiveMaximum: low + 2 })),
  fc.record({
    type: fc.constant("number"),
    multipleOf: fc.constantFrom(0.5, 2, 7, 0.1),
    minimum: fc.integer({ min: -9, max: 9 })
  }),
  fc.constantFrom(
    { type: "boolean" },
    { type: "null" },
    { type: ["string", "null"] },
    { type: ["null", "integer"] },
    {}
  ),
  fc
    .array(fc.oneof(fc.string(), fc.integer(), fc.constantFrom("high", "low")), { minLength: 1 })
    .map((all) => ({ enum: all })),
  fc.jsonValue().map((value) => ({ const: JSON.parse(JSON.stringify(value)) as unknown }))
)

// Not `__proto__`, which ajv leaves unchecked.
const name = fc.oneof(fc.stringMatching(/^[a-z]{1,8}$/), fc.constantFrom("toString", "priority", "", "a/b~c", "city"))

/** Keywords with a value; the others are left out. */
const keywords = (all: object): object =>
  Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
const maybe = <A>(arbitrary: fc.Arbitrary<A>) => fc.option(arbitrary, { nil: undefined })

const { any } = fc.letrec<{ any: object; object: object; array: object; choice: object }>((tie) => ({
  any: fc.oneof({ maxDepth: 4 }, { weight: 3, arbitrary: scalar }, tie("object"), tie("array"), tie("choice")),
  object: fc
    .record({
      properties: fc.dictionary(name, tie("any"), { maxKeys: 4 }),
      additionalProperties: fc.oneof(fc.boolean(), tie("any")),
      all: fc.boolean(),
      more: fc.boolean()
    })
    .map(({ properties, additionalProperties, all, more }) => {
      const names = Object.keys(properties)
      return keywords({
        type: "object",
        properties,
        additionalProperties,
        required: all ? names : undefined,
        minProperties: more && additionalProperties !== false ? names.length + 1 : undefined
      })
    }),
  array: fc
    .record({
      items: tie("any"),
      prefixItems: maybe(fc.array(tie("any"), { minLength: 1, maxLength: 2 })),
      minItems: maybe(fc.nat(4)),
      more: maybe(fc.nat(3))
    })
    .map(({ items, prefixItems, minItems, more }) =>
      keywords({
        type: "array",
        items,
        prefixItems,
        minItems,
        maxItems: more === undefined ? undefined : more + (minItems ?? 0)
      })
    ),
  choice: fc.oneof(
    fc.array(tie("any"), { minLength: 1, maxLength: 3 }).map((anyOf) => ({ anyOf })),
    tie("any").map((x) => ({ oneOf: [{ type: "null" }, { type: "object", properties: { x }, required: ["x"] }] })),
    tie("any").map((x) => ({
      allOf: [
        { type: "object", properties: { x }, required: ["x"] },
        { properties: { x: {}, y: { type: "string" } }, required: ["y"] }
      ]
    }))
  )
}))

/** A schema as it is, or behind references. */
const schemas = fc.oneof(
  any,
  any.map((inner) => ({
    type: "object",
    properties: {
      "a/b": { $ref: "#/$defs/in~0ner%20one" },
      all: { type: "array", items: { $ref: "#/properties/a~1b" } }
    },
    required: ["a/b"],
    $defs: { "in~ner one": inner }
  }))
)

describe("filling a schema", () => {
  it("gives a value that an independent validator accepts, whatever the text", () => {
    fc.assert(
      fc.property(
        schemas,
        fc.oneof(fc.constant(order), fc.lorem({ mode: "sentences" }), fc.string({ unit: "binary" })),
        (schema, text) => {
          assert.notStrictEqual(valid(schema, text), undefined)
        }
      ),
      { numRuns: 200 }
    )
  })

  it("gives the same value for the same text", () => {
    fc.assert(
      fc.property(schemas, (schema) => {
        assert.deepStrictEqual(fill(schema, order), fill(schema, order))
      })
    )
  })

  it("finds what the text says", () => {
    const schema = {
      type: "object",
      properties: {
        customer: { $ref: "#/$defs/person" },
        quantity: { type: "integer", description: "How many lamps", minimum: 1, maximum: 10 },
        dollars: { type: "number" },
        date: { type: "string", format: "date" },
        link: { type: "string", format: "uri" },
        express: { type: "boolean" },
        priority: { enum: ["low", "medium", "high"] },
        topics: { type: "array", items: { type: "string" }, minItems: 2, maxItems: 2 },
        note: { anyOf: [{ type: "null" }, { type: "string", maxLength: 30 }] },
        kind: { const: "order" }
      },
      required: ["customer", "quantity", "dollars", "date", "link", "express", "priority", "topics", "note", "kind"],
      additionalProperties: false,
      $defs: {
        person: {
          type: "object",
          properties: { name: { type: "string" }, email: { type: "string", format: "email" } },
          required: ["name", "email"],
          additionalProperties: false
        }
      }
    }
    const value = valid(schema, order) as Record<string, unknown>
    assert.deepInclude(value, {
      customer: { name: "Basel", email: "ann@example.org" },
      quantity: 3,
      dollars: 129.5,
      date: "2024-05-01",
      link: "https://example.org/orders/7",
      express: false,
      priority: "high",
      kind: "order"
    })
  })

  it("ends recursive schemas", () => {
    const list = valid(
      {
        $ref: "#/$defs/node",
        $defs: {
          node: {
            type: "object",
            properties: {
              value: { type: "string" },
              next: { anyOf: [{ $ref: "#/$defs/node" }, { type: "null" }] },
              children: { type: "array", items: { $ref: "#/$defs/node" } }
            },
            required: ["value", "next", "children"],
            additionalProperties: false
          }
        }
      },
      order
    )
    assert.include(JSON.stringify(list), '"next":null')
    const tree = valid(
      {
        $ref: "#/$defs/tree",
        $defs: {
          tree: {
            anyOf: [
              {
                type: "object",
                properties: { left: { $ref: "#/$defs/tree" }, right: { $ref: "#/$defs/tree" } },
                required: ["left", "right"]
              },
              { type: "string" }
            ]
          }
        }
      },
      order
    )
    assert.hasAllKeys(tree, ["left", "right"])
  })

  it("fills a list of different items", () => {
    const list = valid(
      { type: "array", items: { type: "string" }, minItems: 12, maxItems: 12, uniqueItems: true },
      "One. Two."
    )
    assert.lengthOf(list as Array<unknown>, 12)
    valid({ type: "array", items: { type: "integer", minimum: 3 }, minItems: 5, uniqueItems: true }, order)
    valid({ type: "array", items: { enum: ["a", "b", "high"] }, minItems: 3, uniqueItems: true }, order)
  })

  it.each([
    ["allows nothing", false],
    ["contradicts itself", { type: "integer", minimum: 3, maximum: 2 }],
    [
      "has no finite value",
      { $ref: "#/$defs/a", $defs: { a: { type: "object", properties: { a: { $ref: "#/$defs/a" } }, required: ["a"] } } }
    ],
    ["refers to itself", { $ref: "#" }],
    ["refers to nothing", { $ref: "#/$defs/nothing" }],
    ["has a pattern that is none", { type: "string", pattern: "(" }]
  ])("gives nothing for a schema that %s", (_, schema) => {
    assert.strictEqual(fill(schema, order), undefined)
  })

  it("is not held up by an expression that would hold up a backtracking engine", () => {
    assert.strictEqual(
      fill({ type: "string", pattern: "^(a+)+$", minLength: 3, maxLength: 3 }, `${"a".repeat(500)}!`),
      "aaa"
    )
  })
})
