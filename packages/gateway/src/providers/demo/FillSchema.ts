/**
 * Fills a JSON schema from a text, so that structured output and tool calls can be tried without a model. What it finds
 * is as good as word matching gets; that the result is valid is certain, or there is none.
 */
import * as Facts from "./Facts.ts"
import * as Scalar from "./FillScalar.ts"
import {
  canonical,
  flattened,
  isJson,
  isObject,
  namesIn,
  numberIn,
  objectIn,
  typesOf,
  type Json,
  type JsonObject
} from "./JsonSchema.ts"
import { matches, places, schemasOf } from "./MatchSchema.ts"

/** Beyond these, what is optional is left out: references on the way (recursive schemas), levels of nesting. */
const maxReferences = 4
const maxRichDepth = 12
/** Beyond these nothing is filled: the schema has no finite value, or too large a one. */
const maxDepth = 48
const maxValues = 3_000
const maxItems = 500

interface Place {
  readonly hint: Facts.Hint
  readonly depth: number
  readonly references: number
  /** The number of the item in its list. */
  readonly nth: number
  /** How many items the list has; 1 outside of lists. */
  readonly listed: number
}

/** The types that a schema without `type` speaks of. */
const implied = (schema: JsonObject): ReadonlyArray<string> => {
  const has = (...keys: ReadonlyArray<string>): boolean => keys.some((key) => schema[key] !== undefined)
  if (has("properties", "required", "additionalProperties", "minProperties", "patternProperties")) return ["object"]
  if (has("items", "prefixItems", "minItems", "maxItems", "uniqueItems")) return ["array"]
  if (has("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")) return ["number"]
  return ["string", "object", "number"]
}

const nullLast = (types: ReadonlyArray<string>): ReadonlyArray<string> =>
  types.toSorted((a, b) => Number(a === "null") - Number(b === "null"))

const isNull = (schema: unknown): boolean => isObject(schema) && typesOf(schema).join() === "null"

/** The plainest branch first, where a branch is taken only to come to an end. */
const endingFirst = (branches: ReadonlyArray<unknown>): ReadonlyArray<unknown> => {
  const size = (branch: unknown): number => (isNull(branch) ? 0 : canonical(branch).includes('"$ref"') ? 2 : 1)
  return branches.toSorted((a, b) => size(a) - size(b))
}

const filler = (root: unknown, facts: Facts.Facts) => {
  let left = maxValues

  const fill = (schema: unknown, place: Place): Json | undefined => {
    left -= 1
    if (left < 0 || place.depth > maxDepth) return undefined
    let references = place.references
    let followed = 0
    const flat = flattened(root, schema, () => {
      references += 1
      followed += 1
      return followed < 64
    })
    if (flat === false) return undefined
    const described = place.hint.name === "" && place.depth === 0 ? hintOf("", flat) : place.hint
    const value = fillFlat(flat, { ...place, hint: described, references, depth: place.depth + 1 })
    return value !== undefined && matches(root, schema, value) ? value : undefined
  }

  const fillFlat = (schema: JsonObject, place: Place): Json | undefined => {
    const fits = (value: Json): boolean => matches(root, schema, value)
    const { const: fixed, enum: allowed, anyOf, oneOf } = schema
    const preset = isJson(schema["default"]) ? schema["default"] : undefined
    if (isJson(fixed)) return fixed
    if (Array.isArray(allowed)) return Scalar.choice(allowed.filter(isJson), preset, facts, place.nth, fits)
    const branches = Array.isArray(anyOf) ? anyOf : Array.isArray(oneOf) ? oneOf : null
    if (branches !== null) return fillBranch(schema, branches, place)
    const types = typesOf(schema).length > 0 ? typesOf(schema) : implied(schema)
    for (const type of ends(place) && types.includes("null") ? ["null"] : nullLast(types)) {
      const value = fillType(type, schema, place, fits)
      if (value !== undefined && fits(value)) return value
    }
    return preset !== undefined && fits(preset) ? preset : undefined
  }

  /** Only as much as must be: the schema is recursive, or deep. */
  const ends = (place: Place): boolean => place.references > maxReferences || place.depth > maxRichDepth

  const fillBranch = (schema: JsonObject, branches: ReadonlyArray<unknown>, place: Place): Json | undefined => {
    const { anyOf, oneOf, ...base } = schema
    // With both, the other one still has to hold.
    const rest: JsonObject = Array.isArray(anyOf) && Array.isArray(oneOf) ? { ...base, oneOf } : base
    const ordered = ends(place)
      ? endingFirst(branches)
      : branches.toSorted((a, b) => Number(isNull(a)) - Number(isNull(b)))
    for (const branch of ordered) {
      const value = fill({ allOf: [rest, branch] }, place)
      if (value !== undefined && matches(root, schema, value)) return value
    }
    return undefined
  }

  const fillType = (type: string, schema: JsonObject, place: Place, fits: Scalar.Fits): Json | undefined => {
    switch (type) {
      case "null":
        return null
      case "boolean": {
        const said = facts.affirms(place.hint)
        return said ?? (typeof schema["default"] === "boolean" ? schema["default"] : place.nth % 2 === 1)
      }
      case "integer":
      case "number":
        return Scalar.number(schema, place.hint, facts, place.nth, fits)
      case "string":
        return Scalar.text(schema, place.hint, facts, place.nth, place.listed, fits)
      case "array":
        return fillArray(schema, place)
      case "object":
        return fillObject(schema, place)
      default:
        return undefined
    }
  }

  /** How many items a list should have when the schema leaves it open: as many as the text has to offer. */
  const offered = (items: unknown, place: Place): number => {
    const flat = flattened(root, items, () => true)
    if (flat === false || ends(place)) return 0
    if (Array.isArray(flat["enum"])) return Math.max(1, Scalar.mentioned(flat["enum"].filter(isJson), facts).length)
    const types = typesOf(flat)
    if (types.includes("number") || types.includes("integer")) return Math.min(10, facts.numbers(place.hint).length)
    return types.includes("object") || types.includes("array") ? 1 : Math.min(3, facts.ranked.sentences.length)
  }

  const fillArray = (schema: JsonObject, place: Place): Json | undefined => {
    const { first, rest } = places(schema)
    const least = numberIn(schema["minItems"]) ?? 0
    const most = Math.min(numberIn(schema["maxItems"]) ?? Infinity, rest === false ? first.length : Infinity)
    const wanted = first.length > 0 ? first.length : rest === false ? 0 : offered(rest, place)
    const count = Math.min(Math.max(wanted, least), most, maxItems)
    const items: Array<Json> = []
    const seen = new Set<string>()
    const unique = schema["uniqueItems"] === true
    // A list of different items may need more tries than items.
    for (let nth = 0; items.length < count && nth < count * 4 + 8; nth += 1) {
      const index = items.length
      const item = fill(index < first.length ? first[index] : rest, { ...place, nth: place.nth + nth, listed: count })
      if (item === undefined) break
      if (unique && seen.has(canonical(item))) continue
      seen.add(canonical(item))
      items.push(item)
    }
    return items.length < least ? undefined : items
  }

  const hintOf = (name: string, schema: unknown): Facts.Hint => Facts.hint(name, objectIn(schema)["description"])

  const fillObject = (schema: JsonObject, place: Place): Json | undefined => {
    const required = namesIn(schema["required"])
    const optional = ends(place) ? [] : Object.keys(objectIn(schema["properties"]))
    const least = numberIn(schema["minProperties"]) ?? 0
    const most = numberIn(schema["maxProperties"]) ?? Infinity
    const entries = new Map<string, Json>()
    const add = (name: string): boolean => {
      const schemas = schemasOf(schema, name)
      const child = schemas.length === 1 ? schemas[0] : { allOf: schemas }
      const flat = flattened(root, child, () => true)
      const hint = hintOf(name, flat === false ? {} : flat)
      const value = fill(child, { ...place, hint, listed: 1 })
      if (value !== undefined) entries.set(name, value)
      return value !== undefined
    }
    for (const name of required) if (!add(name)) return undefined
    for (const name of optional) if (!entries.has(name) && entries.size < most) add(name)
    const spare = [
      ...Object.keys(objectIn(schema["properties"])),
      ...Array.from({ length: 64 }, (_, i) => `property${i + 1}`)
    ]
    for (const name of spare) {
      if (entries.size >= Math.min(least, maxItems)) break
      if (!entries.has(name)) add(name)
    }
    // The order of the schema's properties, which is the order that a model writes them in.
    const order = new Set([...Object.keys(objectIn(schema["properties"])), ...entries.keys()])
    return Object.fromEntries(
      [...order].flatMap((name): ReadonlyArray<[string, Json]> => {
        const value = entries.get(name)
        return value === undefined ? [] : [[name, value]]
      })
    )
  }

  return (): Json | undefined =>
    fill(root, { hint: Facts.hint("", undefined), depth: 0, references: 0, nth: 0, listed: 1 })
}

/** A valid value, or `undefined` where the schema allows none that the demo can find. */
export const fillSchema = (schema: unknown, facts: Facts.Facts): Json | undefined => filler(schema, facts)()
