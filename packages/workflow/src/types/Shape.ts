/**
 * Schemas as people write them, to JSON Schema. The short form is a mapping of names to words:
 *
 *     {score: number, label: "enum(good,bad)", tags: "string[]", author: {name: string}, why?: string}
 *
 * and anything that uses JSON Schema's own words is JSON Schema.
 */
import { isReadonlyRecord } from "effect/Predicate"
import { suggest } from "../diagnostic/Suggestion.ts"
import { compilePattern } from "../expression/Pattern.ts"
import type { Path } from "../parser/Node.ts"

export interface JsonSchema {
  readonly [keyword: string]: unknown
}

export interface ShapeProblem {
  readonly path: Path
  readonly code: "PS307" | "PS606"
  readonly message: string
  readonly hint: string | null
}

export interface Shape {
  readonly schema: JsonSchema
  readonly problems: ReadonlyArray<ShapeProblem>
}

const typeNames = ["string", "number", "integer", "boolean", "object", "array", "null"]
const words: { readonly [word: string]: JsonSchema } = {
  string: { type: "string" },
  number: { type: "number" },
  integer: { type: "integer" },
  boolean: { type: "boolean" },
  object: { type: "object" },
  null: { type: "null" },
  any: {}
}

const isTypeName = (value: unknown): boolean => typeNames.includes(String(value))

/** Whether a mapping speaks JSON Schema. A field may be called `type`, but hardly holds the name of a type then. */
const isJsonSchema = (value: { readonly [key: string]: unknown }): boolean => {
  const { type } = value
  if (Object.keys(value).some((key) => /^\$(?:schema|ref|defs|id)$/.test(key))) return true
  if (isReadonlyRecord(value["properties"])) return true
  if (["anyOf", "oneOf", "allOf", "enum"].some((key) => Array.isArray(value[key]))) return true
  if (Array.isArray(type)) return type.every(isTypeName)
  if (typeof type !== "string" || !isTypeName(type)) return false
  return Object.keys(value).every((key) => keywords.has(key))
}

const keywords = new Set(
  (
    "type title description default examples format pattern minLength maxLength minimum maximum exclusiveMinimum " +
    "exclusiveMaximum multipleOf items minItems maxItems uniqueItems required additionalProperties minProperties " +
    "maxProperties patternProperties propertyNames const nullable deprecated readOnly writeOnly contains prefixItems"
  ).split(" ")
)

export const read = (value: unknown, path: Path = []): Shape => {
  const problems: Array<ShapeProblem> = []
  const schema = shape(value, path, problems)
  return { schema, problems }
}

const shape = (value: unknown, path: Path, problems: Array<ShapeProblem>): JsonSchema => {
  if (typeof value === "string") return word(value.trim(), path, problems)
  if (Array.isArray(value)) {
    problems.push({ path, code: "PS307", message: "a list is no schema", hint: 'write "string[]" for a list of texts' })
    return {}
  }
  if (!isReadonlyRecord(value)) {
    problems.push({
      path,
      code: "PS307",
      message: "expected a type",
      hint: `types are ${Object.keys(words).join(", ")}`
    })
    return {}
  }
  if (isJsonSchema(value)) {
    checkJsonSchema(value, path, problems)
    return value
  }
  const properties: Array<readonly [string, JsonSchema]> = []
  const required: Array<string> = []
  for (const [key, field] of Object.entries(value)) {
    const optional = key.endsWith("?")
    const name = optional ? key.slice(0, -1) : key
    properties.push([name, shape(field, [...path, key], problems)])
    if (!optional) required.push(name)
  }
  return { type: "object", properties: Object.fromEntries(properties), required, additionalProperties: false }
}

/** `string`, `number[]`, `enum(a, b)`, `string | null`. */
const word = (text: string, path: Path, problems: Array<ShapeProblem>): JsonSchema => {
  const alternatives = text.split("|").map((part) => part.trim())
  if (alternatives.length > 1 && !text.includes("(")) {
    return { anyOf: alternatives.map((part) => word(part, path, problems)) }
  }
  if (text.endsWith("[]")) return { type: "array", items: word(text.slice(0, -2).trim(), path, problems) }
  const choices = /^enum\((.+)\)$/.exec(text)?.[1]
  if (choices !== undefined) return { type: "string", enum: choices.split(",").map((choice) => choice.trim()) }
  const known = Object.hasOwn(words, text) ? words[text] : undefined
  if (known !== undefined) return known
  const hint = suggest(text, Object.keys(words), "types are")
  problems.push({ path, code: "PS307", message: `there is no type "${text}"`, hint })
  return {}
}

/** Only what we rely on; the validator knows the rest. */
const checkJsonSchema = (schema: JsonSchema, path: Path, problems: Array<ShapeProblem>): void => {
  const { pattern, type } = schema
  const unknown = (Array.isArray(type) ? type : type === undefined ? [] : [type]).find((name) => !isTypeName(name))
  if (unknown !== undefined) {
    const message = `JSON Schema has no type ${JSON.stringify(unknown)}`
    problems.push({
      path: [...path, "type"],
      code: "PS307",
      message,
      hint: suggest(String(unknown), typeNames, "types are")
    })
  }
  if (typeof pattern === "string" && !isSafePattern(pattern)) {
    const message = "this pattern may run for very long"
    const hint = "leave out backreferences, look-around and repetitions of repetitions"
    problems.push({ path: [...path, "pattern"], code: "PS606", message, hint })
  }
  for (const key of ["properties", "$defs", "definitions"]) {
    const inner = schema[key]
    if (!isReadonlyRecord(inner)) continue
    for (const [name, one] of Object.entries(inner)) {
      if (isReadonlyRecord(one)) checkJsonSchema(one, [...path, key, name], problems)
    }
  }
  for (const key of ["items", "additionalProperties", "not", "contains"]) {
    const inner = schema[key]
    if (isReadonlyRecord(inner)) checkJsonSchema(inner, [...path, key], problems)
  }
  for (const key of ["anyOf", "oneOf", "allOf", "prefixItems"]) {
    const inner = schema[key]
    if (!Array.isArray(inner)) continue
    inner.forEach((one: unknown, at) => {
      if (isReadonlyRecord(one)) checkJsonSchema(one, [...path, key, at], problems)
    })
  }
}

/** The validator runs patterns on the engine's backtracking matcher, where a repeated repetition may take forever. */
const isSafePattern = (pattern: string): boolean =>
  compilePattern(pattern) !== null && !/\((?:[^()\\]|\\.)*[*+}](?:[^()\\]|\\.)*\)[*+{]/.test(pattern)
