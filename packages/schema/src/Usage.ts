/**
 * Token counts in disjoint buckets: each token is in exactly one, so that cost is Σ bucket × price and nothing is
 * billed twice. Providers disagree on whether "input" contains cached tokens and whether "output" contains reasoning;
 * each protocol translates into these buckets on its own side.
 */
import * as Schema from "effect/Schema"

const Count = Schema.NonNegativeInt

export const buckets = [
  "input",
  "cacheRead",
  "cacheWrite5m",
  "cacheWrite1h",
  "inputAudio",
  "output",
  "reasoning",
  "outputAudio"
] as const
export type Bucket = (typeof buckets)[number]

export class Usage extends Schema.Class<Usage>("Usage")({
  /** Prompt tokens processed afresh, text and images. */
  input: Count,
  /** Prompt tokens served from the provider's prompt cache. */
  cacheRead: Count,
  /** Prompt tokens written to the prompt cache for five minutes. */
  cacheWrite5m: Count,
  /** Prompt tokens written to the prompt cache for an hour. */
  cacheWrite1h: Count,
  /** Audio prompt tokens. */
  inputAudio: Count,
  /** Visible completion tokens. */
  output: Count,
  /** Completion tokens spent on reasoning, where the provider tells them apart; 0 where it does not. */
  reasoning: Count,
  /** Audio completion tokens. */
  outputAudio: Count
}) {
  /** What OpenAI calls `prompt_tokens`. */
  get promptTokens(): number {
    return this.input + this.cacheRead + this.cacheWrite5m + this.cacheWrite1h + this.inputAudio
  }
  /** What OpenAI calls `completion_tokens`. */
  get completionTokens(): number {
    return this.output + this.reasoning + this.outputAudio
  }
  get totalTokens(): number {
    return this.promptTokens + this.completionTokens
  }
}

const zero: { readonly [B in Bucket]: number } = {
  input: 0,
  cacheRead: 0,
  cacheWrite5m: 0,
  cacheWrite1h: 0,
  inputAudio: 0,
  output: 0,
  reasoning: 0,
  outputAudio: 0
}

/** What a provider sent for a count: anything but a non-negative integer counts as 0. */
const sane = (count: number | null | undefined): number =>
  typeof count === "number" && Number.isSafeInteger(count) && count > 0 ? count : 0

/**
 * Builds a `Usage` from the counts that are known. Every answer has one: the class's own constructor, which knows
 * defaults and validation, costs ten times as much.
 */
export const make = (counts: { readonly [B in Bucket]?: number | null | undefined }): Usage => {
  const known = { ...zero }
  for (const bucket of buckets) known[bucket] = sane(counts[bucket])
  return Object.assign(Object.create(Usage.prototype), known)
}

export const empty: Usage = make({})

/** Of several answers together. */
export const sum = (one: Usage, other: Usage): Usage =>
  make(Object.fromEntries(buckets.map((bucket) => [bucket, one[bucket] + other[bucket]])))
