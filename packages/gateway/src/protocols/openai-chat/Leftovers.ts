/** What a chat completions request holds beyond what is read. */
import { isObject, listIn, type JsonObject } from "../../wire/Json.ts"
import { collect } from "../Leftovers.ts"

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
