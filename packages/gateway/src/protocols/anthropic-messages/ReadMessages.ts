/**
 * The conversation of a Messages request in the neutral model. A user's turn may hold tool results next to what the
 * user says; they become messages of their own, in their order. A block of a kind that the neutral model does not know
 * is kept by its path.
 */
import type { AssistantPart, Message, ToolResultPart, UserPart } from "@penstock/schema/ChatRequest"
import * as Encoding from "effect/Encoding"
import * as Issuer from "../Issuer.ts"
import { issuer } from "./Content.ts"
import type * as Wire from "./RequestWire.ts"

/** Where blocks go that have no neutral form. */
export type Kept = Record<string, unknown>

interface Text {
  readonly type: "text"
  readonly text: string
}

/** Empty texts say nothing, and some providers refuse them. */
export const texts = (content: string | ReadonlyArray<Text>): ReadonlyArray<Text> =>
  (typeof content === "string" ? [{ type: "text" as const, text: content }] : content).flatMap(({ text }) =>
    text === "" ? [] : [{ type: "text", text }]
  )

type Part = ToolResultPart["content"][number]

const document = ({ source, title }: Wire.DocumentBlock): Part | null => {
  const filename = title === undefined ? {} : { filename: title }
  switch (source.type) {
    case "base64":
      return { type: "file", ...filename, mediaType: source.media_type, data: source.data }
    case "text":
      return { type: "file", ...filename, mediaType: "text/plain", data: Encoding.encodeBase64(source.data) }
    case "file":
      return { type: "file", ...filename, fileId: source.file_id }
    case "content":
      return typeof source.content === "string" ? { type: "text", text: source.content } : null
    // No neutral file is somewhere else.
    case "url":
      return null
  }
}

const part = (block: Wire.ResultBlock, path: string, kept: Kept): ReadonlyArray<Part> => {
  switch (block.type) {
    case "other":
      kept[path] = block.value
      return []
    case "text":
      return texts([block])
    case "image": {
      const { source } = block
      if (source.type === "file") return [{ type: "file", fileId: source.file_id }]
      return [
        {
          type: "image",
          source: source.type === "url" ? source : { type: "base64", mediaType: source.media_type, data: source.data }
        }
      ]
    }
    case "document": {
      const file = document(block)
      if (file === null) kept[path] = block
      return file === null ? [] : [file]
    }
  }
}

const result = (block: Wire.ToolResult, path: string, kept: Kept): ToolResultPart => ({
  type: "tool-result",
  toolCallId: block.tool_use_id,
  content:
    typeof block.content === "string"
      ? texts(block.content)
      : (block.content ?? []).flatMap((each, at) => part(each, `${path}.content.${at}`, kept)),
  ...(block.is_error === true ? { isError: true } : {})
})

const userMessages = (content: ReadonlyArray<Wire.UserBlock>, path: string, kept: Kept): ReadonlyArray<Message> => {
  const messages: Array<Message> = []
  let results: Array<ToolResultPart> = []
  let said: Array<UserPart> = []
  const end = (): void => {
    if (results.length > 0) messages.push({ role: "tool", content: results })
    if (said.length > 0) messages.push({ role: "user", content: said })
    results = []
    said = []
  }
  for (const [at, block] of content.entries()) {
    if (block.type === "tool_result") {
      if (said.length > 0) end()
      results.push(result(block, `${path}.${at}`, kept))
    } else {
      const parts = part(block, `${path}.${at}`, kept)
      if (parts.length > 0 && results.length > 0) end()
      said.push(...parts)
    }
  }
  end()
  return messages.length === 0 ? [{ role: "user", content: [] }] : messages
}

const assistantPart = (block: Wire.AssistantBlock, path: string, kept: Kept): ReadonlyArray<AssistantPart> => {
  switch (block.type) {
    case "other":
      kept[path] = block.value
      return []
    case "text":
      return texts([block])
    case "thinking":
      return [{ type: "reasoning", text: block.thinking, ...Issuer.read(block.signature ?? "", issuer) }]
    case "redacted_thinking":
      return [{ type: "reasoning", text: "", redacted: true, ...Issuer.read(block.data, issuer) }]
    case "tool_use":
      return [{ type: "tool-call", id: block.id, name: block.name, arguments: JSON.stringify(block.input) }]
  }
}

export const messages = (all: ReadonlyArray<Wire.Message>, kept: Kept): ReadonlyArray<Message> =>
  all.flatMap((message, at): ReadonlyArray<Message> => {
    const path = `messages.${at}.content`
    switch (message.role) {
      case "system":
        return [{ role: "system", content: texts(message.content) }]
      case "user":
        return typeof message.content === "string"
          ? [{ role: "user", content: texts(message.content) }]
          : userMessages(message.content, path, kept)
      case "assistant": {
        const content =
          typeof message.content === "string"
            ? texts(message.content)
            : message.content.flatMap((block, position) => assistantPart(block, `${path}.${position}`, kept))
        return [{ role: "assistant", content }]
      }
    }
  })
