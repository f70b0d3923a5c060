/** Narrowing of parsed JSON by hand: on the byte path a Schema would cost more than what it reads. */

export type JsonObject = { readonly [key: string]: unknown }

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** The text under a key, empty when there is none. */
export const textOf = (object: JsonObject, key: string): string => {
  const value = object[key]
  return typeof value === "string" ? value : ""
}

/** What a JSON text holds, or `undefined` when it is not JSON (which is no JSON value). */
export const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
