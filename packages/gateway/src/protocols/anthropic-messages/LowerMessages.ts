/**
 * The conversation in Anthropic's form: a `system` list before it, then turns that alternate. Text blocks that are
 * empty or blank are left out, as the API rejects them; what has no form is left out and listed in `dropped`.
 */
import type {
  ContentBlockParam,
  DocumentBlockParam,
  ImageBlockParam,
  MessageParam,
  TextBlockParam,
  ToolResultBlockParam
} from "@anthropic-ai/sdk/resources/messages"
import type { AssistantPart, ChatRequest, Message, ToolResultPart, UserPart } from "@penstock/schema/ChatRequest"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import { callInput, issuer } from "./Content.ts"
import type { Model } from "./Model.ts"

export interface Conversation {
  readonly system: ReadonlyArray<TextBlockParam>
  readonly messages: ReadonlyArray<MessageParam>
}

interface Turn {
  readonly role: "user" | "assistant" | "system"
  readonly content: ReadonlyArray<ContentBlockParam>
}

type Attachment = TextBlockParam | ImageBlockParam | DocumentBlockParam

const textBlock = (text: string): ReadonlyArray<TextBlockParam> => (text.trim() === "" ? [] : [{ type: "text", text }])

type ImageType = "image/jpeg" | "image/png" | "image/gif" | "image/webp"
const isImageType = (mediaType: string): mediaType is ImageType => /^image\/(jpeg|png|gif|webp)$/.test(mediaType)

const fileBlock = (part: Extract<UserPart, { type: "file" }>): Attachment | null => {
  const title = part.filename === undefined ? {} : { title: part.filename }
  if (part.fileId !== undefined) return { type: "document", source: { type: "file", file_id: part.fileId }, ...title }
  const { data, mediaType = "application/pdf" } = part
  if (data === undefined) return null
  if (mediaType === "application/pdf") {
    return { type: "document", source: { type: "base64", media_type: mediaType, data }, ...title }
  }
  if (isImageType(mediaType)) return { type: "image", source: { type: "base64", media_type: mediaType, data } }
  if (!mediaType.startsWith("text/") && mediaType !== "application/json") return null
  return Either.match(Encoding.decodeBase64String(data), {
    onLeft: () => null,
    onRight: (text) => ({ type: "document", source: { type: "text", media_type: "text/plain", data: text }, ...title })
  })
}

const attachment = (part: UserPart, path: string, dropped: Array<string>): ReadonlyArray<Attachment> => {
  switch (part.type) {
    case "text":
      return textBlock(part.text)
    case "image": {
      const { source } = part
      if (part.detail !== undefined && part.detail !== "auto") dropped.push(`${path}.detail`)
      if (source.type === "url") return [{ type: "image", source: { type: "url", url: source.url } }]
      if (isImageType(source.mediaType)) {
        return [{ type: "image", source: { type: "base64", media_type: source.mediaType, data: source.data } }]
      }
      break
    }
    case "file": {
      const block = fileBlock(part)
      if (block !== null) return [block]
      break
    }
    case "audio":
      break
  }
  dropped.push(path)
  return []
}

/** Anthropic allows fewer characters in a call's id than others do; call and result change alike. */
const callId = (id: string): string => id.replaceAll(/[^A-Za-z0-9_-]/g, "_")

const assistantBlock = (
  part: AssistantPart,
  path: string,
  dropped: Array<string>
): ReadonlyArray<ContentBlockParam> => {
  switch (part.type) {
    case "text":
    case "refusal":
      return textBlock(part.text)
    case "tool-call":
      return [{ type: "tool_use", id: callId(part.id), name: part.name, input: callInput(part.arguments) }]
    case "reasoning":
      if (part.signature === undefined || part.issuer !== issuer) {
        dropped.push(path)
        return []
      }
      return part.redacted === true
        ? [{ type: "redacted_thinking", data: part.signature }]
        : [{ type: "thinking", thinking: part.text, signature: part.signature }]
  }
}

const resultBlock = (part: ToolResultPart, path: string, dropped: Array<string>): ToolResultBlockParam => {
  const content = part.content.flatMap((each, index) => attachment(each, `${path}.content.${index}`, dropped))
  return {
    type: "tool_result",
    tool_use_id: callId(part.toolCallId),
    ...(content.length === 0 ? {} : { content }),
    ...(part.isError === true ? { is_error: true } : {})
  }
}

const turn = (message: Message, path: string, dropped: Array<string>): Turn => {
  switch (message.role) {
    case "system":
    case "developer":
      return { role: "system", content: message.content.flatMap((part) => textBlock(part.text)) }
    case "tool":
      return {
        role: "user",
        content: message.content.map((part, index) => resultBlock(part, `${path}.content.${index}`, dropped))
      }
    case "user":
      if (message.name !== undefined) dropped.push(`${path}.name`)
      return {
        role: "user",
        content: message.content.flatMap((part, index) => attachment(part, `${path}.content.${index}`, dropped))
      }
    case "assistant":
      if (message.name !== undefined) dropped.push(`${path}.name`)
      return {
        role: "assistant",
        content: message.content.flatMap((part, index) => assistantBlock(part, `${path}.content.${index}`, dropped))
      }
  }
}

/** Turns of one role in a row become one: that is how parallel tool results and alternation come about. */
const merged = (turns: ReadonlyArray<Turn>): ReadonlyArray<Turn> => {
  const all: Array<Turn> = []
  for (const next of turns) {
    if (next.content.length === 0) continue
    const last = all.at(-1)
    if (last?.role === next.role) all[all.length - 1] = { ...last, content: [...last.content, ...next.content] }
    else all.push(next)
  }
  return all
}

const isText = (block: ContentBlockParam): block is TextBlockParam => block.type === "text"

/** Tool results must open the turn that answers the calls. */
const resultsFirst = (content: ReadonlyArray<ContentBlockParam>): Array<ContentBlockParam> => [
  ...content.filter((block) => block.type === "tool_result"),
  ...content.filter((block) => block.type !== "tool_result")
]

/**
 * System messages after the beginning keep their place. Newer models take them as such, between a user turn and an
 * assistant turn or at the end; elsewhere, and for older models, they become user text in a tag that says what it is.
 * Moving them to the front would change what they apply to, and would make the whole prompt cache miss.
 */
const placed = (turns: ReadonlyArray<Turn>, model: Model): ReadonlyArray<Turn> =>
  turns.map((each, index) => {
    if (each.role !== "system") return each
    const next = turns[index + 1]?.role
    const native = model.systemMessages && turns[index - 1]?.role === "user" && next !== "user"
    if (native) return each
    const text = each.content.filter(isText).map((block) => block.text)
    return { role: "user", content: [{ type: "text", text: `<system>\n${text.join("\n\n")}\n</system>` }] }
  })

/** A text that is to be continued must not end in white space. */
const trimmedEnd = (turns: ReadonlyArray<Turn>): ReadonlyArray<Turn> => {
  const last = turns.at(-1)
  const block = last?.content.at(-1)
  if (last?.role !== "assistant" || block === undefined || !isText(block)) return turns
  const content = [...last.content.slice(0, -1), { ...block, text: block.text.trimEnd() }]
  return [...turns.slice(0, -1), { ...last, content }]
}

/**
 * Whether the last answer called tools and its thinking is not there: most clients do not send it back. Thinking within
 * a budget is then refused, as the API wants the turn that it continues to begin with thinking.
 */
export const lacksThinking = (messages: ReadonlyArray<MessageParam>): boolean => {
  const content = messages.findLast((message) => message.role === "assistant")?.content ?? []
  return (
    typeof content !== "string" &&
    content.some((block) => block.type === "tool_use") &&
    content[0]?.type !== "thinking" &&
    content[0]?.type !== "redacted_thinking"
  )
}

export const conversation = (request: ChatRequest, model: Model, dropped: Array<string>): Conversation => {
  const turns = merged(request.messages.map((message, index) => turn(message, `messages.${index}`, dropped)))
  const opening = turns[0]?.role === "system" ? turns[0].content.filter(isText) : []
  const rest = opening.length === 0 ? turns : turns.slice(1)
  // Anthropic wants at least one message: a prompt of system messages only is sent as what the user says.
  const spoken: ReadonlyArray<Turn> = rest.length === 0 ? [{ role: "user", content: opening }] : rest
  return {
    system: rest.length === 0 ? [] : opening,
    messages: trimmedEnd(merged(placed(spoken, model))).map(({ role, content }) =>
      role === "system" ? { role, content: content.filter(isText) } : { role, content: resultsFirst(content) }
    )
  }
}
