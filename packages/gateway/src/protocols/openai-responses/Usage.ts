/** The counts of chat completions under other names. */
import type * as Usage from "@penstock/schema/Usage"
import { isObject } from "../../wire/Json.ts"
import * as Chat from "../openai-chat/Usage.ts"

export const read = (usage: unknown): Usage.Usage | null =>
  isObject(usage)
    ? Chat.read({
        prompt_tokens: usage["input_tokens"],
        prompt_tokens_details: usage["input_tokens_details"],
        completion_tokens: usage["output_tokens"],
        completion_tokens_details: usage["output_tokens_details"],
        total_tokens: usage["total_tokens"]
      })
    : null

/** There is no word for audio: it is input and output like any other. */
export const write = (usage: Usage.Usage) => ({
  input_tokens: usage.promptTokens,
  input_tokens_details: {
    cached_tokens: usage.cacheRead,
    cache_write_tokens: usage.cacheWrite5m + usage.cacheWrite1h
  },
  output_tokens: usage.completionTokens,
  output_tokens_details: { reasoning_tokens: usage.reasoning },
  total_tokens: usage.totalTokens
})
