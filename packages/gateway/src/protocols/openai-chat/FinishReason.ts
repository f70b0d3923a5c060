/** Why an answer ended, in the words of everyone who speaks this wire format. */
import type { FinishReason } from "@penstock/schema/Completion"

const reasons: ReadonlyMap<string, FinishReason> = new Map([
  ["stop", "stop"],
  ["eos", "stop"],
  ["eos_token", "stop"],
  ["end_turn", "stop"],
  ["stop_sequence", "stop"],
  ["complete", "stop"],
  ["length", "length"],
  ["max_tokens", "length"],
  ["model_length", "length"],
  ["max_output_tokens", "length"],
  ["tool_calls", "tool_calls"],
  ["tool_call", "tool_calls"],
  ["tool_use", "tool_calls"],
  ["function_call", "tool_calls"],
  ["content_filter", "content_filter"],
  ["content_filtered", "content_filter"],
  ["safety", "content_filter"],
  ["recitation", "content_filter"],
  ["sensitive", "content_filter"],
  ["refusal", "content_filter"]
])

/** Words for an answer that the provider broke off: it is a failure and not an end. */
const failures: ReadonlySet<string> = new Set(["error", "insufficient_system_resource", "aborted"])

export const isFailure = (word: string): boolean => failures.has(word.toLowerCase())

/**
 * An unknown word counts as `stop`. So does, with OpenAI, a tool call that was forced by `tool_choice`; a caller must
 * see that a tool is wanted, whatever the word.
 */
export const read = (word: string, hasToolCalls: boolean): FinishReason => {
  const reason = reasons.get(word.toLowerCase()) ?? "stop"
  return reason === "stop" && hasToolCalls ? "tool_calls" : reason
}
