/**
 * A form for what a JSON Schema asks for: an input for each property that one can type into, and JSON for the rest. What
 * was typed is made a value again; whether it is right is for the server to say.
 */

export interface Field {
  readonly name: string
  readonly title: string
  readonly hint: string
  readonly required: boolean
  readonly kind: "text" | "number" | "boolean" | "choice" | "json"
  readonly choices: ReadonlyArray<string>
  /** What stands there before anybody types. */
  readonly initial: string
}

type Json = { readonly [key: string]: unknown }

export const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const kindOf = (schema: Json, choices: ReadonlyArray<string>): Field["kind"] => {
  if (choices.length > 0) return "choice"
  switch (schema["type"]) {
    case "string":
      return "text"
    case "number":
    case "integer":
      return "number"
    case "boolean":
      return "boolean"
    default:
      return "json"
  }
}

const text = (value: unknown): string =>
  value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value)

/** The properties of an object's schema, required ones first. */
export const fieldsOf = (schema: unknown): ReadonlyArray<Field> => {
  if (!isObject(schema) || !isObject(schema["properties"])) return []
  const required: ReadonlyArray<unknown> = Array.isArray(schema["required"]) ? schema["required"] : []
  return Object.entries(schema["properties"])
    .map(([name, property]): Field => {
      const of = isObject(property) ? property : {}
      const choices = Array.isArray(of["enum"]) && of["enum"].every((one) => typeof one === "string") ? of["enum"] : []
      return {
        name,
        title: typeof of["title"] === "string" ? of["title"] : name,
        hint: typeof of["description"] === "string" ? of["description"] : "",
        required: required.includes(name) && of["default"] === undefined,
        kind: kindOf(of, choices),
        choices,
        initial: text(of["default"])
      }
    })
    .sort((one, other) => Number(other.required) - Number(one.required))
}

export type Typed = { readonly [name: string]: string }

/** A value, or what to mend before there is one. */
export type Read = { readonly value: Json } | { readonly problem: string }

const readField = ({ kind, name, required }: Field, typed: string): { readonly value: unknown } | string | null => {
  if (typed.trim() === "" && kind !== "boolean") return required ? `${name} is needed.` : null
  switch (kind) {
    case "text":
    case "choice":
      return { value: typed }
    case "boolean":
      return typed === "" && !required ? null : { value: typed === "true" }
    case "number": {
      const number = Number(typed)
      return Number.isNaN(number) ? `${name} is not a number.` : { value: number }
    }
    case "json":
      try {
        return { value: JSON.parse(typed) }
      } catch {
        return `${name} is not JSON: write text in quotes, lists as [1, 2], objects as {"key": "value"}.`
      }
  }
}

export const read = (fields: ReadonlyArray<Field>, typed: Typed): Read => {
  const value: { [name: string]: unknown } = {}
  for (const field of fields) {
    const one = readField(field, typed[field.name] ?? field.initial)
    if (typeof one === "string") return { problem: one }
    if (one !== null) value[field.name] = one.value
  }
  return { value }
}
