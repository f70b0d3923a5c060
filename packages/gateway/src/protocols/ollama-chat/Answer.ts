/** What a whole answer and a line of a streamed one have in common, so that both are read in the same way. */
import type { ToolCallPart } from "@penstock/schema/ChatRequest"
import type { FinishReason } from "@penstock/schema/Completion"
import { isObject, stringIn, type JsonObject } from "../../wire/Json.ts"

/** Ollama names no answer. The time of its first line does, to the nanosecond. */
export const idOf = (line: JsonObject): string => {
  const stamp = stringIn(line["created_at"]).replaceAll(/[^0-9A-Za-z]/g, "")
  return `chatcmpl-${stamp === "" ? "ollama" : stamp}`
}

/**
 * Reads the tool calls of a message that come after `before` others. Older servers give them no id: they are numbered,
 * which makes them unique within the answer. Arguments are an object on the wire and JSON text in the neutral model.
 */
export const toolCalls = (message: JsonObject, before: number): ReadonlyArray<ToolCallPart> => {
  const calls = message["tool_calls"]
  if (!Array.isArray(calls)) return []
  const read: Array<ToolCallPart> = []
  for (const call of calls) {
    const target: unknown = isObject(call) ? call["function"] : undefined
    if (!isObject(call) || !isObject(target) || stringIn(target["name"]) === "") continue
    const args = target["arguments"]
    read.push({
      type: "tool-call",
      id: stringIn(call["id"]) || `call_${before + read.length}`,
      name: stringIn(target["name"]),
      arguments: typeof args === "string" ? args : JSON.stringify(args ?? {})
    })
  }
  return read
}

/** `load` and `unload` answer a request without messages: there was nothing to say. */
export const finishReason = (line: JsonObject, calledTools: boolean): FinishReason => {
  if (calledTools) return "tool_calls"
  return line["done_reason"] === "length" ? "length" : "stop"
}
