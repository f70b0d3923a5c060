/**
 * OpenAI counts cached and audio tokens inside `prompt_tokens`, reasoning and audio inside `completion_tokens`. Buckets
 * are disjoint, so the details are taken out when reading and put back when writing.
 */
import * as Usage from "@penstock/schema/Usage"
import { isObject, numberIn, objectIn, type JsonObject } from "../../wire/Json.ts"

const count = (value: unknown): number => {
  const number = numberIn(value)
  return number !== undefined && Number.isSafeInteger(number) && number > 0 ? number : 0
}

/**
 * xAI counts reasoning beside `completion_tokens` and not within; its own total gives it away. Everywhere else
 * `completion_tokens` is the whole.
 */
const completionTokens = (usage: JsonObject, prompt: number, reasoning: number): number => {
  const completion = count(usage["completion_tokens"])
  return reasoning > 0 && count(usage["total_tokens"]) === prompt + completion + reasoning
    ? completion + reasoning
    : completion
}

/** The buckets of a `usage` object; null when it holds no counts. Details never take more than the whole has. */
export const read = (usage: unknown): Usage.Usage | null => {
  if (!isObject(usage)) return null
  if (numberIn(usage["prompt_tokens"]) === undefined && numberIn(usage["completion_tokens"]) === undefined) return null
  const promptDetails = objectIn(usage["prompt_tokens_details"])
  const completionDetails = objectIn(usage["completion_tokens_details"])

  let input = count(usage["prompt_tokens"])
  const prompt = input
  const takeInput = (value: unknown): number => {
    const taken = Math.min(count(value), input)
    input -= taken
    return taken
  }
  const cached = promptDetails["cached_tokens"] ?? usage["prompt_cache_hit_tokens"] ?? usage["cached_tokens"]
  const cacheRead = takeInput(cached)
  const cacheWrite5m = takeInput(promptDetails["cache_write_tokens"])
  const inputAudio = takeInput(promptDetails["audio_tokens"])

  let output = completionTokens(usage, prompt, count(completionDetails["reasoning_tokens"]))
  const takeOutput = (value: unknown): number => {
    const taken = Math.min(count(value), output)
    output -= taken
    return taken
  }
  const reasoning = takeOutput(completionDetails["reasoning_tokens"])
  const outputAudio = takeOutput(completionDetails["audio_tokens"])
  return Usage.make({ input, cacheRead, cacheWrite5m, inputAudio, output, reasoning, outputAudio })
}

/** OpenAI has one count of cache writes: both lifetimes are in it. */
export const write = (usage: Usage.Usage) => ({
  prompt_tokens: usage.promptTokens,
  completion_tokens: usage.completionTokens,
  total_tokens: usage.totalTokens,
  prompt_tokens_details: {
    cached_tokens: usage.cacheRead,
    audio_tokens: usage.inputAudio,
    cache_write_tokens: usage.cacheWrite5m + usage.cacheWrite1h
  },
  completion_tokens_details: {
    reasoning_tokens: usage.reasoning,
    audio_tokens: usage.outputAudio,
    accepted_prediction_tokens: 0,
    rejected_prediction_tokens: 0
  }
})
