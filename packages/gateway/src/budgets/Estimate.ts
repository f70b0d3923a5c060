/**
 * Tokens before anybody has counted them: the most that a call can use, which is what a budget has to hold back, and a
 * likely number, for answers that ended before the provider sent its counts.
 *
 * There is no tokenizer here: each vendor has its own, most are not public, and the bound must hold for all of them.
 */
import { type NanoDollars, nanoDollars } from "@penstock/schema/Money"
import { dearest, type Price } from "@penstock/schema/Price"
import * as Usage from "@penstock/schema/Usage"
import type { Transcript } from "../exchange/Transcript.ts"
import type { ModelFacts } from "../ledger/PriceBook.ts"
import type { Demand } from "./Demand.ts"

export interface Tokens {
  /** To read, of whatever kind. */
  readonly input: number
  /** To write, reasoning included, all answers together. */
  readonly output: number
}

/** What is taken for the longest answer where nobody limits it and the model is in no list. */
export const defaultOutput = 4096
/** The same for a model whose window is known: most that are sold write as much, unasked for reasoning included. */
const listedOutput = 16_384

/** What a provider says to the model about using tools: up to 675 tokens with Claude, less with others. */
const toolInstructions = 1000

/** Tokens beyond the caller's: how a conversation begins and how an answer does. */
const framing = 16

const longest = ({ maxTokens }: Demand, { contextWindow, maxOutputTokens }: ModelFacts): number => {
  if (maxTokens !== null) return Math.min(maxTokens, maxOutputTokens ?? maxTokens)
  return maxOutputTokens ?? (contextWindow === null ? defaultOutput : Math.min(contextWindow, listedOutput))
}

/**
 * The most that a call can use. A token stands for at least a byte of text with every tokenizer, JSON is never shorter
 * than the text that it holds, and the marks between messages are shorter than the JSON around them.
 *
 * Not in it: what a provider's own tools (web search, code) feed to the model. The context window does not lower it:
 * lists of models lag behind what models take, and a bound that is too low is none.
 */
export const worstCase = (demand: Demand, facts: ModelFacts): Tokens => ({
  input: demand.bytes + demand.media.most + framing + (demand.tools ? toolInstructions : 0),
  output: longest(demand, facts) * demand.answers
})

const written = ["output", "reasoning"] as const
const spoken = [...written, "outputAudio"] as const
const read = ["input", "cacheRead", "cacheWrite5m", "cacheWrite1h"] as const
const heard = [...read, "inputAudio"] as const

/**
 * What the worst case costs at most: each token at the dearest rate that can apply to it, rounded up. Rates for audio
 * count when there is audio. Where rates depend on the prompt's length, `price` is to be that for `tokens.input`.
 */
export const worstCaseCost = (demand: Demand, tokens: Tokens, price: Price): NanoDollars => {
  const inputRate = dearest(price, demand.media.audio ? heard : read)
  const outputRate = dearest(price, demand.speech ? spoken : written)
  const pico = tokens.input * inputRate + tokens.output * outputRate
  if (Number.isSafeInteger(pico)) {
    const rest = pico % 1000
    return nanoDollars((pico - rest) / 1000 + (rest === 0 ? 0 : 1))
  }
  const exact = BigInt(tokens.input) * BigInt(inputRate) + BigInt(tokens.output) * BigInt(outputRate)
  const nano = (exact + 999n) / 1000n
  // More than there is money for: no budget has room for it.
  return nanoDollars(Number(nano > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : nano))
}

/**
 * How many tokens a text of so many bytes (UTF-8) likely has: one for four bytes, in every script. Measured with
 * OpenAI's two public tokenizers: English 4.8 to 4.9 bytes a token, German 3.6 to 4.7, Russian 3.9 to 6.5, Chinese 2.4
 * to 3.4, Japanese 2.5 to 3.2, Hindi 2.5 to 4.6, code 3.6, JSON 2.5.
 */
export const likely = (bytes: number): number => Math.ceil(bytes / 4)

/** What a request is likely to use: what it says, and as much as it lets the model say. */
export const likelyTokens = ({ answers, bytes, maxTokens, media }: Demand): number =>
  likely(bytes) + media.likely + (maxTokens ?? 0) * answers

const likelyOf = (text: string): number => likely(Buffer.byteLength(text))

/**
 * The likely usage of an answer that ended early. `known` is what the provider sent before that: its counts of the
 * prompt are right, those of the answer are as old as their event. Never more than the caller's limit.
 */
export const usageOf = (demand: Demand, transcript: Transcript, known: Usage.Usage | null): Usage.Usage => {
  const limit = demand.maxTokens === null ? Number.MAX_SAFE_INTEGER : demand.maxTokens * demand.answers
  const reasoning = Math.min(limit, Math.max(known?.reasoning ?? 0, likelyOf(transcript.text("reasoning"))))
  const said =
    likelyOf(transcript.text("text")) +
    likelyOf(transcript.text("refusal")) +
    likelyOf(
      transcript
        .calls()
        .map((call) => call.name)
        .join("")
    ) +
    likelyOf(transcript.text("tool-call"))
  const output = Math.min(limit - reasoning, Math.max(known?.output ?? 0, said))
  return known === null || known.promptTokens === 0
    ? Usage.make({ input: likely(demand.bytes) + demand.media.likely, output, reasoning })
    : Usage.make({ ...known, output, reasoning })
}
