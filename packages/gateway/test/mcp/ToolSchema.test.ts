import { assert, describe, it } from "@effect/vitest"
import { normalise } from "@penstock/gateway/mcp/ToolSchema"
import { compile } from "@penstock/gateway/mcp/ToolArguments"
import * as Either from "effect/Either"

const nested = (depth: number): object =>
  depth === 0 ? { type: "string" } : { type: "object", properties: { a: nested(depth - 1) } }

/** Each root refers twice to the next: written out it is two to the power of their number. */
const bomb = {
  type: "object",
  properties: { a: { $ref: "#/$defs/d0" } },
  $defs: Object.fromEntries(
    Array.from({ length: 20 }, (_, at) => {
      const inner = at === 19 ? { type: "string" } : { $ref: `#/$defs/d${at + 1}` }
      return [`d${at}`, { anyOf: [inner, inner] }]
    })
  )
}

const usable: ReadonlyArray<readonly [string, unknown, { readonly [word: string]: unknown }]> = [
  ["none at all is an object of anything", undefined, { type: "object", properties: {} }],
  ["a missing type is an object", { properties: { a: {} } }, { type: "object", properties: { a: {} } }],
  [
    "references are written out, definitions and dialects dropped",
    {
      $schema: "http://json-schema.org/draft-07/schema#",
      type: "object",
      properties: { a: { $ref: "#/definitions/A", description: "of its own" } },
      definitions: { A: { type: "string", description: "of the definition" } }
    },
    { type: "object", properties: { a: { type: "string", description: "of its own" } } }
  ],
  [
    "what contains itself ends where it begins anew",
    {
      type: "object",
      properties: { tree: { $ref: "#/$defs/Tree" } },
      $defs: { Tree: { type: "object", properties: { left: { $ref: "#/$defs/Tree" } } } }
    },
    { type: "object", properties: { tree: { type: "object", properties: { left: {} } } } }
  ],
  [
    "draft 4's bounds and tuples, and OpenAPI's null, are today's",
    {
      type: "object",
      properties: {
        n: { type: "number", minimum: 0, exclusiveMinimum: true, maximum: 9 },
        t: { items: [{ type: "string" }], additionalItems: false },
        s: { type: "string", nullable: true }
      }
    },
    {
      type: "object",
      properties: {
        n: { type: "number", exclusiveMinimum: 0, maximum: 9 },
        t: { prefixItems: [{ type: "string" }], items: false },
        s: { type: ["string", "null"] }
      }
    }
  ],
  [
    "a union at the top is what its members allow together",
    {
      type: "object",
      anyOf: [
        { properties: { id: { type: "string" }, by: { const: "id" } }, required: ["by", "id"] },
        { properties: { by: { const: "name" } }, required: ["by"] }
      ]
    },
    {
      type: "object",
      properties: { id: { type: "string" }, by: { anyOf: [{ const: "id" }, { const: "name" }] } },
      required: ["by"]
    }
  ],
  [
    "a property that is called like a word of the language stays",
    { type: "object", properties: { $ref: { type: "string" }, items: { type: "string" } } },
    { type: "object", properties: { $ref: { type: "string" }, items: { type: "string" } } }
  ]
]

const unusable: ReadonlyArray<readonly [string, unknown, string]> = [
  ["a list", [], "not a mapping"],
  ["another type", { type: "string" }, "string and not for an object"],
  [
    "a reference to elsewhere",
    { properties: { a: { $ref: "https://x.test/a" } } },
    "https://x.test/a, which is elsewhere"
  ],
  ["a reference to nothing", { properties: { a: { $ref: "#/$defs/A" } } }, "#/$defs/A, which is not there"],
  ["too deep a nesting", nested(60), "nested deeper"],
  ["references that multiply", bomb, "parts, references written out"],
  ["a part that is no schema", { properties: { a: 5 } }, "neither a mapping nor a boolean"]
]

describe("a tool's schema for providers", () => {
  it.each(usable)("%s", (_name, schema, expected) => {
    assert.deepStrictEqual(normalise(schema), Either.right(expected))
    // What is normal already stays.
    assert.deepStrictEqual(normalise(expected), Either.right(expected))
  })

  it.each(unusable)("%s makes the tool unusable, with the reason", (_name, schema, reason) => {
    const result = normalise(schema)
    assert.isTrue(Either.isLeft(result))
    if (Either.isLeft(result)) assert.include(result.left, reason)
  })
})

describe("arguments", () => {
  const schema = {
    type: "object",
    properties: { list: { type: "array", items: { $ref: "#/$defs/Item" } }, "a/b": { type: "integer" } },
    required: ["list"],
    additionalProperties: false,
    $defs: { Item: { type: "object", properties: { n: { type: "integer" } }, required: ["n", "m"] } }
  }

  it("that are wrong are told by path, each once", () => {
    const paths = compile(schema)({ list: [{ n: 1, m: 2 }, { n: "x" }], "a/b": 0.5, more: true }).map(
      ({ path }) => path
    )
    assert.includeMembers(paths, ["arguments.list.1.m", "arguments.list.1.n", "arguments.a/b"])
    assert.strictEqual(new Set(paths).size, paths.length)
    assert.deepStrictEqual(compile(schema)({}), [{ path: "arguments.list", message: "It is required" }])
    assert.deepStrictEqual(compile(schema)({ list: [] }), [])
  })

  it("are left to the server where its schema cannot be applied, and the schema is left as it was", () => {
    const broken = { type: "object", properties: { a: { type: "string", pattern: "(" } } }
    const before = JSON.stringify(broken)
    assert.deepStrictEqual(compile(broken)({ a: "x" }), [])
    assert.strictEqual(JSON.stringify(broken), before)
  })
})
