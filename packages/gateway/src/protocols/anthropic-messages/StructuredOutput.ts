/**
 * JSON Schema as Anthropic's constrained decoding accepts it: closed objects, `anyOf` for `oneOf`, and no bounds on
 * numbers, strings and arrays. What cannot be enforced is told to the model in the description, as the official SDK
 * does, so that it is not lost.
 */
import type { JsonSchema } from "@penstock/schema/ChatRequest"
import { isObject } from "../../wire/Json.ts"

const formats: ReadonlySet<unknown> = new Set([
  "date-time",
  "time",
  "date",
  "duration",
  "email",
  "hostname",
  "uri",
  "ipv4",
  "ipv6",
  "uuid"
])

/** Keywords that are enforced, or that say nothing about the value. */
const kept: ReadonlySet<string> = new Set(["type", "title", "description", "enum", "const", "required", "default"])
/** `$schema` names the dialect and constrains nothing. */
const silent: ReadonlySet<string> = new Set(["$schema", "$id"])

const each = (value: unknown): unknown => (isObject(value) ? constrained(value) : value)

const values = (value: unknown): unknown =>
  isObject(value) ? Object.fromEntries(Object.entries(value).map(([name, schema]) => [name, each(schema)])) : value

/** Whether objects may match. */
const matchesObjects = (schema: JsonSchema): boolean =>
  schema["type"] === "object" ||
  (Array.isArray(schema["type"]) && schema["type"].includes("object")) ||
  isObject(schema["properties"])

export const constrained = (schema: JsonSchema): JsonSchema => {
  const enforced: { [key: string]: unknown } = {}
  const told: Array<string> = []
  for (const [key, value] of Object.entries(schema)) {
    if (key === "properties" || key === "$defs" || key === "definitions") enforced[key] = values(value)
    else if (key === "items") enforced[key] = each(value)
    else if (key === "$ref" || kept.has(key)) enforced[key] = value
    else if (key === "anyOf" || key === "allOf") enforced[key] = Array.isArray(value) ? value.map(each) : value
    else if (key === "oneOf" && Array.isArray(value) && schema["anyOf"] === undefined)
      enforced["anyOf"] = value.map(each)
    else if (key === "format" && formats.has(value)) enforced[key] = value
    else if (key === "minItems" && (value === 0 || value === 1)) enforced[key] = value
    // Objects are closed below; what further properties should look like can only be told.
    else if (key === "additionalProperties" && !isObject(value)) continue
    else if (!silent.has(key)) told.push(`${key}: ${JSON.stringify(value)}`)
  }
  if (matchesObjects(schema)) enforced["additionalProperties"] = false
  if (told.length > 0 && enforced["$ref"] === undefined) {
    const description = typeof schema["description"] === "string" ? `${schema["description"]}\n\n` : ""
    enforced["description"] = `${description}{${told.join(", ")}}`
  }
  return enforced
}
