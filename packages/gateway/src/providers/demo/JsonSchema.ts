/** JSON Schema as the demo reads it: draft 2020-12 and what of draft 7 is still in use, references within the document. */

export type Json = null | boolean | number | string | ReadonlyArray<Json> | { readonly [key: string]: Json }
export type JsonObject = { readonly [key: string]: unknown }

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

export const objectIn = (value: unknown): JsonObject => (isObject(value) ? value : {})
export const listIn = (value: unknown): ReadonlyArray<unknown> => (Array.isArray(value) ? value : [])
export const numberIn = (value: unknown): number | undefined => (typeof value === "number" ? value : undefined)
export const namesIn = (value: unknown): ReadonlyArray<string> =>
  listIn(value).filter((name) => typeof name === "string")

export const isJson = (value: unknown): value is Json =>
  value === null ||
  ["boolean", "number", "string"].includes(typeof value) ||
  (Array.isArray(value) ? value.every(isJson) : isObject(value) && Object.values(value).every(isJson))

/** JSON text with sorted keys: equal values have equal texts. */
export const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    isObject(inner) ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1))) : inner
  ) ?? "undefined"

/** What `#/$defs/name` points to; `undefined` when there is no such place or it is another document. */
export const resolve = (root: unknown, reference: string): unknown => {
  if (reference !== "#" && !reference.startsWith("#/")) return undefined
  let place: unknown = root
  for (const token of reference.split("/").slice(1)) {
    const key = decode(token).replaceAll("~1", "/").replaceAll("~0", "~")
    if (Array.isArray(place)) place = place[Number(key)]
    else place = isObject(place) && Object.hasOwn(place, key) ? place[key] : undefined
  }
  return place
}

const decode = (token: string): string => {
  try {
    return decodeURIComponent(token)
  } catch {
    return token
  }
}

export const typesOf = (schema: JsonObject): ReadonlyArray<string> => {
  const { type } = schema
  const named = typeof type === "string" ? [type] : namesIn(type)
  return named.length > 0 && schema["nullable"] === true && !named.includes("null") ? [...named, "null"] : named
}

const both = (a: unknown, b: unknown): unknown => ({ allOf: [a, b] })

/** Two schemas that hold together, as one. What cannot be merged is the second's; who fills checks afterwards. */
const merged = (a: JsonObject, b: JsonObject): JsonObject => {
  const result: { [key: string]: unknown } = { ...a, ...b }
  const in2 = (key: string): boolean => a[key] !== undefined && b[key] !== undefined
  for (const key of ["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"]) {
    if (in2(key)) result[key] = Math.max(numberIn(a[key]) ?? -Infinity, numberIn(b[key]) ?? -Infinity)
  }
  for (const key of ["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"]) {
    if (in2(key)) result[key] = Math.min(numberIn(a[key]) ?? Infinity, numberIn(b[key]) ?? Infinity)
  }
  if (in2("properties")) {
    const properties: { [name: string]: unknown } = { ...objectIn(a["properties"]) }
    for (const [name, schema] of Object.entries(objectIn(b["properties"]))) {
      properties[name] = Object.hasOwn(properties, name) ? both(properties[name], schema) : schema
    }
    result["properties"] = properties
  }
  if (in2("required")) result["required"] = [...new Set([...namesIn(a["required"]), ...namesIn(b["required"])])]
  if (in2("items")) result["items"] = both(a["items"], b["items"])
  if (in2("enum")) {
    const kept = new Set(listIn(b["enum"]).map(canonical))
    result["enum"] = listIn(a["enum"]).filter((value) => kept.has(canonical(value)))
  }
  if (in2("type")) {
    const first = typesOf(a)
    const wide = (type: string): boolean => first.includes(type) || (type === "integer" && first.includes("number"))
    const narrow = first.includes("integer") && typesOf(b).includes("number") ? ["integer"] : []
    result["type"] = [...new Set([...typesOf(b).filter(wide), ...narrow])]
  }
  if (in2("uniqueItems")) result["uniqueItems"] = a["uniqueItems"] === true || b["uniqueItems"] === true
  return result
}

/**
 * A schema without `$ref` and `allOf` at its top: what they say is merged into it. `follow` is told of each reference,
 * and stops the walk by saying `false`.
 */
export const flattened = (
  root: unknown,
  schema: unknown,
  follow: (reference: string) => boolean
): JsonObject | false => {
  if (schema === false) return false
  if (!isObject(schema)) return {}
  const { $ref, allOf, ...rest } = schema
  let result: JsonObject = rest
  const parts = [...listIn(allOf)]
  if (typeof $ref === "string") {
    const target = resolve(root, $ref)
    if (target === undefined || !follow($ref)) return false
    parts.push(target)
  }
  for (const part of parts) {
    const flat = flattened(root, part, follow)
    if (flat === false) return false
    result = merged(flat, result)
  }
  return result
}
