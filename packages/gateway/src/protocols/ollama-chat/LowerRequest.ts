import type { ChatRequest, ReasoningEffort, ResponseFormat, Tool } from "@penstock/schema/ChatRequest"
import * as GatewayError from "@penstock/schema/GatewayError"
import * as Either from "effect/Either"
import type { Lowered, LowerOptions } from "../Protocol.ts"
import { isObject, type JsonObject } from "../../wire/Json.ts"
import * as ToolParameters from "../ToolParameters.ts"
import { lowerMessages } from "./LowerMessages.ts"

/** Fields of Ollama's request that the neutral model has no word for. `stream` and `messages` are ours. */
const passed: ReadonlySet<string> = new Set(["keep_alive", "think", "format", "template", "truncate", "shift"])

/** Runtime options that callers write beside `model` as well as inside `options`. */
const runtimeOptions: ReadonlySet<string> = new Set([
  "num_ctx",
  "num_keep",
  "num_batch",
  "num_gpu",
  "num_thread",
  "min_p",
  "typical_p",
  "repeat_last_n",
  "repeat_penalty"
])

/** The entries that have a value. */
const defined = (fields: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))

const lowerTool = (tool: Tool): JsonObject => ({
  type: "function",
  function: {
    name: tool.name,
    ...(tool.description === undefined ? {} : { description: tool.description }),
    parameters: tool.parameters ?? { type: "object", properties: {} }
  }
})

/**
 * Ollama lets the model choose. `none` is kept by sending no tools; a named tool by sending no other, though the model
 * may still answer in words; `required` can only be asked for, and is reported as dropped.
 */
const lowerTools = (
  request: ChatRequest,
  dropped: Array<string>
): Either.Either<ReadonlyArray<JsonObject> | undefined, GatewayError.GatewayError> => {
  const { tools: asked = [], toolChoice = "auto" } = request
  const tools = ToolParameters.fitAll(asked, "ollama-chat", dropped)
  for (const [index, tool] of tools.entries()) if (tool.strict === true) dropped.push(`tools.${index}.strict`)
  if (request.parallelToolCalls === false && tools.length > 0) dropped.push("parallel_tool_calls")
  if (tools.length === 0 || toolChoice === "none") return Either.right(undefined)
  if (toolChoice === "auto") return Either.right(tools.map(lowerTool))
  dropped.push("tool_choice")
  if (toolChoice === "required") return Either.right(tools.map(lowerTool))
  const named = tools.filter((tool) => tool.name === toolChoice.tool)
  return named.length > 0
    ? Either.right(named.map(lowerTool))
    : Either.left(
        GatewayError.make("invalid_request", `tool_choice names ${toolChoice.tool}, which is not among the tools`, {
          param: "tool_choice"
        })
      )
}

const lowerFormat = (format: ResponseFormat | undefined, dropped: Array<string>): unknown => {
  switch (format?.type) {
    case "json_schema":
      if (format.description !== undefined) dropped.push("response_format.json_schema.description")
      return format.schema
    case "json_object":
      return "json"
    default:
      return undefined
  }
}

const levels: { readonly [E in ReasoningEffort]: string } = {
  none: "low",
  minimal: "low",
  low: "low",
  medium: "medium",
  high: "high",
  xhigh: "high"
}

/**
 * gpt-oss thinks at a level and cannot be told not to think; other models think or do not, and several versions of
 * Ollama refuse them a level.
 */
const lowerEffort = (effort: ReasoningEffort | undefined, model: string, dropped: Array<string>): unknown => {
  if (effort === undefined) return undefined
  if (/gpt-?oss/i.test(model)) {
    if (levels[effort] !== effort) dropped.push("reasoning_effort")
    return levels[effort]
  }
  if (effort === "none") return false
  dropped.push("reasoning_effort")
  return true
}

/** The caller's own `options` win over what was translated, for they are the more exact words. */
const lowerOptions = (request: ChatRequest): Either.Either<JsonObject | undefined, GatewayError.GatewayError> => {
  const own = request.extra["options"] ?? {}
  if (!isObject(own)) {
    return Either.left(GatewayError.make("invalid_request", "options must be an object", { param: "options" }))
  }
  const beside = Object.entries(request.extra).filter(([name]) => runtimeOptions.has(name))
  const options = {
    ...defined({
      num_predict: request.maxTokens,
      temperature: request.temperature,
      top_p: request.topP,
      top_k: request.topK,
      seed: request.seed,
      stop: request.stop,
      frequency_penalty: request.frequencyPenalty,
      presence_penalty: request.presencePenalty
    }),
    ...Object.fromEntries(beside),
    ...own
  }
  return Either.right(Object.keys(options).length === 0 ? undefined : options)
}

export const lower = (
  request: ChatRequest,
  { model }: LowerOptions
): Either.Either<Lowered, GatewayError.GatewayError> =>
  Either.gen(function* () {
    const { messages, dropped: droppedMessages } = yield* lowerMessages(request.messages)
    const dropped: Array<string> = [...droppedMessages]
    const tools = yield* lowerTools(request, dropped)
    const options = yield* lowerOptions(request)
    const format = lowerFormat(request.responseFormat, dropped)
    const think = lowerEffort(request.reasoningEffort, model, dropped)
    if (request.user !== undefined) dropped.push("user")
    const extra: Array<readonly [string, unknown]> = []
    for (const [name, value] of Object.entries(request.extra)) {
      if (passed.has(name)) extra.push([name, value])
      else if (name !== "options" && !runtimeOptions.has(name)) dropped.push(name)
    }
    return {
      body: {
        model,
        messages,
        ...defined({ tools, format, options, think }),
        ...Object.fromEntries(extra),
        // Ollama streams unless told not to.
        stream: request.stream === true
      },
      headers: {},
      dropped
    }
  })
