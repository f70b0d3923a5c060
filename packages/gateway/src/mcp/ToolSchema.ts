/**
 * A tool's schema as every provider takes it: an object at the top, no references, one draft's words. Pure.
 *
 * What cannot be brought into that shape is left out with a reason: one bad tool must not spoil the list it is in, for
 * providers refuse the whole request. The server's own schema stays what arguments are checked against.
 */
import * as Either from "effect/Either"
import { isObject, type JsonObject, listIn, objectIn } from "../wire/Json.ts"
import { resolve } from "./SchemaPointer.ts"

/** Nesting that providers still take, with room to spare. */
const maxDepth = 24
/** References written out may multiply. */
const maxNodes = 4_000

class Unusable extends Error {}

/** Words that hold a schema, a list of schemas, a mapping of schemas. */
const one = new Set(
  "additionalProperties not if then else contains propertyNames unevaluatedProperties items".split(" ")
)
const many = new Set("anyOf oneOf allOf prefixItems".split(" "))
const named = new Set("properties patternProperties dependentSchemas".split(" "))

/** Identifiers, and definitions that are written out where they are used. */
const dropped = new Set(
  "$schema $id id $ref $defs definitions $anchor $comment $dynamicRef $dynamicAnchor $vocabulary".split(" ")
)

interface Walk {
  readonly root: JsonObject
  nodes: number
}

/** Draft 4 says whether a bound is itself excluded; later ones say the excluded bound. */
const withModernBounds = (schema: JsonObject): JsonObject => {
  const { exclusiveMaximum, exclusiveMinimum, maximum, minimum, ...rest } = schema
  const bound = (word: string, value: unknown, excluded: unknown) => {
    const exclusive = `exclusive${word[0]?.toUpperCase()}${word.slice(1)}`
    if (excluded === true) return value === undefined ? {} : { [exclusive]: value }
    return {
      ...(value === undefined ? {} : { [word]: value }),
      ...(typeof excluded === "number" ? { [exclusive]: excluded } : {})
    }
  }
  return { ...rest, ...bound("minimum", minimum, exclusiveMinimum), ...bound("maximum", maximum, exclusiveMaximum) }
}

/** Until 2019-09 a tuple was a list under `items`. */
const withModernItems = (schema: JsonObject): JsonObject => {
  if (!Array.isArray(schema["items"])) return schema
  const { additionalItems, items, ...rest } = schema
  return { ...rest, prefixItems: items, ...(additionalItems === undefined ? {} : { items: additionalItems }) }
}

/** OpenAPI's word for "or null". */
const withNull = (schema: JsonObject): JsonObject => {
  if (schema["nullable"] !== true || typeof schema["type"] !== "string") return schema
  const { nullable: _nullable, type, ...rest } = schema
  return { ...rest, type: [type, "null"] }
}

const referred = (walk: Walk, schema: JsonObject, open: ReadonlyArray<string>, depth: number): unknown => {
  const reference = String(schema["$ref"])
  if (!reference.startsWith("#")) throw new Unusable(`it refers to ${reference.slice(0, 100)}, which is elsewhere`)
  // What contains itself has no end when it is written out: from here on anything goes.
  if (open.includes(reference)) return {}
  const target = reference === "#" ? walk.root : resolve(walk.root, reference)
  if (target === undefined) throw new Unusable(`it refers to ${reference.slice(0, 100)}, which is not there`)
  const plain = normal(walk, target, [...open, reference], depth)
  const { $ref: _reference, ...beside } = schema
  const siblings = normal(walk, beside, open, depth)
  return isObject(plain) && isObject(siblings) ? { ...plain, ...siblings } : plain
}

const normal = (walk: Walk, schema: unknown, open: ReadonlyArray<string>, depth: number): unknown => {
  if (typeof schema === "boolean") return schema
  if (!isObject(schema)) throw new Unusable("a part of it is neither a mapping nor a boolean")
  if (depth > maxDepth) throw new Unusable(`it is nested deeper than ${maxDepth} levels`)
  if (++walk.nodes > maxNodes) throw new Unusable(`it has more than ${maxNodes} parts, references written out`)
  if (typeof schema["$ref"] === "string") return referred(walk, schema, open, depth)
  const inner = (part: unknown) => normal(walk, part, open, depth + 1)
  const modern = withNull(withModernItems(withModernBounds(schema)))
  return Object.fromEntries(
    Object.entries(modern).flatMap(([word, value]): ReadonlyArray<[string, unknown]> => {
      if (dropped.has(word)) return []
      if (one.has(word)) return [[word, inner(value)]]
      if (many.has(word)) return [[word, listIn(value).map(inner)]]
      if (named.has(word)) {
        return [[word, Object.fromEntries(Object.entries(objectIn(value)).map(([name, part]) => [name, inner(part)]))]]
      }
      return [[word, value]]
    })
  )
}

const requiredOf = (schema: unknown): ReadonlyArray<unknown> => listIn(objectIn(schema)["required"])

/** Providers take no union at the top. What all of its members allow together says less and is still true. */
const withoutTopUnion = (schema: JsonObject): JsonObject => {
  const { allOf, anyOf, oneOf, ...rest } = schema
  const all = listIn(allOf).map(objectIn)
  const choices = [...listIn(anyOf), ...listIn(oneOf)].map(objectIn)
  if (all.length + choices.length === 0) return rest
  const variants = new Map<string, Array<unknown>>()
  for (const part of choices) {
    for (const [name, property] of Object.entries(objectIn(part["properties"]))) {
      variants.set(name, [...(variants.get(name) ?? []), property])
    }
  }
  const ofChoices = Object.fromEntries(
    [...variants].map(([name, each]) => [name, each.length === 1 ? each[0] : { anyOf: each }])
  )
  const properties = Object.assign(
    {},
    ofChoices,
    ...all.map((part) => objectIn(part["properties"])),
    rest["properties"]
  )
  const shared =
    listIn(anyOf).length > 0 && listIn(oneOf).length > 0
      ? []
      : requiredOf(choices[0]).filter((name) => choices.every((part) => requiredOf(part).includes(name)))
  const required = [...new Set([...requiredOf(rest), ...all.flatMap(requiredOf), ...shared])]
  return { ...rest, properties, ...(required.length === 0 ? {} : { required }) }
}

/** The schema for providers, or why there is none. */
export const normalise = (schema: unknown): Either.Either<JsonObject, string> => {
  if (schema === undefined || schema === null) return Either.right({ type: "object", properties: {} })
  if (!isObject(schema)) return Either.left("its schema is not a mapping")
  try {
    const plain = withoutTopUnion(objectIn(normal({ root: schema, nodes: 0 }, schema, [], 0)))
    const { properties, type, ...rest } = plain
    const types = Array.isArray(type) ? type : [type]
    if (type !== undefined && !types.includes("object")) {
      return Either.left(`its schema asks for ${types.join(" or ")} and not for an object`)
    }
    return Either.right({ type: "object", properties: objectIn(properties), ...rest })
  } catch (error) {
    if (error instanceof Unusable) return Either.left(`its schema cannot be used: ${error.message}`)
    throw error
  }
}
