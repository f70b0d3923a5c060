/** What is the same in a whole content block and in the start of a streamed one. */
import { shimTool } from "./Shim.ts"
import { isObject, type JsonObject, objectIn, parse, stringIn } from "../../wire/Json.ts"

/** Who signs thinking, and whose words those of the wire are. */
export const issuer = "anthropic-messages"

export type Block =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "thinking"; readonly text: string; readonly signature: string }
  | { readonly type: "redacted"; readonly data: string }
  | { readonly type: "tool-call"; readonly id: string; readonly name: string; readonly input: JsonObject }
  /** The shim's call: its input is the answer's text. */
  | { readonly type: "answer"; readonly input: JsonObject }

/**
 * Null for a block that has no neutral form: what a server tool was asked and found (`server_tool_use`,
 * `web_search_tool_result`, `mcp_tool_use` …), a `compaction`, and whatever comes later. The model's own text says what
 * it made of them.
 */
export const read = (block: JsonObject): Block | null => {
  switch (block["type"]) {
    case "text":
      return { type: "text", text: stringIn(block["text"]) }
    case "thinking":
      return { type: "thinking", text: stringIn(block["thinking"]), signature: stringIn(block["signature"]) }
    case "redacted_thinking":
      return { type: "redacted", data: stringIn(block["data"]) }
    case "tool_use": {
      const input = objectIn(block["input"])
      const name = stringIn(block["name"])
      return name === shimTool
        ? { type: "answer", input }
        : { type: "tool-call", id: stringIn(block["id"]), name, input }
    }
    default:
      return null
  }
}

/**
 * A call's arguments as the object that Anthropic wants. What the model wrote may be no JSON object: it is then wrapped
 * the way Anthropic's page on fine-grained tool streaming proposes, so that the model sees its own mistake.
 */
export const callInput = (text: string): JsonObject => {
  if (text.trim() === "") return {}
  const value = parse(text)
  return isObject(value) ? value : { INVALID_JSON: text }
}
