/**
 * Reads the lines of a streamed answer. A tool call arrives whole, and may arrive before the last of the text, while a
 * whole answer always names the text first: calls are therefore held until the final line, so that both ways give the
 * same answer.
 */
import type { ToolCallPart } from "@penstock/schema/ChatRequest"
import type { StreamEvent } from "@penstock/schema/StreamEvent"
import type { Decoder } from "../Protocol.ts"
import { finishReason, idOf, toolCalls } from "./Answer.ts"
import { brokenOff } from "./Failure.ts"
import { isObject, parse, stringIn, type JsonObject } from "../../wire/Json.ts"
import * as Usage from "./Usage.ts"

type Open = "none" | "reasoning" | "text"

const isLine = (value: unknown): value is JsonObject =>
  isObject(value) && (isObject(value["message"]) || typeof value["done"] === "boolean")

export const decoder = (): Decoder => {
  let started = false
  let finished = false
  let open: Open = "none"
  /** The index of the open part, or of the last one. */
  let index = -1
  const held: Array<ToolCallPart> = []

  const close = (events: Array<StreamEvent>): void => {
    if (open === "reasoning") events.push({ type: "reasoning-end", index })
    else if (open === "text") events.push({ type: "text-end", index })
    open = "none"
  }

  const append = (events: Array<StreamEvent>, kind: "reasoning" | "text", text: string): void => {
    if (text === "") return
    if (open !== kind) {
      close(events)
      index += 1
      open = kind
      events.push(kind === "reasoning" ? { type: "reasoning-start", index } : { type: "text-start", index })
    }
    events.push(kind === "reasoning" ? { type: "reasoning-delta", index, text } : { type: "text-delta", index, text })
  }

  const finish = (events: Array<StreamEvent>, line: JsonObject): void => {
    finished = true
    close(events)
    for (const call of held) {
      index += 1
      events.push({ type: "tool-call-start", index, id: call.id, name: call.name })
      events.push({ type: "tool-call-delta", index, arguments: call.arguments })
      events.push({ type: "tool-call-end", index })
    }
    const usage = Usage.read(line)
    if (usage !== null) events.push({ type: "usage", usage })
    events.push({ type: "finish", reason: finishReason(line, held.length > 0) })
  }

  return {
    step: (frame) => {
      const line = parse(frame.data)
      if (isObject(line) && stringIn(line["error"]) !== "") {
        return [{ type: "error", error: brokenOff(stringIn(line["error"])) }]
      }
      if (!isLine(line)) return "malformed"
      if (finished) return []
      const events: Array<StreamEvent> = []
      if (!started) {
        started = true
        events.push({ type: "start", id: idOf(line), model: stringIn(line["model"]) })
      }
      const message = line["message"]
      if (isObject(message)) {
        append(events, "reasoning", stringIn(message["thinking"]))
        append(events, "text", stringIn(message["content"]))
        held.push(...toolCalls(message, held.length))
      }
      if (line["done"] === true) finish(events, line)
      return events
    },
    // A body that ends without its final line was cut, however well the connection was closed.
    end: () => []
  }
}
