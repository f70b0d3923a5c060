/**
 * What a request holds beyond what is read: nothing is lost without a word. `null` and empty lists, which clients send
 * back from answers (`audio`, `annotations`), say nothing and are left out.
 */
import { isObject, listIn, type JsonObject } from "../../wire/Json.ts"

const messageFields: { readonly [role: string]: ReadonlySet<string> } = {
  system: new Set(["role", "content"]),
  developer: new Set(["role", "content"]),
  user: new Set(["role", "content", "name"]),
  assistant: new Set([
    "role",
    "content",
    "name",
    "refusal",
    "tool_calls",
    "function_call",
    "reasoning_content",
    "reasoning",
    "reasoning_details"
  ]),
  tool: new Set(["role", "content", "tool_call_id", "name"]),
  function: new Set(["role", "content", "name"])
}

const says = (value: unknown): boolean =>
  value !== null && value !== undefined && !(Array.isArray(value) && value.length === 0)

const collect = (
  into: Record<string, unknown>,
  path: string,
  from: JsonObject,
  known: (name: string) => boolean
): void => {
  for (const name in from) {
    // JSON may have a field of this name; assigning it would change the object itself.
    if (name !== "__proto__" && !known(name) && says(from[name])) into[`${path}${name}`] = from[name]
  }
}

/** By name at the top, by path below. */
export const leftovers = (request: JsonObject, known: ReadonlySet<string>): Record<string, unknown> => {
  const left: Record<string, unknown> = {}
  collect(left, "", request, (name) => known.has(name))
  for (const [at, message] of listIn(request["messages"]).entries()) {
    if (!isObject(message)) continue
    const fields = messageFields[String(message["role"])]
    if (fields !== undefined) collect(left, `messages.${at}.`, message, (name) => fields.has(name))
    for (const [position, part] of listIn(message["content"]).entries()) {
      if (!isObject(part)) continue
      // A part holds its type and one field named like it.
      collect(left, `messages.${at}.content.${position}.`, part, (name) => name === "type" || name === part["type"])
    }
  }
  return left
}
