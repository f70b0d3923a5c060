/**
 * The tokens of operations. Their `usage` has the words of OpenAI's newer endpoints (`input_tokens`), or those of chat
 * completions (`prompt_tokens`), or it counts something else (seconds of sound), which is no count of tokens: null.
 */
import * as Usage from "@penstock/schema/Usage"
import type { Demand } from "../budgets/Demand.ts"
import * as ChatUsage from "../protocols/openai-chat/Usage.ts"
import { isObject, numberIn, objectIn, type JsonObject } from "../wire/Json.ts"

/** What is read and written; of what is heard or said as sound, details tell, or else the operation itself. */
export const read =
  (spoken: { readonly output?: boolean } = {}) =>
  (answer: JsonObject): Usage.Usage | null => {
    const usage = answer["usage"]
    if (!isObject(usage)) return null
    const input = numberIn(usage["input_tokens"])
    const output = numberIn(usage["output_tokens"]) ?? 0
    if (input === undefined) return ChatUsage.read(usage)
    // One of the two names for each endpoint.
    const details = objectIn(usage["input_token_details"] ?? usage["input_tokens_details"])
    const heard = Math.min(input, Math.max(0, numberIn(details["audio_tokens"]) ?? 0))
    return Usage.make({
      input: input - heard,
      inputAudio: heard,
      ...(spoken.output === true ? { outputAudio: output } : { output })
    })
  }

/** What reads `bytes` bytes of text and writes nothing. */
export const reading = (bytes: number): Demand => ({
  bytes,
  media: { most: 0, likely: 0, bytes: 0, audio: false },
  tools: false,
  maxTokens: null,
  answers: 0,
  speech: false
})
