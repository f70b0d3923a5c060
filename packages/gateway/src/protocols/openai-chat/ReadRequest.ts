/**
 * A caller's request to the neutral model. What that has no word for is kept in `extra`: fields of the request by their
 * name, fields deeper down by their path (`messages.0.audio`), which no protocol sends on and each reports as dropped.
 */
import { ReasoningEffort, type AssistantPart, type ChatRequest, type Message } from "@penstock/schema/ChatRequest"
import type { ResponseFormat, Tool, ToolResultPart, UserPart } from "@penstock/schema/ChatRequest"
import type { GatewayError } from "@penstock/schema/GatewayError"
import * as Arr from "effect/Array"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as InvalidRequest from "../InvalidRequest.ts"
import { objectIn } from "../../wire/Json.ts"
import * as CustomTool from "../CustomTool.ts"
import { leftovers } from "./Leftovers.ts"
import { imageSource, readDataUrl } from "./Media.ts"
import * as Reasoning from "./Reasoning.ts"
import * as Wire from "./RequestWire.ts"

const decode = Schema.decodeUnknownEither(Wire.Request)
const isFunctionTool = Schema.is(Wire.FunctionTool)
const isCustomTool = Schema.is(Wire.CustomTool)
const isNamedToolChoice = Schema.is(Wire.NamedToolChoice)
const isJsonSchemaFormat = Schema.is(Wire.JsonSchemaFormat)
const isReasoningEffort = Schema.is(ReasoningEffort)

type Text = { readonly type: "text"; readonly text: string }

/** Empty texts say nothing, and some providers refuse them. */
const says = (part: { readonly type: string; readonly text?: string }): boolean => part.text !== ""

const textParts = (text: string): ReadonlyArray<Text> => (text === "" ? [] : [{ type: "text", text }])

const filePart = (file: Extract<Wire.UserPart, { type: "file" }>["file"]): Extract<UserPart, { type: "file" }> => {
  const data = file.file_data === undefined ? null : (readDataUrl(file.file_data) ?? { data: file.file_data })
  return {
    type: "file",
    ...(file.filename === undefined ? {} : { filename: file.filename }),
    ...data,
    ...(file.file_id === undefined ? {} : { fileId: file.file_id })
  }
}

const part = (part: Wire.ToolPart): ToolResultPart["content"][number] => {
  switch (part.type) {
    case "text":
      return { type: "text", text: part.text }
    case "file":
      return filePart(part.file)
    case "image_url": {
      const source = imageSource(part.image_url.url)
      return {
        type: "image",
        // The schema has let no other URL through.
        source: "problem" in source ? { type: "url", url: part.image_url.url } : source,
        ...(part.image_url.detail === undefined ? {} : { detail: part.image_url.detail })
      }
    }
  }
}

const userPart = (each: Wire.UserPart): UserPart =>
  each.type === "input_audio"
    ? { type: "audio", format: each.input_audio.format, data: each.input_audio.data }
    : part(each)

/** The order is that of an answer: reasoning, text, refusal, tool calls. */
const assistantParts = (message: Wire.AssistantMessage, position: number): ReadonlyArray<AssistantPart> => {
  const { content, function_call: call, refusal } = message
  const parts =
    typeof content === "string"
      ? textParts(content)
      : (content ?? [])
          .map((each) => (each.type === "text" ? each : { type: "refusal" as const, text: each.refusal }))
          .filter(says)
  return [
    ...Reasoning.read(message),
    ...parts,
    ...(refusal === undefined || refusal === "" ? [] : [{ type: "refusal" as const, text: refusal }]),
    ...(message.tool_calls ?? []).map(toolCall),
    ...(call === undefined
      ? []
      : [{ type: "tool-call" as const, id: legacyId(position), name: call.name, arguments: call.arguments }])
  ]
}

const toolCall = (call: Wire.ToolCall): Extract<AssistantPart, { type: "tool-call" }> =>
  call.type === "custom"
    ? { type: "tool-call", id: call.id, name: call.custom.name, arguments: CustomTool.argumentsOf(call.custom.input) }
    : { type: "tool-call", id: call.id, ...call.function }

/** `function_call` of old has no id; its result follows it. */
const legacyId = (position: number): string => `function_call_${position}`

const message = (message: Wire.Message, position: number): Message => {
  switch (message.role) {
    case "system":
    case "developer": {
      const { content } = message
      return { role: message.role, content: typeof content === "string" ? textParts(content) : content.filter(says) }
    }
    case "user": {
      const content =
        typeof message.content === "string" ? textParts(message.content) : message.content.filter(says).map(userPart)
      return { role: "user", content, ...(message.name === undefined ? {} : { name: message.name }) }
    }
    case "assistant": {
      const content = assistantParts(message, position)
      return { role: "assistant", content, ...(message.name === undefined ? {} : { name: message.name }) }
    }
    case "tool": {
      const content =
        typeof message.content === "string" ? textParts(message.content) : message.content.filter(says).map(part)
      return { role: "tool", content: [{ type: "tool-result", toolCallId: message.tool_call_id, content }] }
    }
    case "function": {
      const content = textParts(message.content ?? "")
      return { role: "tool", content: [{ type: "tool-result", toolCallId: legacyId(position - 1), content }] }
    }
  }
}

/** The format in the neutral model's words; undefined for a kind that it does not know. */
const responseFormat = (format: NonNullable<Wire.Request["response_format"]>): ResponseFormat | undefined => {
  if (isJsonSchemaFormat(format)) {
    const { schema, ...named } = format.json_schema
    return { type: "json_schema", ...named, schema: schema ?? {} }
  }
  return format.type === "text" || format.type === "json_object" ? { type: format.type } : undefined
}

const functionsOf = (tool: NonNullable<Wire.Request["tools"]>[number]): ReadonlyArray<Tool> => {
  if (isFunctionTool(tool)) return [tool.function]
  return isCustomTool(tool) ? [CustomTool.standIn(tool.custom)] : []
}

const request = (wire: Wire.Request, body: unknown): ChatRequest => {
  const {
    max_completion_tokens,
    max_tokens,
    messages,
    reasoning_effort: effort,
    response_format,
    stop,
    stream_options: _,
    tool_choice: choice,
    tools,
    ...same
  } = wire
  const raw = objectIn(body)
  const extra: Record<string, unknown> = leftovers(raw, Wire.knownFields)
  const maxTokens = max_completion_tokens ?? max_tokens
  const format = response_format === undefined ? undefined : responseFormat(response_format)
  if (response_format !== undefined && format === undefined) extra["response_format"] = raw["response_format"]
  const toolChoice =
    choice === undefined || typeof choice === "string"
      ? choice
      : isNamedToolChoice(choice)
        ? { tool: choice.type === "custom" ? choice.custom.name : choice.function.name }
        : undefined
  if (choice !== undefined && toolChoice === undefined) extra["tool_choice"] = raw["tool_choice"]
  if (effort !== undefined && !isReasoningEffort(effort)) extra["reasoning_effort"] = effort
  for (const [position, tool] of (tools ?? []).entries()) {
    // Text is asked for, and any text may come.
    if (isCustomTool(tool)) extra[`tools.${position}.custom.format`] = tool.custom.format ?? { type: "text" }
    else if (!isFunctionTool(tool)) extra[`tools.${position}`] = tool
  }
  return {
    ...same,
    messages: Arr.map(messages, message),
    ...(tools === undefined ? {} : { tools: tools.flatMap(functionsOf) }),
    ...(toolChoice === undefined ? {} : { toolChoice }),
    ...(format === undefined ? {} : { responseFormat: format }),
    ...(maxTokens === undefined ? {} : { maxTokens }),
    ...(stop === undefined ? {} : { stop: typeof stop === "string" ? [stop] : stop }),
    ...(isReasoningEffort(effort) ? { reasoningEffort: effort } : {}),
    extra
  }
}

export const read = (body: unknown): Either.Either<ChatRequest, GatewayError> =>
  Either.mapBoth(decode(body), {
    onLeft: InvalidRequest.fromParseError,
    onRight: (wire) => request(wire, body)
  })
