/**
 * Tools as each provider takes them. One schema that a provider refuses fails the whole request, so what is known to be
 * refused, or to be ignored without a word, is rewritten, or taken out and listed as dropped; a tool whose schema cannot
 * be used at all is left out, with the reason. A schema that fits stays as it is, byte for byte. Pure.
 *
 * - Everywhere: an object at the top, without alternatives beside it; a list says what is in it.
 * - OpenAI: a tool is `strict` only if its schema is what that asks for.
 * - Ollama: it knows few words and follows no references; what it does not know it forgets.
 */
import type { JsonSchema, Tool } from "@penstock/schema/ChatRequest"
import * as Either from "effect/Either"
import * as ToolSchema from "../mcp/ToolSchema.ts"
import { isObject, type JsonObject, listIn, objectIn } from "../wire/Json.ts"
import type { ProtocolId } from "./Protocol.ts"

/** What no provider takes at the top of a schema. */
const refusedAtTop = ["anyOf", "oneOf", "allOf", "enum", "not"] as const

/** Words that hold a schema, a list of schemas, a mapping of schemas. */
const one = new Set("items additionalProperties not if then else contains propertyNames".split(" "))
const many = new Set(["anyOf", "oneOf", "allOf", "prefixItems"])
const named = new Set(["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"])

/** Words that Ollama's tools have no place for. */
const unknownToOllama = new Set(
  (
    "not if then else patternProperties propertyNames contains minContains maxContains prefixItems allOf " +
    "dependentSchemas dependentRequired unevaluatedProperties unevaluatedItems"
  ).split(" ")
)

/** Words with which OpenAI refuses a strict tool. */
const refusedInStrict = new Set(
  "allOf oneOf not if then else patternProperties dependentRequired dependentSchemas propertyNames".split(" ")
)

interface Walk {
  readonly ollama: boolean
  readonly dropped: Array<string>
}

const typesOf = (schema: JsonObject): ReadonlyArray<unknown> =>
  Array.isArray(schema["type"]) ? schema["type"] : [schema["type"]]

/** Ollama's words for what others say. */
const inOllamasWords = (schema: JsonObject): JsonObject => {
  const { const: only, oneOf, ...rest } = schema
  if (only === undefined && (oneOf === undefined || rest["anyOf"] !== undefined)) return schema
  return {
    ...rest,
    ...(only === undefined || rest["enum"] !== undefined ? {} : { enum: [only] }),
    ...(oneOf === undefined || rest["anyOf"] !== undefined ? {} : { anyOf: oneOf })
  }
}

const partOf = (walk: Walk, path: string, part: unknown): unknown => {
  // A boolean as a schema: most decoders of tools want a mapping. Nothing is let through by `false` alone.
  if (typeof part === "boolean") return part ? {} : { not: {} }
  return isObject(part) ? schemaOf(walk, path, part) : part
}

const schemaOf = (walk: Walk, path: string, asked: JsonObject): JsonObject => {
  const schema = walk.ollama ? inOllamasWords(asked) : asked
  const entries = Object.entries(schema).flatMap(([word, value]): ReadonlyArray<readonly [string, unknown]> => {
    const at = `${path}.${word}`
    if (walk.ollama && unknownToOllama.has(word)) {
      walk.dropped.push(at)
      return []
    }
    if (word === "additionalProperties" && typeof value === "boolean") return [[word, value]]
    if (one.has(word)) return [[word, partOf(walk, at, value)]]
    if (many.has(word)) return [[word, listIn(value).map((part, index) => partOf(walk, `${at}.${index}`, part))]]
    if (!named.has(word)) return [[word, value]]
    const parts = Object.entries(objectIn(value))
    return [[word, Object.fromEntries(parts.map(([name, part]) => [name, partOf(walk, `${at}.${name}`, part)]))]]
  })
  const fitted = Object.fromEntries(entries)
  return typesOf(fitted).includes("array") && fitted["items"] === undefined && fitted["prefixItems"] === undefined
    ? { ...fitted, items: {} }
    : fitted
}

const refers = (schema: unknown): boolean => JSON.stringify(schema).includes(`"$ref":`)

/** Whether each object in it is closed and wants all that it names, as `strict` asks for. */
const isStrict = (schema: unknown): boolean => {
  if (Array.isArray(schema)) return schema.every(isStrict)
  if (!isObject(schema)) return true
  const { additionalProperties, properties } = schema
  if (typesOf(schema).includes("object") || properties !== undefined) {
    const required = new Set(listIn(schema["required"]))
    const wanted = Object.keys(objectIn(properties)).every((name) => required.has(name))
    if (additionalProperties !== false || !wanted) return false
  }
  return Object.entries(schema).every(([word, value]) => {
    if (refusedInStrict.has(word)) return false
    if (named.has(word)) return Object.values(objectIn(value)).every(isStrict)
    return !(one.has(word) || many.has(word)) || isStrict(value)
  })
}

const withoutTop = (schema: JsonSchema): JsonSchema =>
  Object.fromEntries(Object.entries(schema).filter(([word]) => word !== "enum" && word !== "not"))

export interface Fitted {
  readonly tool: Tool
  /** What of it had to go, by path: `parameters.anyOf`. */
  readonly dropped: ReadonlyArray<string>
}

/** The tool for a provider, or why it has none. */
export const fit = (tool: Tool, to: ProtocolId): Either.Either<Fitted, string> => {
  const { parameters } = tool
  if (parameters === undefined) return Either.right({ tool, dropped: [] })
  const ollama = to === "ollama-chat"
  const atTop = refusedAtTop.filter((word) => parameters[word] !== undefined)
  // Anthropic's own lowering says that it is an object, where nothing is said.
  const isPlain = atTop.length === 0 && (parameters["type"] ?? "object") === "object" && !(ollama && refers(parameters))
  const plain = isPlain ? Either.right(parameters) : ToolSchema.normalise(withoutTop(parameters))
  return Either.map(plain, (schema) => {
    const dropped = atTop.map((word) => `parameters.${word}`)
    const fitted = schemaOf({ ollama, dropped }, "parameters", schema)
    const strict = tool.strict === true && to.startsWith("openai") && !isStrict(fitted) ? false : tool.strict
    if (strict !== tool.strict) dropped.push("strict")
    return { tool: { ...tool, parameters: fitted, ...(strict === undefined ? {} : { strict }) }, dropped }
  })
}

/** All that can be offered. What had to go is added to `dropped`: `tools.0.parameters.anyOf`. */
export const fitAll = (tools: ReadonlyArray<Tool>, to: ProtocolId, dropped: Array<string>): ReadonlyArray<Tool> =>
  tools.flatMap((tool, index) => {
    const fitted = fit(tool, to)
    if (Either.isLeft(fitted)) {
      dropped.push(`tools.${index} (${fitted.left})`)
      return []
    }
    dropped.push(...fitted.right.dropped.map((path) => `tools.${index}.${path}`))
    return [fitted.right.tool]
  })
