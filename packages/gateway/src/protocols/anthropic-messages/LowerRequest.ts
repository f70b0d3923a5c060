/** A neutral request in Anthropic's words. */
import type { MessageCreateParams, OutputConfig, TextBlockParam } from "@anthropic-ai/sdk/resources/messages"
import type { ChatRequest, JsonSchema } from "@penstock/schema/ChatRequest"
import { type GatewayError, make as gatewayError } from "@penstock/schema/GatewayError"
import * as Either from "effect/Either"
import type { LowerOptions, Lowered } from "../Protocol.ts"
import { withBreakpoints } from "./CacheBreakpoints.ts"
import { issuer } from "./Content.ts"
import { conversation, lacksThinking } from "./LowerMessages.ts"
import { reasoning, type Sampling, sampling } from "./LowerReasoning.ts"
import { isForced, tools } from "./LowerTools.ts"
import { model as modelOf, type Model } from "./Model.ts"
import { shimTool } from "./Shim.ts"
import { constrained } from "./StructuredOutput.ts"
import { isObject } from "../../wire/Json.ts"

/** The body, as far as it is ours: the official types, and the sampling that they no longer name. */
export type Body = MessageCreateParams & Sampling

/** Anthropic's own fields, sent on as they came. */
const native = [
  "cache_control",
  "container",
  "context_management",
  "diagnostics",
  "fallbacks",
  "inference_geo",
  "mcp_servers",
  "speed",
  "thinking",
  "top_k"
] as const

/** Fields of `extra` that are read elsewhere, because OpenAI has the same name for something else or we add to them. */
const handled: ReadonlySet<string> = new Set([...native, "output_config", "betas", "metadata", "service_tier"])

/** There is no JSON mode; a model that is asked plainly complies. */
const jsonInstruction: TextBlockParam = {
  type: "text",
  text: "Answer with a single valid JSON object and nothing else: no explanation, no code fence."
}

/** Stop sequences that are blank are refused. */
const stopSequences = (request: ChatRequest, dropped: Array<string>): ReadonlyArray<string> =>
  (request.stop ?? []).filter((sequence, index) => {
    const blank = sequence.trim() === ""
    if (blank) dropped.push(`stop.${index}`)
    return !blank
  })

/** A schema has no name and no description beside it; the description moves in. */
const described = ({
  description,
  schema
}: {
  readonly description?: string | undefined
  readonly schema: JsonSchema
}) => (description === undefined || schema["description"] !== undefined ? schema : { ...schema, description })

const outputConfig = (request: ChatRequest, model: Model, effort: OutputConfig["effort"]): OutputConfig => {
  const format = request.responseFormat
  const own = request.extra["output_config"]
  return {
    ...(effort === undefined ? {} : { effort }),
    ...(format?.type === "json_schema" && model.structuredOutput
      ? { format: { type: "json_schema", schema: constrained(described(format)) } }
      : {}),
    ...(isObject(own) ? own : {})
  }
}

/** OpenAI's `metadata` is free, Anthropic's knows `user_id` only. */
const metadata = (request: ChatRequest, dropped: Array<string>): Pick<Body, "metadata"> => {
  const own = request.extra["metadata"]
  if (own !== undefined && own !== null && !isObject(own)) dropped.push("metadata")
  const entries = isObject(own) ? Object.entries(own) : []
  for (const [key] of entries) if (key !== "user_id") dropped.push(`metadata.${key}`)
  const named = isObject(own) && typeof own["user_id"] === "string" ? own["user_id"] : undefined
  const userId = named ?? request.user
  return userId === undefined ? {} : { metadata: { user_id: userId } }
}

const serviceTier = (request: ChatRequest, dropped: Array<string>): Pick<Body, "service_tier"> => {
  const tier = request.extra["service_tier"]
  if (tier === "auto" || tier === "standard_only") return { service_tier: tier }
  if (tier !== undefined && tier !== null) dropped.push("service_tier")
  return {}
}

const unsupported = (request: ChatRequest, dropped: Array<string>): void => {
  if (request.seed !== undefined) dropped.push("seed")
  if (request.frequencyPenalty !== undefined) dropped.push("frequency_penalty")
  if (request.presencePenalty !== undefined) dropped.push("presence_penalty")
  for (const key of Object.keys(request.extra)) if (!handled.has(key)) dropped.push(key)
}

const betaHeader = (betas: unknown): { readonly [name: string]: string } => {
  const names = Array.isArray(betas) ? betas.filter((beta) => typeof beta === "string") : []
  return names.length === 0 ? {} : { "anthropic-beta": names.join(",") }
}

/** A caller who speaks our own words has said in them what the effort was read from. */
const unechoed = (request: ChatRequest): ChatRequest => {
  if (request.dialect !== issuer) return request
  const { reasoningEffort: _, ...rest } = request
  return rest
}

export const lowerRequest = (asked: ChatRequest, options: LowerOptions): Either.Either<Lowered, GatewayError> => {
  const request = unechoed(asked)
  const reserved = (request.tools ?? []).findIndex((tool) => tool.name === shimTool)
  if (reserved >= 0) {
    const param = `tools.${reserved}.name`
    return Either.left(gatewayError("invalid_request", `The tool name ${shimTool} is reserved.`, { param }))
  }
  const dropped: Array<string> = []
  const model = modelOf(options.model)
  const { system, messages } = conversation(request, model, dropped)
  if (messages.length === 0) {
    const message = "Anthropic needs at least one message that is not empty."
    return Either.left(gatewayError("invalid_request", message, { param: "messages" }))
  }
  const { tools: offered, choice } = tools(request, model, dropped)
  const { maxTokens, thinking, effort } = reasoning(
    request,
    model,
    {
      maxOutputTokens: options.maxOutputTokens,
      forced: isForced(choice),
      unthought: lacksThinking(messages)
    },
    dropped
  )
  const stop = stopSequences(request, dropped)
  const output = outputConfig(request, model, effort)
  const instructions = request.responseFormat?.type === "json_object" ? [...system, jsonInstruction] : system
  const own: { [key: string]: unknown } = {}
  for (const key of native) if (request.extra[key] !== undefined) own[key] = request.extra[key]
  const sampled = sampling(request, model, own["thinking"] ?? thinking, dropped)
  // The order is that of Anthropic's own prompt cache: tools, system, messages.
  const body: Body = {
    model: options.model,
    max_tokens: maxTokens,
    ...(offered.length === 0 ? {} : { tools: [...offered] }),
    ...(choice === null ? {} : { tool_choice: choice }),
    ...(instructions.length === 0 ? {} : { system: [...instructions] }),
    messages: [...messages],
    ...(thinking === undefined ? {} : { thinking }),
    ...(Object.keys(output).length === 0 ? {} : { output_config: output }),
    ...sampled,
    ...(stop.length === 0 ? {} : { stop_sequences: [...stop] }),
    ...metadata(request, dropped),
    ...serviceTier(request, dropped),
    ...(request.stream === true ? { stream: true } : {})
  }
  unsupported(request, dropped)
  // A caller who speaks our own words has them for marks, and one who has set a mark knows better.
  const mayMark = options.cachePrompt === true && request.dialect !== issuer && own["cache_control"] === undefined
  const sent = mayMark ? withBreakpoints(body) : body
  return Either.right({ body: { ...sent, ...own }, headers: betaHeader(request.extra["betas"]), dropped })
}
