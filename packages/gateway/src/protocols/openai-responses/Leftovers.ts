/** What a request for a response holds beyond what is read. */
import { isObject, listIn, objectIn, type JsonObject } from "../../wire/Json.ts"
import { collect } from "../Leftovers.ts"

/** Ids and states are of answers, and say nothing to a model. */
const itemFields: ReadonlySet<string> = new Set([
  "type",
  "id",
  "status",
  "role",
  "content",
  "call_id",
  "name",
  "arguments",
  "input",
  "output"
])
const read: ReadonlySet<unknown> = new Set([
  undefined,
  "message",
  "function_call",
  "custom_tool_call",
  "function_call_output",
  "custom_tool_call_output"
])
const partFields: ReadonlyMap<unknown, ReadonlySet<string>> = new Map([
  ["input_text", new Set(["type", "text"])],
  ["output_text", new Set(["type", "text"])],
  ["refusal", new Set(["type", "refusal"])],
  ["input_image", new Set(["type", "image_url", "file_id", "detail"])],
  ["input_file", new Set(["type", "filename", "file_data", "file_id", "file_url"])]
])
const toolFields: ReadonlySet<string> = new Set(["type", "name", "description", "parameters", "strict"])
const textFields: ReadonlySet<string> = new Set(["format", "verbosity"])

const parts = (into: Record<string, unknown>, path: string, content: unknown): void => {
  for (const [at, part] of listIn(content).entries()) {
    const fields = isObject(part) ? partFields.get(part["type"]) : undefined
    if (isObject(part) && fields !== undefined) collect(into, `${path}.${at}.`, part, (name) => fields.has(name))
  }
}

/** By name at the top, by path below. */
export const leftovers = (request: JsonObject, known: ReadonlySet<string>): Record<string, unknown> => {
  const left: Record<string, unknown> = {}
  collect(left, "", request, (name) => known.has(name))
  for (const [at, item] of listIn(request["input"]).entries()) {
    if (!isObject(item) || !read.has(item["type"])) continue
    collect(left, `input.${at}.`, item, (name) => itemFields.has(name))
    parts(left, `input.${at}.content`, item["content"])
    parts(left, `input.${at}.output`, item["output"])
  }
  for (const [at, tool] of listIn(request["tools"]).entries()) {
    if (!isObject(tool) || tool["type"] !== "function") continue
    collect(left, `tools.${at}.`, tool, (name) => toolFields.has(name))
  }
  collect(left, "text.", objectIn(request["text"]), (name) => textFields.has(name))
  return left
}
