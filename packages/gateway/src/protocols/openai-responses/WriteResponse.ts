/**
 * The response object around an output. Most of it repeats the request; what that left out is what OpenAI takes for it,
 * as clients read these fields without asking whether they are there.
 */
import type { Completion } from "@penstock/schema/Completion"
import type { Usage as Counts } from "@penstock/schema/Usage"
import { type JsonObject, isObject, listIn, objectIn } from "../../wire/Json.ts"
import type { AnswerContext } from "../Dialect.ts"
import * as Usage from "./Usage.ts"

/** Repeated as they were asked for. */
const defaults: JsonObject = {
  instructions: null,
  max_output_tokens: null,
  max_tool_calls: null,
  metadata: {},
  parallel_tool_calls: true,
  previous_response_id: null,
  store: true,
  temperature: 1,
  tool_choice: "auto",
  top_logprobs: 0,
  top_p: 1,
  truncation: "disabled"
}

/** Repeated if they were asked for. */
const optional = ["prompt_cache_key", "safety_identifier", "user"] as const

/** A function's optional fields are always there in an answer. */
const tool = (asked: unknown): unknown =>
  isObject(asked) && asked["type"] === "function"
    ? { description: null, parameters: null, strict: true, ...asked }
    : asked

const isSaid = (value: unknown): boolean => value !== null && value !== undefined

const said = (fields: unknown): JsonObject =>
  Object.fromEntries(Object.entries(objectIn(fields)).filter(([, value]) => isSaid(value)))

const repeated = (request: JsonObject): JsonObject => {
  const asked: { [name: string]: unknown } = { ...defaults }
  for (const name in defaults) asked[name] = request[name] ?? defaults[name]
  for (const name of optional) if (isSaid(request[name])) asked[name] = request[name]
  return {
    ...asked,
    reasoning: { effort: null, summary: null, ...said(request["reasoning"]) },
    text: { format: { type: "text" }, verbosity: "medium", ...said(request["text"]) },
    tools: listIn(request["tools"]).map(tool)
  }
}

/** An answer needs an id; a provider that gave none (or a local model) still gets a stable one. */
export const idOf = (id: string, { created, requestId }: AnswerContext): string =>
  id === "" ? `resp_${requestId?.replace(/^req_/, "") ?? created}` : id

export interface State {
  readonly id: string
  readonly model: string
  readonly output: ReadonlyArray<unknown>
  /** Null while the answer is being written. */
  readonly finishReason: Completion["finishReason"] | null
  readonly usage: Counts | null
}

const statusOf = (reason: State["finishReason"]): "in_progress" | "completed" | "incomplete" => {
  switch (reason) {
    case null:
      return "in_progress"
    case "length":
    case "content_filter":
      return "incomplete"
    default:
      return "completed"
  }
}

export const response = ({ finishReason, id, model, output, usage }: State, context: AnswerContext) => {
  const { asked, created } = context
  const status = statusOf(finishReason)
  const reason = finishReason === "length" ? "max_output_tokens" : "content_filter"
  return {
    id: idOf(id, context),
    object: "response",
    created_at: created,
    status,
    background: false,
    error: null,
    incomplete_details: status === "incomplete" ? { reason } : null,
    model,
    output,
    ...repeated(asked ?? {}),
    service_tier: "default",
    // Clients take a response that is done without counts, and not one with counts that are null.
    ...(usage === null ? {} : { usage: Usage.write(usage) })
  }
}

/**
 * A response that broke off, for its last event. Whoever ends the stream knows the request and not how far its answer had
 * come: what it was and who gave it is in the events before.
 */
export const failed = (error: { readonly code: string; readonly message: string }, context: AnswerContext) => ({
  ...response({ id: "", model: "", output: [], finishReason: null, usage: null }, context),
  status: "failed",
  error
})
