/** Why an answer ended. */
import type { StopReason } from "@anthropic-ai/sdk/resources/messages"
import type { FinishReason } from "@penstock/schema/Completion"
import { type JsonObject, objectIn, stringIn } from "../../wire/Json.ts"

const reasons: { readonly [R in StopReason]: FinishReason } = {
  end_turn: "stop",
  stop_sequence: "stop",
  // A long turn with server tools was paused; the caller continues by sending the answer back.
  pause_turn: "stop",
  max_tokens: "length",
  model_context_window_exceeded: "length",
  tool_use: "tool_calls",
  refusal: "content_filter"
}

const isKnown = (word: string): word is StopReason => Object.hasOwn(reasons, word)

/**
 * A word of a later API counts as `stop`: the answer is whole. `hasToolCalls` says whether the answer holds a call that
 * the caller can see; without one, `tool_use` was the shim's.
 */
export const read = (word: string, hasToolCalls: boolean): FinishReason => {
  const reason = isKnown(word) ? reasons[word] : "stop"
  return reason === "tool_calls" && !hasToolCalls ? "stop" : reason
}

/** Why the provider refused, in its own words, from a whole answer or a `message_delta`; empty when it does not say. */
export const explanation = (ending: JsonObject): string =>
  ending["stop_reason"] === "refusal" ? stringIn(objectIn(ending["stop_details"])["explanation"]) : ""
