/**
 * What a Claude model accepts, read from its name: the API rejects with 400 what a generation does not know yet, or no
 * longer. By version and not by a list of names, so that next month's model is treated as the newest known one.
 *
 * Source: Anthropic's pages on thinking, effort, structured outputs, tool use and mid-conversation system messages.
 */

/** How thinking is asked for. */
export type ThinkingForm = "none" | "budget" | "adaptive"

export interface Model {
  /** Tokens that it can write for certain, where nobody says how many it can. */
  readonly writes: number
  /** `budget`: `{type: "enabled", budget_tokens}`; `adaptive`: `{type: "adaptive"}` with `output_config.effort`. */
  readonly thinking: ThinkingForm
  /** How a model that thinks unasked is told not to; null when it thinks only on request. */
  readonly thinkingOff: "disabled" | "between_tools" | "impossible" | null
  /** Whether effort `xhigh` exists; before, `max` is the step above `high`. */
  readonly xhigh: boolean
  /** Whether `temperature`, `top_p` and `top_k` are accepted. */
  readonly sampling: boolean
  /** Whether `temperature` and `top_p` may come together. */
  readonly bothSamplers: boolean
  /** Whether `output_config.format` and `strict` tools exist. */
  readonly structuredOutput: boolean
  /** Whether `tool_choice` may force a call. */
  readonly forcedTools: boolean
  /** Whether `messages` may hold system messages. */
  readonly systemMessages: boolean
}

interface Version {
  readonly family: string
  /** Major and minor as one number: 4.5 is 405. */
  readonly number: number
}

const newest = 9900

/** `claude-sonnet-4-5-20250929`, `claude-3-7-sonnet-latest`, `claude-opus-4.8`: a date is not a version. */
const pattern = /claude-(?:v?(\d+)(?:[.-](\d{1,2}))?-)?([a-z]+)(?:-(\d{1,2})(?:[.-](\d{1,2})(?!\d))?(?!\d))?/

/** Whether a model is Anthropic's own. */
export const isClaude = (name: string): boolean => name.toLowerCase().includes("claude")

const parse = (name: string): Version | null => {
  const lower = name.toLowerCase()
  if (!isClaude(lower)) return null
  if (/claude-v?[12](?!\d)/.test(lower)) return { family: "", number: 200 }
  const match = pattern.exec(lower)
  const major = match?.[1] ?? match?.[4]
  const minor = match?.[1] === undefined ? match?.[5] : match[2]
  return {
    family: match?.[3] ?? "",
    number: major === undefined ? newest : Number(major) * 100 + Number(minor ?? 0)
  }
}

/**
 * What a vendor that copied this API is taken to accept: what every generation had in common. Its JSON schemas go
 * through a forced tool, its thinking through a budget.
 */
const compatible: Model = {
  writes: 4096,
  thinking: "budget",
  thinkingOff: null,
  xhigh: false,
  sampling: true,
  bothSamplers: true,
  structuredOutput: false,
  forcedTools: true,
  systemMessages: false
}

const thinkingOff = ({ family, number }: Version): Model["thinkingOff"] => {
  if (family === "fable" || family === "mythos") return "impossible"
  if (number < 500) return null
  if (number < 505 || family === "haiku") return "disabled"
  return family === "sonnet" ? "between_tools" : "impossible"
}

export const model = (name: string): Model => {
  const version = parse(name)
  if (version === null) return compatible
  const { family, number } = version
  return {
    writes: number < 307 ? 4096 : 32_000,
    thinking: number < 307 ? "none" : number < 406 ? "budget" : "adaptive",
    thinkingOff: thinkingOff(version),
    xhigh: number >= 407,
    sampling: number < 407,
    bothSamplers: number < 401,
    structuredOutput: number >= 405,
    forcedTools: number < (family === "fable" || family === "mythos" ? 501 : 505) || family === "haiku",
    systemMessages: number >= 408 && !(family === "sonnet" && number < 505)
  }
}
