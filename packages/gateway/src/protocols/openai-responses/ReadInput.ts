/**
 * The items of a request in the neutral model. What a model says and calls in one turn are items in a row here, and one
 * message there; so are the results of calls. An item of a kind that the neutral model does not know is kept by its
 * path.
 */
import type { AssistantPart, Message, ToolResultPart, UserPart } from "@penstock/schema/ChatRequest"
import { imageSource, readDataUrl } from "../openai-chat/Media.ts"
import * as Content from "./Content.ts"
import * as CustomTool from "../CustomTool.ts"
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

const file = (wire: Extract<Wire.Part, { type: "input_file" }>): Part | null => {
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

const part = (wire: Wire.Part, path: string, kept: Kept): ReadonlyArray<Part> => {
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
    // A refusal is the model's to say.
    case "refusal":
      kept[path] = wire
      return []
    case "other":
      kept[path] = wire.value
      return []
  }
}

const saidPart = (wire: Wire.Part, path: string, kept: Kept): ReadonlyArray<AssistantPart> => {
  switch (wire.type) {
    case "input_text":
    case "output_text":
      return textOf(wire.text)
    case "refusal":
      return wire.refusal === "" ? [] : [{ type: "refusal", text: wire.refusal }]
    default:
      kept[path] = wire.type === "other" ? wire.value : wire
      return []
  }
}

const instruction = (wire: Wire.Part, path: string, kept: Kept): ReadonlyArray<Text> => {
  if (wire.type === "input_text" || wire.type === "output_text") return textOf(wire.text)
  kept[path] = wire.type === "other" ? wire.value : wire
  return []
}

/** The parts of a content that is a text or a list. */
const each = <A>(
  content: Wire.Message["content"],
  path: string,
  kept: Kept,
  read: (part: Wire.Part, path: string, kept: Kept) => ReadonlyArray<A>
): ReadonlyArray<A | Text> =>
  typeof content === "string" ? textOf(content) : content.flatMap((part, at) => read(part, `${path}.${at}`, kept))

const message = ({ content, role }: Wire.Message, path: string, kept: Kept): Message => {
  switch (role) {
    case "system":
    case "developer":
      return { role, content: each(content, path, kept, instruction) }
    case "user":
      return { role, content: each(content, path, kept, part) }
    case "assistant":
      return { role, content: each(content, path, kept, saidPart) }
  }
}

const asked = (...content: ReadonlyArray<AssistantPart>): Message => ({ role: "assistant", content })

/** Null for an item that has no neutral form. */
const read = (item: Wire.Item, path: string, kept: Kept): Message | null => {
  switch (item.type) {
    case "message":
      return message(item, `${path}.content`, kept)
    case "function_call":
      return asked({ type: "tool-call", id: item.call_id, name: item.name, arguments: item.arguments })
    case "custom_tool_call":
      return asked({
        type: "tool-call",
        id: item.call_id,
        name: item.name,
        arguments: CustomTool.argumentsOf(item.input)
      })
    case "function_call_output":
    case "custom_tool_call_output": {
      const result: ToolResultPart = {
        type: "tool-result",
        toolCallId: item.call_id,
        content: each(item.output, `${path}.output`, kept, part)
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
