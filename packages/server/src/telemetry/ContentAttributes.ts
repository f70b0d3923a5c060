/** What was asked and answered, as the conventions for generative AI have it: messages of parts, in JSON, and not too long. */
import type { Content } from "@penstock/gateway/Contents"
import type { ChatRequest, Message } from "@penstock/schema/ChatRequest"
import type { FinishReason } from "@penstock/schema/Completion"
import { fold, type StreamEvent } from "@penstock/schema/StreamEvent"
import { attributes as at } from "./Names.ts"
import type { Attributes } from "./Spans.ts"

/** Characters of one text, and of all messages of an attribute. */
const longestText = 8_192
const longestAttribute = 65_536

type Part = ReturnType<typeof partOf>

const cut = (text: string): string => (text.length > longestText ? `${text.slice(0, longestText)}…` : text)

/** Pictures, sound and files are named and not told. */
const partOf = (part: Message["content"][number]) => {
  switch (part.type) {
    case "text":
    case "reasoning":
      return { type: part.type, content: cut(part.text) }
    case "refusal":
      return { type: "text", content: cut(part.text) }
    case "tool-call":
      return { type: "tool_call", id: part.id, name: part.name, arguments: cut(part.arguments) }
    case "tool-result":
      return {
        type: "tool_call_response",
        id: part.toolCallId,
        response: cut(part.content.map((one) => (one.type === "text" ? one.text : `<${one.type}>`)).join("\n"))
      }
    case "image":
    case "audio":
    case "file":
      return { type: part.type }
  }
}

const isInstruction = ({ role }: Message): boolean => role === "system" || role === "developer"

/** The newest that fit: of a long conversation, what is left out is its beginning. */
const newest = (messages: ReadonlyArray<object>): string => {
  const kept: Array<string> = []
  let length = 0
  for (const message of messages.toReversed()) {
    const json = JSON.stringify(message)
    length += json.length + 1
    if (length > longestAttribute) break
    kept.unshift(json)
  }
  return `[${kept.join(",")}]`
}

const ofRequest = ({ messages }: ChatRequest): Attributes => {
  const instructions = messages.filter(isInstruction).flatMap(({ content }): ReadonlyArray<Part> => content.map(partOf))
  const said = messages.filter((message) => !isInstruction(message))
  return {
    [at.inputMessages]: newest(said.map(({ content, role }) => ({ role, parts: content.map(partOf) }))),
    ...(instructions.length === 0 ? {} : { [at.systemInstructions]: newest(instructions) })
  }
}

/** In the conventions' words. */
const finishReasons: { readonly [R in FinishReason]: string } = {
  stop: "stop",
  length: "length",
  tool_calls: "tool_call",
  content_filter: "content_filter"
}

/** An answer that was cut is told as far as it went. */
const ofAnswer = (events: ReadonlyArray<StreamEvent>): Attributes => {
  const whole = fold(events)
  const said = events.filter(({ type }) => type !== "error")
  const completion = whole ?? fold([...said, { type: "finish", reason: "stop" }])
  if (completion === null || said.length === 0) return {}
  const reason = whole === null ? "error" : finishReasons[completion.finishReason]
  const message = { role: "assistant", parts: completion.content.map(partOf), finish_reason: reason }
  return { [at.outputMessages]: newest([message]) }
}

export const of = (content: Content | null): Attributes =>
  content === null
    ? {}
    : { ...(content.request === null ? {} : ofRequest(content.request)), ...ofAnswer(content.events) }
