/**
 * The conversation as items: messages, calls, their results and reasoning stand one after the other. What has no form
 * is left out and listed in `dropped`.
 */
import type { AssistantPart, ChatRequest, Message, ToolResultPart, UserPart } from "@penstock/schema/ChatRequest"
import type { ResponseInputContent, ResponseInputItem } from "openai/resources/responses/responses"
import { imageUrl } from "../openai-chat/Media.ts"
import { issuer, sealed } from "./Content.ts"

/** What of a part can be said, or its path among what is dropped. */
const shown = (
  part: UserPart | ToolResultPart["content"][number],
  path: string,
  dropped: Array<string>
): ReadonlyArray<ResponseInputContent> => {
  switch (part.type) {
    case "text":
      return [{ type: "input_text", text: part.text }]
    case "image":
      return [{ type: "input_image", image_url: imageUrl(part.source), detail: part.detail ?? "auto" }]
    case "file": {
      const { data, fileId, filename, mediaType } = part
      // A file that is sent along needs a name, whose ending says what it is.
      const named = filename ?? (fileId === undefined ? "file" : undefined)
      return [
        {
          type: "input_file",
          ...(named === undefined ? {} : { filename: named }),
          ...(data === undefined ? {} : { file_data: `data:${mediaType ?? "application/pdf"};base64,${data}` }),
          ...(fileId === undefined ? {} : { file_id: fileId })
        }
      ]
    }
    case "audio":
      dropped.push(path)
      return []
  }
}

/** A single text is a string: it says the same in fewer bytes. */
const content = (
  parts: ReadonlyArray<UserPart | ToolResultPart["content"][number]>,
  path: string,
  dropped: Array<string>
): string | Array<ResponseInputContent> => {
  const [first] = parts
  if (first === undefined) return ""
  return parts.length === 1 && first.type === "text"
    ? first.text
    : parts.flatMap((part, at) => shown(part, `${path}.${at}`, dropped))
}

/**
 * What the model said comes back without ids: they are of answers that this provider may never have given. Reasoning
 * is bound to its id, and returns only to who encrypted it.
 */
const said = (part: AssistantPart, path: string, dropped: Array<string>): ReadonlyArray<ResponseInputItem> => {
  switch (part.type) {
    case "text":
    case "refusal":
      return [{ type: "message", role: "assistant", content: part.text }]
    case "tool-call":
      return [{ type: "function_call", call_id: part.id, name: part.name, arguments: part.arguments }]
    case "reasoning": {
      if (part.signature === undefined || part.issuer !== issuer) {
        dropped.push(path)
        return []
      }
      const { ciphertext: encrypted_content, id } = sealed(part.signature)
      const summary = part.redacted === true ? [] : [{ type: "summary_text" as const, text: part.text }]
      return [{ type: "reasoning", id, summary, encrypted_content }]
    }
  }
}

const items = (message: Message, path: string, dropped: Array<string>): ReadonlyArray<ResponseInputItem> => {
  if ("name" in message && message.name !== undefined) dropped.push(`${path}.name`)
  switch (message.role) {
    case "system":
    case "developer":
    case "user":
      return [{ type: "message", role: message.role, content: content(message.content, `${path}.content`, dropped) }]
    case "assistant":
      return message.content.flatMap((part, at) => said(part, `${path}.content.${at}`, dropped))
    case "tool":
      return message.content.map((result, at) => {
        if (result.isError === true) dropped.push(`${path}.content.${at}.isError`)
        const output = content(result.content, `${path}.content.${at}.content`, dropped)
        return { type: "function_call_output", call_id: result.toolCallId, output }
      })
  }
}

export const input = (request: ChatRequest, dropped: Array<string>): ReadonlyArray<ResponseInputItem> =>
  request.messages.flatMap((message, at) => items(message, `messages.${at}`, dropped))
