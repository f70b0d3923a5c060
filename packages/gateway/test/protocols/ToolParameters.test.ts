import { assert, describe, it } from "@effect/vitest"
import type { ProtocolId } from "@penstock/gateway/protocols/Protocol"
import * as ToolParameters from "@penstock/gateway/protocols/ToolParameters"
import type { JsonSchema, Tool } from "@penstock/schema/ChatRequest"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"

const protocols: ReadonlyArray<ProtocolId> = ["openai-chat", "openai-responses", "anthropic-messages", "ollama-chat"]

const tool = (parameters: JsonSchema, more: Partial<Tool> = {}): Tool => ({ name: "t", parameters, ...more })
const fit = (parameters: JsonSchema, to: ProtocolId, more: Partial<Tool> = {}) =>
  Either.getOrThrow(ToolParameters.fit(tool(parameters, more), to))

const plain = FastCheck.constantFrom<unknown>(
  { type: "string", description: "d" },
  { type: "integer", minimum: 1 },
  { type: "boolean" },
  { type: "array", items: { type: "string" } },
  { enum: ["a", "b"] },
  { anyOf: [{ type: "string" }, { type: "null" }] }
)
const odd = FastCheck.constantFrom<unknown>(
  true,
  { type: "array" },
  { const: 1 },
  { oneOf: [{ type: "string" }, { type: "number" }] },
  { not: { type: "string" } },
  { $ref: "#/$defs/thing" },
  { allOf: [{ type: "object" }, true] },
  { type: ["array", "null"], prefixItems: [true] },
  { type: "object", patternProperties: { "^a": true }, additionalProperties: false }
)
const name = FastCheck.constantFrom("a", "b", "items", "not", "const")
const objectOf = (part: FastCheck.Arbitrary<unknown>) =>
  FastCheck.record({
    type: FastCheck.constant("object"),
    properties: FastCheck.dictionary(name, part, { maxKeys: 4, noNullPrototype: true }),
    required: FastCheck.array(name, { maxLength: 3 })
  })
const root = objectOf(FastCheck.oneof(plain, odd, objectOf(odd))).map((schema): JsonSchema => ({
  ...schema,
  $defs: { thing: { type: "object", properties: { x: { type: "string" } } } }
}))
const top = FastCheck.constantFrom<JsonSchema>(
  {},
  { anyOf: [{ required: ["a"] }, { required: ["b"] }] },
  { oneOf: [{ properties: { c: { type: "string" } } }] },
  { allOf: [{ properties: { d: { type: "string" } }, required: ["d"] }] },
  { enum: [{}] },
  { not: { required: ["z"] } }
)
const messy = FastCheck.tuple(root, top).map(([schema, more]): JsonSchema => ({ ...schema, ...more }))

const partsOf = (schema: unknown): ReadonlyArray<unknown> =>
  typeof schema === "object" && schema !== null ? [schema, ...Object.values(schema).flatMap(partsOf)] : [schema]

describe("a tool's schema for a provider", () => {
  it("that fits stays as it is, byte for byte, with nothing dropped", () => {
    FastCheck.assert(
      FastCheck.property(
        objectOf(FastCheck.oneof(plain, objectOf(plain))),
        FastCheck.constantFrom(...protocols),
        (schema, to) => {
          const fitted = fit(schema, to)
          assert.strictEqual(JSON.stringify(fitted.tool.parameters), JSON.stringify(schema))
          assert.isEmpty(fitted.dropped)
        }
      )
    )
  })

  it("is an object without alternatives at the top, whatever it was; and what had to go is told", () => {
    FastCheck.assert(
      FastCheck.property(messy, FastCheck.constantFrom(...protocols), (schema, to) => {
        const { dropped, tool } = fit(schema, to)
        for (const word of ["anyOf", "oneOf", "allOf", "enum", "not"]) {
          assert.notProperty(tool.parameters, word)
          assert.strictEqual(dropped.includes(`parameters.${word}`), schema[word] !== undefined)
        }
        assert.strictEqual(tool.parameters?.["type"], "object")
      })
    )
  })

  it("fits from then on: fitting it again changes nothing", () => {
    FastCheck.assert(
      FastCheck.property(messy, FastCheck.constantFrom(...protocols), (schema, to) => {
        const once = fit(schema, to)
        const twice = Either.getOrThrow(ToolParameters.fit(once.tool, to))
        assert.deepStrictEqual(twice, { tool: once.tool, dropped: [] })
      })
    )
  })

  it("keeps the names of its properties, those among its words too", () => {
    FastCheck.assert(
      FastCheck.property(root, FastCheck.constantFrom(...protocols), (schema, to) => {
        const names = (of: JsonSchema | undefined) => Object.keys((of?.["properties"] ?? {}) as object)
        assert.deepStrictEqual(names(fit(schema, to).tool.parameters), names(schema))
      })
    )
  })

  it("for Ollama refers to nothing and uses no word that Ollama forgets", () => {
    FastCheck.assert(
      FastCheck.property(objectOf(odd), (schema) => {
        const whole = { ...schema, $defs: { thing: { type: "string" } } }
        for (const part of partsOf(fit(whole, "ollama-chat").tool.parameters)) {
          if (typeof part === "object" && part !== null) assert.notProperty(part, "$ref")
          assert.notStrictEqual(part, true)
        }
      })
    )
    const { dropped, tool } = fit(
      { type: "object", properties: { a: { const: 1 }, b: { oneOf: [{ type: "string" }] }, c: { not: {} } } },
      "ollama-chat"
    )
    assert.deepStrictEqual(tool.parameters?.["properties"], {
      a: { enum: [1] },
      b: { anyOf: [{ type: "string" }] },
      c: {}
    })
    assert.deepStrictEqual(dropped, ["parameters.properties.c.not"])
  })

  it("says what is in a list: OpenAI refuses the whole request otherwise", () => {
    const { tool } = fit({ type: "object", properties: { a: { type: "array" } } }, "openai-chat")
    assert.deepStrictEqual(tool.parameters?.["properties"], { a: { type: "array", items: {} } })
  })

  it("is strict for OpenAI only if it is what that asks for", () => {
    const closed = {
      type: "object",
      properties: { a: { type: "string" } },
      required: ["a"],
      additionalProperties: false
    }
    assert.deepStrictEqual(fit(closed, "openai-chat", { strict: true }).dropped, [])
    for (const schema of [
      { ...closed, additionalProperties: true },
      { ...closed, required: [] },
      { ...closed, properties: { a: { type: "object", properties: {} } } },
      { ...closed, properties: { a: { oneOf: [{ type: "string" }] } } }
    ]) {
      const { dropped, tool } = fit(schema, "openai-responses", { strict: true })
      assert.isFalse(tool.strict)
      assert.deepStrictEqual(dropped, ["strict"])
      assert.isTrue(fit(schema, "anthropic-messages", { strict: true }).tool.strict)
    }
  })

  it("that cannot be used leaves its tool out, with the reason, and the others in", () => {
    const dropped: Array<string> = []
    const good = tool({ type: "object", properties: {} })
    const bad = tool({ type: "string" })
    const dangling = tool({ type: "object", properties: { a: { $ref: "#/$defs/none" } } })
    assert.deepStrictEqual(ToolParameters.fitAll([bad, good, dangling], "ollama-chat", dropped), [good])
    assert.match(dropped[0] ?? "", /^tools\.0 \(.*string and not for an object\)$/)
    assert.match(dropped[1] ?? "", /^tools\.2 \(.*#\/\$defs\/none.*\)$/)
  })
})
