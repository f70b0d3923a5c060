/**
 * The neutral model to a chat completions request, for OpenAI and for everything that calls itself compatible.
 *
 * The two differ in three places, told apart by the model's name (`gpt-4o`, `o3`, `chatgpt-…`, `ft:gpt-…` are OpenAI's
 * own): only OpenAI has `max_completion_tokens` and the developer role, only the others have `top_k`. The others know
 * `max_tokens` and the system role.
 */
import type { ChatRequest, Message, ResponseFormat, ToolResultPart, UserPart } from "@penstock/schema/ChatRequest"
import type { LowerOptions, Lowered } from "../Protocol.ts"
import type { JsonObject } from "../../wire/Json.ts"
import { isShared } from "../openai-responses/Shared.ts"
import { imageUrl } from "./Media.ts"
import * as ToolParameters from "../ToolParameters.ts"
import * as Reasoning from "./Reasoning.ts"
import { toolCall } from "./WriteAnswer.ts"

const isOpenAiModel = (model: string): boolean => /^(?:ft:)?(?:gpt-\d|o\d|chatgpt-)/.test(model)

/** OpenAI's models that refuse to be told how hard to think. */
const isThoughtless = (model: string): boolean => /^(?:ft:)?(?:gpt-[34]|chatgpt-)/.test(model)

/** Issuers whose signatures mean something only to another protocol. */
const foreignIssuers: ReadonlySet<string> = new Set(["anthropic-messages", "ollama-chat", "openai-responses"])

type Part = UserPart | ToolResultPart["content"][number]

const part = (part: Part): JsonObject => {
  switch (part.type) {
    case "text":
      return { type: "text", text: part.text }
    case "image":
      return {
        type: "image_url",
        image_url: { url: imageUrl(part.source), ...(part.detail === undefined ? {} : { detail: part.detail }) }
      }
    case "audio":
      return { type: "input_audio", input_audio: { data: part.data, format: part.format } }
    case "file": {
      const { data, fileId, filename, mediaType } = part
      const fileData = mediaType === undefined ? data : `data:${mediaType};base64,${data}`
      return {
        type: "file",
        file: {
          ...(filename === undefined ? {} : { filename }),
          ...(data === undefined ? {} : { file_data: fileData }),
          ...(fileId === undefined ? {} : { file_id: fileId })
        }
      }
    }
  }
}

/** A single text is a string: servers that know no parts understand it. */
const content = (parts: ReadonlyArray<Part>): string | ReadonlyArray<JsonObject> => {
  const [first] = parts
  if (first === undefined) return ""
  return parts.length === 1 && first.type === "text" ? first.text : parts.map(part)
}

type Assistant = Extract<Message, { role: "assistant" }>

const assistant = (message: Assistant, path: string, dropped: Array<string>): JsonObject => {
  const texts = message.content.filter((each) => each.type === "text" || each.type === "refusal")
  const refusals = texts.filter((each) => each.type === "refusal")
  const calls = message.content.filter((each) => each.type === "tool-call")
  const reasoning = message.content.filter((each, position) => {
    if (each.type !== "reasoning") return false
    const foreign = each.issuer !== undefined && foreignIssuers.has(each.issuer)
    if (foreign) dropped.push(`${path}.content.${position}`)
    return !foreign
  })
  // One refusal after at most one text has a field of its own; anything else keeps its order as parts.
  const [refusal] = refusals.length === 1 && texts.at(-1)?.type === "refusal" && texts.length <= 2 ? refusals : []
  const spoken = refusal === undefined ? texts : texts.slice(0, -1)
  const [first] = spoken
  return {
    role: "assistant",
    content:
      first === undefined
        ? calls.length === 0 && refusal === undefined
          ? ""
          : null
        : spoken.length === 1 && first.type === "text"
          ? first.text
          : spoken.map((each) =>
              each.type === "text" ? { type: "text", text: each.text } : { type: "refusal", refusal: each.text }
            ),
    ...(refusal === undefined ? {} : { refusal: refusal.text }),
    ...(message.name === undefined ? {} : { name: message.name }),
    ...Reasoning.write(reasoning.filter((each) => each.type === "reasoning")),
    ...(calls.length === 0 ? {} : { tool_calls: calls.map(toolCall) })
  }
}

/**
 * A tool's message holds text only. Images and files of a result are shown by a user message after the results of the
 * turn, which is where a model can see them.
 */
const messages = (all: ReadonlyArray<Message>, openAi: boolean, dropped: Array<string>): ReadonlyArray<JsonObject> => {
  const lowered: Array<JsonObject> = []
  let shown: Array<JsonObject> = []
  const show = () => {
    if (shown.length > 0) lowered.push({ role: "user", content: shown })
    shown = []
  }
  for (const [at, message] of all.entries()) {
    if (message.role !== "tool") show()
    switch (message.role) {
      case "system":
      case "developer":
        lowered.push({ role: openAi ? message.role : "system", content: content(message.content) })
        break
      case "user": {
        const name = message.name === undefined ? {} : { name: message.name }
        lowered.push({ role: "user", content: content(message.content), ...name })
        break
      }
      case "assistant":
        lowered.push(assistant(message, `messages.${at}`, dropped))
        break
      case "tool":
        for (const [position, result] of message.content.entries()) {
          if (result.isError === true) dropped.push(`messages.${at}.content.${position}.isError`)
          const texts = result.content.filter((each) => each.type === "text")
          const others = result.content.filter((each) => each.type !== "text")
          lowered.push({ role: "tool", tool_call_id: result.toolCallId, content: content(texts) })
          if (others.length > 0) {
            shown.push({ type: "text", text: `Attachments of tool result ${result.toolCallId}:` }, ...others.map(part))
          }
        }
        break
    }
  }
  show()
  return lowered
}

const responseFormat = (format: ResponseFormat): JsonObject => {
  if (format.type !== "json_schema") return { type: format.type }
  const { type, name, description, schema, strict } = format
  return {
    type,
    json_schema: {
      name,
      ...(description === undefined ? {} : { description }),
      schema,
      ...(strict === undefined ? {} : { strict })
    }
  }
}

const toolChoice = (choice: NonNullable<ChatRequest["toolChoice"]>): unknown =>
  typeof choice === "string" ? choice : { type: "function", function: { name: choice.tool } }

/** `undefined` fields are left out; JSON has no word for them. */
const present = (fields: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))

const tool = ({ name, description, parameters, strict }: NonNullable<ChatRequest["tools"]>[number]): JsonObject => ({
  type: "function",
  function: present({ name, description, parameters, strict })
})

/**
 * What changes between turns comes last: model and tools lead, messages follow, and providers find the same beginning
 * again.
 */
export const lower = (request: ChatRequest, { model }: LowerOptions): Lowered => {
  const openAi = isOpenAiModel(model)
  const dropped: Array<string> = []
  const extra: Record<string, unknown> = {}
  for (const name in request.extra) {
    // Paths, and not names of fields: see ReadRequest. Or another wire's words, which would be refused.
    const foreign = request.dialect !== undefined && !(request.dialect === "openai-responses" && isShared(name))
    if (name.includes(".") || foreign) dropped.push(name)
    else extra[name] = request.extra[name]
  }
  if (openAi && request.topK !== undefined) dropped.push("top_k")
  // A caller in these very words is taken at them; others asked for an effort in words that every model takes.
  const effort = request.dialect !== undefined && isThoughtless(model) ? undefined : request.reasoningEffort
  if (effort !== request.reasoningEffort) dropped.push("reasoning_effort")
  const { maxTokens, responseFormat: format, stop, stream, toolChoice: choice } = request
  const tools = ToolParameters.fitAll(request.tools ?? [], "openai-chat", dropped)
  const body = present({
    model,
    tools: tools.length === 0 ? undefined : tools.map(tool),
    tool_choice: choice === undefined ? undefined : toolChoice(choice),
    parallel_tool_calls: request.parallelToolCalls,
    response_format: format === undefined ? undefined : responseFormat(format),
    messages: messages(request.messages, openAi, dropped),
    [openAi ? "max_completion_tokens" : "max_tokens"]: maxTokens,
    temperature: request.temperature,
    top_p: request.topP,
    top_k: openAi ? undefined : request.topK,
    frequency_penalty: request.frequencyPenalty,
    presence_penalty: request.presencePenalty,
    seed: request.seed,
    stop: stop === undefined || stop.length === 0 ? undefined : stop,
    reasoning_effort: effort,
    user: request.user,
    stream,
    stream_options: stream === true ? { include_usage: true } : undefined
  })
  // What was kept comes last and replaces nothing.
  return { body: { ...body, ...extra, ...body }, headers: {}, dropped }
}
