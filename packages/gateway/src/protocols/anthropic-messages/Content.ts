/** What is the same in a whole content block and in the start of a streamed one. */
import { shimTool } from "./Shim.ts"
import { type JsonObject, objectIn, stringIn } from "../../wire/Json.ts"

/** Who signs thinking. */
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

export const signed = (signature: string): { readonly signature?: string; readonly issuer?: string } =>
  signature === "" ? {} : { signature, issuer }
