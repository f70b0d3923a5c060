/** Reading values that a provider sent: tolerant, synchronous, and cheap enough for every chunk of a stream. */

export type JsonObject = { readonly [key: string]: unknown }

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** An object, or an empty one in place of anything else. */
export const objectIn = (value: unknown): JsonObject => (isObject(value) ? value : {})

/** A string, or an empty one in place of anything else. */
export const stringIn = (value: unknown): string => (typeof value === "string" ? value : "")

/** A list, or an empty one in place of anything else. */
export const listIn = (value: unknown): ReadonlyArray<unknown> => (Array.isArray(value) ? value : [])

/** A number, or undefined in place of anything else. */
export const numberIn = (value: unknown): number | undefined => (typeof value === "number" ? value : undefined)

/** Parsed JSON, or undefined (which no JSON text stands for) when the text is not JSON. */
export const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
