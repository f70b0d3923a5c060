/**
 * Counts as Anthropic sends them, in disjoint buckets: its `input_tokens` leaves out what was read from or written to
 * the cache, its `output_tokens` contains the thinking.
 */
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
