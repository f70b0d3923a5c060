/** What a Messages request holds beyond what is read: `cache_control` above all. */
import { isObject, listIn, objectIn, type JsonObject } from "../../wire/Json.ts"
import { collect } from "../Leftovers.ts"

/** What is read of a block; those of other kinds are kept whole, by whoever meets them. */
const blockFields: ReadonlyMap<unknown, ReadonlySet<string>> = new Map([
  ["text", new Set(["type", "text"])],
  ["image", new Set(["type", "source"])],
  ["document", new Set(["type", "source", "title"])],
  // Who called, which we write ourselves: it is the model where it is not a server tool of Anthropic's.
  ["tool_use", new Set(["type", "id", "name", "input", "caller"])],
  ["tool_result", new Set(["type", "tool_use_id", "content", "is_error"])],
  ["thinking", new Set(["type", "thinking", "signature"])],
  ["redacted_thinking", new Set(["type", "data"])]
])
const messageFields: ReadonlySet<string> = new Set(["role", "content"])
const toolFields: ReadonlySet<string> = new Set(["type", "name", "description", "input_schema", "strict"])
const thinkingFields: ReadonlySet<string> = new Set(["type", "budget_tokens"])
const outputFields: ReadonlySet<string> = new Set(["effort", "format"])

const blocks = (into: Record<string, unknown>, path: string, content: unknown): void => {
  for (const [at, block] of listIn(content).entries()) {
    if (!isObject(block)) continue
    const fields = blockFields.get(block["type"])
    if (fields === undefined) continue
    collect(into, `${path}.${at}.`, block, (name) => fields.has(name))
    if (block["type"] === "tool_result") blocks(into, `${path}.${at}.content`, block["content"])
  }
}

/** By name at the top, by path below. */
export const leftovers = (request: JsonObject, known: ReadonlySet<string>): Record<string, unknown> => {
  const left: Record<string, unknown> = {}
  collect(left, "", request, (name) => known.has(name))
  blocks(left, "system", request["system"])
  for (const [at, message] of listIn(request["messages"]).entries()) {
    if (!isObject(message)) continue
    collect(left, `messages.${at}.`, message, (name) => messageFields.has(name))
    blocks(left, `messages.${at}.content`, message["content"])
  }
  for (const [at, tool] of listIn(request["tools"]).entries()) {
    if (!isObject(tool) || (tool["type"] ?? "custom") !== "custom") continue
    collect(left, `tools.${at}.`, tool, (name) => toolFields.has(name))
  }
  collect(left, "thinking.", objectIn(request["thinking"]), (name) => thinkingFields.has(name))
  collect(left, "output_config.", objectIn(request["output_config"]), (name) => outputFields.has(name))
  collect(left, "metadata.", objectIn(request["metadata"]), (name) => name === "user_id")
  return left
}
