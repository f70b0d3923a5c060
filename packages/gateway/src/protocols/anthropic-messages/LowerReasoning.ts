/** How much the model thinks, how much it may write, and the sampling that goes with it. */
import type { OutputConfig, ThinkingConfigParam } from "@anthropic-ai/sdk/resources/messages"
import type { ChatRequest, ReasoningEffort } from "@penstock/schema/ChatRequest"
import type { Model } from "./Model.ts"
import { isObject } from "../../wire/Json.ts"

type Effort = NonNullable<OutputConfig["effort"]>

export interface Reasoning {
  readonly maxTokens: number
  /** Undefined: the model's own default. */
  readonly thinking: ThinkingConfigParam | undefined
  readonly effort: Effort | undefined
}

/** The least that Anthropic accepts as a budget. */
const leastBudget = 1024

const budgets: { readonly [E in Exclude<ReasoningEffort, "none">]: number } = {
  minimal: leastBudget,
  low: 2048,
  medium: 8192,
  high: 16_384,
  xhigh: 32_768
}

const effort = (asked: Exclude<ReasoningEffort, "none">, model: Model): Effort =>
  asked === "minimal" ? "low" : asked === "xhigh" && !model.xhigh ? "max" : asked

/**
 * The budget counts towards `max_tokens`, as reasoning does towards the caller's limit. The limit is a promise about
 * cost, so it stays: the budget shrinks until half of the limit is left for the answer. Without a limit of the caller's,
 * room for the answer is added on top.
 */
const budgeted = (asked: Exclude<ReasoningEffort, "none">, model: Model, known: number | null) => {
  const most = known ?? Math.max(model.writes, budgets[asked] + 4096)
  const budget = Math.min(budgets[asked], Math.max(Math.floor(most / 2), leastBudget))
  return budget < most ? { maxTokens: most, budget } : null
}

/** The most that a request without a limit lets the model write. */
export const longestAnswer = ({ thinking, writes }: Model): number =>
  thinking === "budget" ? Math.max(writes, budgets.xhigh + 4096) : writes

export interface Circumstances {
  /** The most that the model can write, if known. */
  readonly maxOutputTokens: number | null
  /** A tool must be called: the model may not think first. */
  readonly forced: boolean
  /** The turn to continue came without its thinking: no budget is accepted. */
  readonly unthought: boolean
}

export const reasoning = (
  request: ChatRequest,
  model: Model,
  { maxOutputTokens, forced, unthought }: Circumstances,
  dropped: Array<string>
): Reasoning => {
  const asked = request.reasoningEffort
  // More than the model can write is an error to Anthropic and no difference to the caller.
  const limit =
    request.maxTokens === undefined ? undefined : Math.min(request.maxTokens, maxOutputTokens ?? request.maxTokens)
  const maxTokens = limit ?? maxOutputTokens ?? model.writes
  const plain: Reasoning = { maxTokens, thinking: undefined, effort: undefined }
  const off: ThinkingConfigParam | undefined =
    model.thinkingOff === "disabled" || model.thinkingOff === "between_tools" ? { type: model.thinkingOff } : undefined
  // The caller's own `thinking`, in Anthropic's words, goes before what the effort amounts to.
  const own = request.extra["thinking"] !== undefined

  if (asked === "none") {
    if (model.thinkingOff !== "impossible") return { ...plain, thinking: own ? undefined : off }
    dropped.push("reasoning_effort")
    return { ...plain, effort: "low" }
  }
  if (asked === undefined) return forced && !own ? { ...plain, thinking: off } : plain
  if (model.thinking === "adaptive") {
    const thinking: ThinkingConfigParam | undefined = own ? undefined : forced ? off : { type: "adaptive" }
    const wanted = effort(asked, model)
    // A model that is told not to think refuses the two highest levels.
    const refused = thinking === off && off !== undefined && (wanted === "xhigh" || wanted === "max")
    const sent = refused ? "high" : wanted
    if (sent !== asked) dropped.push("reasoning_effort")
    return { maxTokens, thinking, effort: sent }
  }
  const budget =
    model.thinking === "none" || forced || unthought || own ? null : budgeted(asked, model, limit ?? maxOutputTokens)
  if (budget === null) {
    dropped.push("reasoning_effort")
    return plain
  }
  return {
    maxTokens: budget.maxTokens,
    thinking: { type: "enabled", budget_tokens: budget.budget },
    effort: undefined
  }
}

export interface Sampling {
  readonly temperature?: number
  readonly top_p?: number
  readonly top_k?: number
}

/**
 * Anthropic's temperature ends at 1, newer models take no sampling at all, and a thinking model samples as it wants
 * (only `top_p` from 0.95 on is allowed). What is changed on the way counts as dropped.
 */
export const sampling = (request: ChatRequest, model: Model, thinking: unknown, dropped: Array<string>): Sampling => {
  const thinks = isObject(thinking) && (thinking["type"] === "enabled" || thinking["type"] === "adaptive")
  const { temperature, topP, topK } = request
  const sent: { temperature?: number; top_p?: number; top_k?: number } = {}
  if (temperature !== undefined) {
    if (model.sampling && !thinks) sent.temperature = Math.min(temperature, 1)
    if ((sent.temperature ?? 1) !== temperature) dropped.push("temperature")
  }
  if (topP !== undefined) {
    const together = sent.temperature === undefined || model.bothSamplers
    if (model.sampling && together && (!thinks || topP >= 0.95)) sent.top_p = topP
    else if (topP !== 1) dropped.push("top_p")
  }
  if (topK !== undefined) {
    if (model.sampling && !thinks) sent.top_k = topK
    else dropped.push("top_k")
  }
  return sent
}
