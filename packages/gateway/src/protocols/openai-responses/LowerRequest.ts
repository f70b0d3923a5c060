/** The neutral model to a request for a response. */
import type { ChatRequest, ResponseFormat, Tool } from "@penstock/schema/ChatRequest"
import type { ResponseCreateParams, ResponseFormatTextConfig } from "openai/resources/responses/responses"
import { type JsonObject, isObject, listIn } from "../../wire/Json.ts"
import type { LowerOptions, Lowered } from "../Protocol.ts"
import * as ToolParameters from "../ToolParameters.ts"
import { issuer } from "./Content.ts"
import { input } from "./LowerInput.ts"
import { isShared } from "./Shared.ts"

/** Models that think, by generation and not by a list of names; only they can encrypt what they thought. */
const thinks = (model: string): boolean =>
  /^(?:ft:)?(?:o\d|gpt-(?:[5-9]|\d\d)|codex)/.test(model) && !/-chat/.test(model)

/** The least that may be asked for. */
const leastLimit = 16

const sealed = "reasoning.encrypted_content"

/** What the wire has no word for. */
const unsupported = ["topK", "frequencyPenalty", "presencePenalty", "seed", "stop"] as const
const named: { readonly [K in (typeof unsupported)[number]]: string } = {
  topK: "top_k",
  frequencyPenalty: "frequency_penalty",
  presencePenalty: "presence_penalty",
  seed: "seed",
  stop: "stop"
}

/**
 * `strict` is on here unless it is turned off, and off in chat completions and elsewhere unless it is turned on: who
 * speaks our own words has meant ours.
 */
const toolOf = ({ description, name, parameters, strict }: Tool, own: boolean) => ({
  type: "function" as const,
  name,
  ...(description === undefined ? {} : { description }),
  parameters: parameters ?? { type: "object", properties: {} },
  ...(strict === undefined && own ? {} : { strict: strict ?? false })
})

const format = (asked: ResponseFormat): ResponseFormatTextConfig => {
  if (asked.type !== "json_schema") return { type: asked.type }
  const { description, name, schema, strict, type } = asked
  return {
    type,
    name,
    schema,
    ...(description === undefined ? {} : { description }),
    ...(strict === undefined ? {} : { strict })
  }
}

/** `undefined` fields are left out; JSON has no word for them. */
const present = (fields: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))

/** The fields that are sent on as they came, and the names of those that are not. */
const kept = (request: ChatRequest, dropped: Array<string>): JsonObject => {
  const own: Record<string, unknown> = {}
  for (const name in request.extra) {
    // Paths, and not names of fields: see ReadRequest.
    const known =
      !name.includes(".") && (request.dialect === issuer || (request.dialect === undefined && isShared(name)))
    if (known) own[name] = request.extra[name]
    else dropped.push(name)
  }
  return own
}

const text = (request: ChatRequest, verbosity: unknown): JsonObject | undefined => {
  const fields = present({
    format: request.responseFormat === undefined ? undefined : format(request.responseFormat),
    verbosity
  })
  return Object.keys(fields).length === 0 ? undefined : fields
}

const toolChoice = (choice: NonNullable<ChatRequest["toolChoice"]>): ResponseCreateParams["tool_choice"] =>
  typeof choice === "string" ? choice : { type: "function", name: choice.tool }

/**
 * What changes between turns comes last: model and tools lead, the conversation follows, and OpenAI finds the same
 * beginning again. Nothing is stored unless it is asked for, so that reasoning has to be carried by the caller.
 */
export const lower = (request: ChatRequest, { model }: LowerOptions): Lowered => {
  const dropped: Array<string> = []
  const own = request.dialect === issuer
  const { include, reasoning, verbosity, ...extra } = kept(request, dropped)
  for (const name of unsupported) {
    const value = request[name]
    if (value !== undefined && !(Array.isArray(value) && value.length === 0)) dropped.push(named[name])
  }
  const effort = thinks(model) ? request.reasoningEffort : undefined
  if (effort !== request.reasoningEffort) dropped.push("reasoning_effort")
  const thought = { ...(isObject(reasoning) ? reasoning : {}), ...(effort === undefined ? {} : { effort }) }
  const included = [...new Set([...listIn(include), ...(thinks(model) ? [sealed] : [])])]
  const { maxTokens, toolChoice: choice } = request
  const tools = ToolParameters.fitAll(request.tools ?? [], "openai-responses", dropped)
  const limit = maxTokens === undefined ? undefined : Math.max(maxTokens, leastLimit)
  if (limit !== maxTokens) dropped.push("max_tokens")
  const body = present({
    model,
    tools: tools.length === 0 ? undefined : tools.map((tool) => toolOf(tool, own)),
    tool_choice: choice === undefined ? undefined : toolChoice(choice),
    parallel_tool_calls: request.parallelToolCalls,
    text: text(request, verbosity),
    reasoning: Object.keys(thought).length === 0 ? undefined : thought,
    input: input(request, dropped),
    include: included.length === 0 ? undefined : included,
    max_output_tokens: limit,
    temperature: request.temperature,
    top_p: request.topP,
    user: request.user,
    store: false,
    stream: request.stream
  })
  // What was kept replaces nothing but the default.
  return { body: { ...body, ...extra, ...body, store: extra["store"] ?? false }, headers: {}, dropped }
}
