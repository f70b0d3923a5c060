/** Messages in Ollama's words. Its content is one text per message, with the images beside it. */
import type { AssistantPart, ImagePart, Message, ToolResultPart, UserPart } from "@penstock/schema/ChatRequest"
import * as GatewayError from "@penstock/schema/GatewayError"
import * as Either from "effect/Either"
import { isObject, parse, type JsonObject } from "../../wire/Json.ts"

export interface LoweredMessages {
  readonly messages: ReadonlyArray<JsonObject>
  readonly dropped: ReadonlyArray<string>
}

type Failed = GatewayError.GatewayError

/** What was gathered while walking a conversation. */
interface Walk {
  readonly messages: Array<JsonObject>
  readonly dropped: Array<string>
  /** Names of the tools called so far, by the call's id: Ollama's templates want the name with a result. */
  readonly toolNames: Map<string, string>
}

const joined = (parts: ReadonlyArray<string>): string => parts.join("\n")

/** An answer about a picture that was never sent would be a lie, so what cannot be sent is refused. */
const unsendable = (part: UserPart, path: string): Failed | null => {
  switch (part.type) {
    case "text":
      return null
    case "image":
      return part.source.type === "base64"
        ? null
        : GatewayError.make(
            "invalid_request",
            "Ollama cannot fetch an image by its address: send its bytes as a data: URL (data:image/png;base64,…)",
            { param: path }
          )
    case "audio":
      return GatewayError.make("invalid_request", "Ollama takes no audio: send a transcript as text", { param: path })
    case "file":
      return GatewayError.make("invalid_request", "Ollama takes no files: send their content as text", { param: path })
  }
}

/** Text and images of a message, or why one of its parts cannot be sent. */
const lowerParts = (
  parts: ReadonlyArray<UserPart>,
  path: string,
  dropped: Array<string>
): Either.Either<JsonObject, Failed> => {
  const texts: Array<string> = []
  const images: Array<string> = []
  for (const [index, part] of parts.entries()) {
    const failed = unsendable(part, `${path}.${index}`)
    if (failed !== null) return Either.left(failed)
    if (part.type === "text") texts.push(part.text)
    if (part.type === "image") {
      images.push(imageData(part))
      if (part.detail !== undefined && part.detail !== "auto") dropped.push(`${path}.${index}.detail`)
    }
  }
  return Either.right({ content: joined(texts), ...(images.length === 0 ? {} : { images }) })
}

const imageData = (part: ImagePart): string => (part.source.type === "base64" ? part.source.data : "")

const lowerAssistant = (parts: ReadonlyArray<AssistantPart>, path: string, walk: Walk): JsonObject => {
  const texts: Array<string> = []
  const thinking: Array<string> = []
  const calls: Array<JsonObject> = []
  for (const [index, part] of parts.entries()) {
    switch (part.type) {
      case "text":
      case "refusal":
        texts.push(part.text)
        break
      case "reasoning":
        if (part.text !== "") thinking.push(part.text)
        // Reasoning that is nothing but another provider's ciphertext.
        else walk.dropped.push(`${path}.${index}`)
        if (part.text !== "" && part.signature !== undefined) walk.dropped.push(`${path}.${index}.signature`)
        break
      case "tool-call": {
        const args = part.arguments.trim() === "" ? {} : parse(part.arguments)
        // Ollama's templates print an object; a model's invalid JSON has no place in one.
        if (!isObject(args)) walk.dropped.push(`${path}.${index}.arguments`)
        walk.toolNames.set(part.id, part.name)
        calls.push({ id: part.id, function: { name: part.name, arguments: isObject(args) ? args : {} } })
        break
      }
    }
  }
  return {
    role: "assistant",
    content: joined(texts),
    ...(thinking.length === 0 ? {} : { thinking: joined(thinking) }),
    ...(calls.length === 0 ? {} : { tool_calls: calls })
  }
}

const lowerResult = (part: ToolResultPart, path: string, walk: Walk): Either.Either<JsonObject, Failed> =>
  Either.map(lowerParts(part.content, `${path}.content`, walk.dropped), (content) => {
    const name = walk.toolNames.get(part.toolCallId)
    if (part.isError === true) walk.dropped.push(`${path}.is_error`)
    return {
      role: "tool",
      ...content,
      ...(name === undefined ? {} : { tool_name: name }),
      tool_call_id: part.toolCallId
    }
  })

const lowerMessage = (message: Message, path: string, walk: Walk): Failed | null => {
  const content = `${path}.content`
  switch (message.role) {
    case "system":
    case "developer":
      walk.messages.push({ role: "system", content: joined(message.content.map((part) => part.text)) })
      return null
    case "user": {
      if (message.name !== undefined) walk.dropped.push(`${path}.name`)
      const lowered = lowerParts(message.content, content, walk.dropped)
      if (Either.isLeft(lowered)) return lowered.left
      walk.messages.push({ role: "user", ...lowered.right })
      return null
    }
    case "assistant":
      if (message.name !== undefined) walk.dropped.push(`${path}.name`)
      walk.messages.push(lowerAssistant(message.content, content, walk))
      return null
    case "tool":
      for (const [index, part] of message.content.entries()) {
        const lowered = lowerResult(part, `${content}.${index}`, walk)
        if (Either.isLeft(lowered)) return lowered.left
        walk.messages.push(lowered.right)
      }
      return null
  }
}

export const lowerMessages = (messages: ReadonlyArray<Message>): Either.Either<LoweredMessages, Failed> => {
  const walk: Walk = { messages: [], dropped: [], toolNames: new Map() }
  for (const [index, message] of messages.entries()) {
    const failed = lowerMessage(message, `messages.${index}`, walk)
    if (failed !== null) return Either.left(failed)
  }
  return Either.right(walk)
}
