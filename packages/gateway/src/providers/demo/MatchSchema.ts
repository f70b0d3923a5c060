/** Whether a value is valid against a schema, by the keywords that the demo knows how to fill. */
import {
  canonical,
  isObject,
  listIn,
  namesIn,
  numberIn,
  objectIn,
  resolve,
  typesOf,
  type JsonObject
} from "./JsonSchema.ts"
import * as Pattern from "./Pattern.ts"

const maxDepth = 64

export const formats: { readonly [name: string]: RegExp } = {
  date: /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/,
  time: /^([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i,
  "date-time":
    /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i,
  duration: /^P(?=.)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+S)?)?$/,
  email: /^[\w.+-]+@[\w-]+(\.[\w-]+)+$/,
  hostname: /^(?=.{1,253}$)[a-z\d]([a-z\d-]{0,61}[a-z\d])?(\.[a-z\d]([a-z\d-]{0,61}[a-z\d])?)*$/i,
  uri: /^[a-z][a-z\d+.-]*:\/\/[^\s<>"']+$/i,
  uuid: /^[\da-f]{8}-([\da-f]{4}-){3}[\da-f]{12}$/i,
  ipv4: /^((25[0-5]|2[0-4]\d|1?\d?\d)(\.(?!$)|$)){4}$/,
  ipv6: /^[\da-f]{0,4}(:[\da-f]{0,4}){2,7}$/i
}

export const codePoints = (text: string): number => {
  let count = 0
  for (const _ of text) count += 1
  return count
}

const isType = (value: unknown, type: string): boolean => {
  switch (type) {
    case "null":
      return value === null
    case "array":
      return Array.isArray(value)
    case "object":
      return isObject(value)
    case "integer":
      return Number.isInteger(value)
    default:
      return typeof value === type
  }
}

const within = (size: number, schema: JsonObject, min: string, max: string): boolean =>
  size >= (numberIn(schema[min]) ?? -Infinity) && size <= (numberIn(schema[max]) ?? Infinity)

const numberMatches = (schema: JsonObject, value: number): boolean => {
  const step = numberIn(schema["multipleOf"])
  return (
    within(value, schema, "minimum", "maximum") &&
    value > (numberIn(schema["exclusiveMinimum"]) ?? -Infinity) &&
    value < (numberIn(schema["exclusiveMaximum"]) ?? Infinity) &&
    (step === undefined || Number.isInteger(value / step))
  )
}

const stringMatches = (schema: JsonObject, value: string): boolean => {
  const { pattern, format } = schema
  return (
    within(codePoints(value), schema, "minLength", "maxLength") &&
    (typeof pattern !== "string" || Pattern.make(pattern)?.test(value) === true) &&
    (typeof format !== "string" || formats[format]?.test(value) !== false)
  )
}

/** The schemas of an array: of its first places, and of the rest. */
export const places = (schema: JsonObject): { readonly first: ReadonlyArray<unknown>; readonly rest: unknown } => {
  const { items, prefixItems, additionalItems } = schema
  if (Array.isArray(items)) return { first: items, rest: additionalItems ?? true }
  return { first: listIn(prefixItems), rest: items ?? true }
}

/** The schemas that a property must match. */
export const schemasOf = (schema: JsonObject, name: string): ReadonlyArray<unknown> => {
  const properties = objectIn(schema["properties"])
  const found = Object.hasOwn(properties, name) ? [properties[name]] : []
  for (const [pattern, each] of Object.entries(objectIn(schema["patternProperties"]))) {
    if (Pattern.make(pattern)?.test(name) === true) found.push(each)
  }
  return found.length > 0 ? found : [schema["additionalProperties"] ?? true]
}

export const matches = (root: unknown, schema: unknown, value: unknown, depth = 0): boolean => {
  if (typeof schema === "boolean") return schema
  if (!isObject(schema) || depth > maxDepth) return true
  const holds = (each: unknown): boolean => matches(root, each, value, depth + 1)
  const { $ref, allOf, anyOf, oneOf, not } = schema
  if (typeof $ref === "string") {
    const target = resolve(root, $ref)
    if (target === undefined || !holds(target)) return false
  }
  const types = typesOf(schema)
  if (types.length > 0 && !types.some((type) => isType(value, type))) return false
  if (schema["type"] !== undefined && types.length === 0) return false
  if (schema["const"] !== undefined && canonical(schema["const"]) !== canonical(value)) return false
  if (Array.isArray(schema["enum"]) && !schema["enum"].some((each) => canonical(each) === canonical(value)))
    return false
  if (!listIn(allOf).every(holds)) return false
  if (Array.isArray(anyOf) && !anyOf.some(holds)) return false
  if (Array.isArray(oneOf) && oneOf.filter(holds).length !== 1) return false
  if (not !== undefined && holds(not)) return false
  if (typeof value === "number") return numberMatches(schema, value)
  if (typeof value === "string") return stringMatches(schema, value)
  if (Array.isArray(value)) return arrayMatches(root, schema, value, depth)
  return isObject(value) ? objectMatches(root, schema, value, depth) : true
}

const arrayMatches = (root: unknown, schema: JsonObject, value: ReadonlyArray<unknown>, depth: number): boolean => {
  const { first, rest } = places(schema)
  return (
    within(value.length, schema, "minItems", "maxItems") &&
    (schema["uniqueItems"] !== true || new Set(value.map(canonical)).size === value.length) &&
    value.every((item, index) => matches(root, index < first.length ? first[index] : rest, item, depth + 1))
  )
}

const objectMatches = (root: unknown, schema: JsonObject, value: JsonObject, depth: number): boolean => {
  const names = Object.keys(value)
  return (
    within(names.length, schema, "minProperties", "maxProperties") &&
    namesIn(schema["required"]).every((name) => Object.hasOwn(value, name)) &&
    names.every((name) => schemasOf(schema, name).every((each) => matches(root, each, value[name], depth + 1)))
  )
}
