/**
 * The items of a request in the neutral model. What a model says and calls in one turn are items in a row here, and one
 * message there; so are the results of calls. An item of a kind that the neutral model does not know is kept by its
 * path.
 */
import type { AssistantPart, Message, ToolResultPart, UserPart } from "@penstock/schema/ChatRequest"
import { imageSource, readDataUrl } from "../openai-chat/Media.ts"
import * as Content from "./Content.ts"
import type * as Wire from "./RequestWire.ts"

/** Where items and parts go that have no neutral form. */
export type Kept = Record<string, unknown>

interface Text {
  readonly type: "text"
  readonly text: string
}

/** Empty texts say nothing, and some providers refuse them. */
const textOf = (text: string): ReadonlyArray<Text> => (text === "" ? [] : [{ type: "text", text }])

type Part = Exclude<UserPart, { type: "audio" }>

const file = (wire: Extract<Wire.UserPart, { type: "input_file" }>): Part | null => {
  const { file_data, file_id, filename } = wire
  // No neutral file is somewhere else.
  if (file_data === undefined && file_id === undefined) return null
  const data = file_data === undefined ? null : (readDataUrl(file_data) ?? { data: file_data })
  return {
    type: "file",
    ...(filename === undefined ? {} : { filename }),
    ...data,
    ...(file_id === undefined ? {} : { fileId: file_id })
  }
}

const part = (wire: Wire.UserPart, path: string, kept: Kept): ReadonlyArray<Part> => {
  switch (wire.type) {
    case "input_text":
    case "output_text":
      return textOf(wire.text)
    case "input_image": {
      const { detail, file_id, image_url } = wire
      if (image_url === undefined) return file_id === undefined ? [] : [{ type: "file", fileId: file_id }]
      const source = imageSource(image_url)
      return [
        {
          type: "image",
          // The schema has let no other URL through.
          source: "problem" in source ? { type: "url", url: image_url } : source,
          ...(detail === undefined ? {} : { detail })
        }
      ]
    }
    case "input_file": {
      const read = file(wire)
      if (read === null) kept[path] = wire
      return read === null ? [] : [read]
    }
    case "other":
      kept[path] = wire.value
      return []
  }
}

const parts = (content: string | ReadonlyArray<Wire.UserPart>, path: string, kept: Kept): ReadonlyArray<Part> =>
  typeof content === "string" ? textOf(content) : content.flatMap((each, at) => part(each, `${path}.${at}`, kept))

const saidPart = (wire: Wire.AssistantPart, path: string, kept: Kept): ReadonlyArray<AssistantPart> => {
  switch (wire.type) {
    case "input_text":
    case "output_text":
      return textOf(wire.text)
    case "refusal":
      return wire.refusal === "" ? [] : [{ type: "refusal", text: wire.refusal }]
    case "other":
      kept[path] = wire.value
      return []
  }
}

const message = (item: Extract<Wire.Item, { role: string }>, path: string, kept: Kept): Message => {
  switch (item.role) {
    case "system":
    case "developer": {
      const texts = typeof item.content === "string" ? [{ text: item.content }] : item.content
      return { role: item.role, content: texts.flatMap(({ text }) => textOf(text)) }
    }
    case "user":
      return { role: "user", content: parts(item.content, path, kept) }
    case "assistant":
      return {
        role: "assistant",
        content:
          typeof item.content === "string"
            ? textOf(item.content)
            : item.content.flatMap((each, at) => saidPart(each, `${path}.${at}`, kept))
      }
  }
}

const asked = (...content: ReadonlyArray<AssistantPart>): Message => ({ role: "assistant", content })

/** Null for an item that has no neutral form. */
const read = (item: Wire.Item, path: string, kept: Kept): Message | null => {
  if ("role" in item && item.type !== "reasoning") {
    return message(item, `${path}.content`, kept)
  }
  switch (item.type) {
    case "function_call":
      return asked({ type: "tool-call", id: item.call_id, name: item.name, arguments: item.arguments })
    case "custom_tool_call":
      // Other providers want JSON, and this says most plainly what was meant.
      return asked({
        type: "tool-call",
        id: item.call_id,
        name: item.name,
        arguments: JSON.stringify({ input: item.input })
      })
    case "function_call_output":
    case "custom_tool_call_output": {
      const result: ToolResultPart = {
        type: "tool-result",
        toolCallId: item.call_id,
        content: parts(item.output, `${path}.output`, kept)
      }
      return { role: "tool", content: [result] }
    }
    case "reasoning": {
      const thought = Content.reasoning(item)
      if (thought.length === 0) kept[path] = item
      return thought.length === 0 ? null : asked(...thought)
    }
    case "other":
      kept[path] = item.value
      return null
    default:
      return null
  }
}

/** Two messages of a turn as one; null when they are of two. */
const joined = (before: Message | undefined, next: Message): Message | null => {
  if (before?.role === "assistant" && next.role === "assistant") {
    return { ...before, content: [...before.content, ...next.content] }
  }
  return before?.role === "tool" && next.role === "tool"
    ? { ...before, content: [...before.content, ...next.content] }
    : null
}

/** `path` is what the items' paths begin with. */
export const messages = (items: ReadonlyArray<Wire.Item>, path: string, kept: Kept): ReadonlyArray<Message> => {
  const all: Array<Message> = []
  for (const [at, item] of items.entries()) {
    const next = read(item, `${path}.${at}`, kept)
    if (next === null) continue
    const both = joined(all.at(-1), next)
    if (both === null) all.push(next)
    else all[all.length - 1] = both
  }
  return all
}
