/**
 * Counts as Anthropic sends them, in disjoint buckets: its `input_tokens` leaves out what was read from or written to
 * the cache, its `output_tokens` contains the thinking.
 */
import type { Usage as Written } from "@anthropic-ai/sdk/resources/messages"
import * as Usage from "@penstock/schema/Usage"
import { isObject, type JsonObject, numberIn, objectIn } from "../../wire/Json.ts"

/**
 * Totals after one more report. A stream reports at its start and again, cumulatively, before its end; a count that is
 * missing or null in a later report keeps its earlier value.
 */
export const merge = (before: JsonObject, report: unknown): JsonObject => {
  if (!isObject(report)) return before
  const present = Object.entries(report).filter(([, value]) => value !== null && value !== undefined)
  return { ...before, ...Object.fromEntries(present) }
}

/** The buckets of a `usage` object; null when it holds no counts. */
export const read = (usage: unknown): Usage.Usage | null => {
  const known = objectIn(usage)
  const input = numberIn(known["input_tokens"])
  const output = numberIn(known["output_tokens"])
  if (input === undefined && output === undefined) return null
  const lifetimes = objectIn(known["cache_creation"])
  const hour = numberIn(lifetimes["ephemeral_1h_input_tokens"]) ?? 0
  const minutes = numberIn(lifetimes["ephemeral_5m_input_tokens"]) ?? 0
  const written = numberIn(known["cache_creation_input_tokens"]) ?? 0
  const total = output ?? 0
  const thinking = Math.min(numberIn(objectIn(known["output_tokens_details"])["thinking_tokens"]) ?? 0, total)
  return Usage.make({
    input,
    cacheRead: numberIn(known["cache_read_input_tokens"]),
    // A later report of a stream may raise the sum and leave the lifetimes out: what they do not explain is the default.
    cacheWrite5m: Math.max(minutes, written - hour),
    cacheWrite1h: hour,
    output: total - thinking,
    reasoning: thinking
  })
}

/**
 * Anthropic's clients add these numbers up without a look, so that counts nobody knows are 0 here; `null` is what they
 * know for the rest. There is no word for audio: it is input and output like any other.
 */
export const write = (usage: Usage.Usage | null): Written => ({
  input_tokens: usage === null ? 0 : usage.input + usage.inputAudio,
  cache_creation_input_tokens: usage === null ? null : usage.cacheWrite5m + usage.cacheWrite1h,
  cache_read_input_tokens: usage === null ? null : usage.cacheRead,
  cache_creation:
    usage === null
      ? null
      : { ephemeral_5m_input_tokens: usage.cacheWrite5m, ephemeral_1h_input_tokens: usage.cacheWrite1h },
  output_tokens: usage === null ? 0 : usage.completionTokens,
  output_tokens_details: usage === null ? null : { thinking_tokens: usage.reasoning },
  server_tool_use: null,
  service_tier: null,
  inference_geo: null,
  speed: null
})
