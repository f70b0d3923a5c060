/**
 * The price list of `@pydantic/genai-prices`, in Penstock's terms: rates per bucket in integer pico-dollars, dated
 * rows, daily windows and tiers by prompt length. The library finds the vendor and the model; the arithmetic is ours,
 * because the library's is in floats.
 */
import { priceFromUsdPerMillion } from "@penstock/schema/Money"
import { Price } from "@penstock/schema/Price"
import type { ConditionalPrice, ModelInfo, ModelPrice } from "@pydantic/genai-prices"
import * as Effect from "effect/Effect"

export interface ListedModel {
  readonly contextWindow: number | null
  /** Null when the list has no rates per token for it, or charges something that is not a token. */
  readonly price: (at: number, promptTokens: number) => Price | null
}

export interface PriceList {
  /** The vendor at this address, else the vendor of this very name, else null: never one that is merely similar. */
  readonly vendor: (name: string, baseUrl: string | undefined) => string | null
  /** The vendor whose model names look like this one. */
  readonly vendorOfModel: (model: string) => string | null
  readonly model: (vendor: string, model: string) => ListedModel | null
  /** Names of models that are not retired. */
  readonly models: (vendor: string) => ReadonlyArray<string>
}

/** Rates that hold for prompts longer than `over` tokens. */
interface Tier {
  readonly over: number
  readonly price: Price
}

interface Row {
  readonly appliesAt: (at: number) => boolean
  /** Shortest prompts first; empty when there is no price. */
  readonly tiers: ReadonlyArray<Tier>
}

const usdPerMillion = (prices: ModelPrice, key: string, promptTokens: number): number | undefined => {
  const rate = prices[key]
  if (rate === undefined || typeof rate === "number") return rate
  const tier = rate.tiers.filter(({ start }) => promptTokens > start).sort((one, other) => other.start - one.start)[0]
  return tier?.price ?? rate.base
}

/**
 * A bucket that the list has no rate for is charged as the bucket that its tokens would otherwise be in. Anthropic's
 * one-hour cache writes cost twice the input rate (https://platform.claude.com/docs/en/build-with-claude/prompt-caching#pricing).
 */
const priceOver = (vendor: string, prices: ModelPrice, promptTokens: number): Price | null => {
  const rate = (key: string) => usdPerMillion(prices, key, promptTokens)
  const input = rate("input_mtok")
  if (input === undefined) return null
  // Models without a rate for output are those that write nothing: embeddings and rerankers.
  const output = rate("output_mtok") ?? 0
  const cacheWrite5m = rate("cache_write_mtok") ?? input
  return new Price({
    input: priceFromUsdPerMillion(input),
    cacheRead: priceFromUsdPerMillion(rate("cache_read_mtok") ?? input),
    cacheWrite5m: priceFromUsdPerMillion(cacheWrite5m),
    cacheWrite1h: priceFromUsdPerMillion(
      rate("cache_write_1h_mtok") ?? (vendor === "anthropic" ? 2 * input : cacheWrite5m)
    ),
    inputAudio: priceFromUsdPerMillion(rate("input_audio_mtok") ?? input),
    output: priceFromUsdPerMillion(output),
    reasoning: priceFromUsdPerMillion(rate("output_reasoning_mtok") ?? output),
    outputAudio: priceFromUsdPerMillion(rate("output_audio_mtok") ?? output)
  })
}

const tiersOf = (vendor: string, prices: ModelPrice): ReadonlyArray<Tier> => {
  // A fee per request is not in any bucket: a sum without it would be wrong, so there is no price.
  if (prices["requests_kcount"] !== undefined) return []
  const starts = Object.values(prices).flatMap((rate) =>
    typeof rate === "object" ? rate.tiers.map(({ start }) => start) : []
  )
  return [...new Set([-1, ...starts])]
    .sort((one, other) => one - other)
    .flatMap((over) => {
      const price = priceOver(vendor, prices, over + 1)
      return price === null ? [] : [{ over, price }]
    })
}

const millisPerDay = 86_400_000

/** Milliseconds after midnight UTC of `00:30:00Z` or `08:00:00+02:00`. */
const timeOfDay = (text: string): number => Date.parse(`1970-01-02T${text}`) % millisPerDay

const appliesAt = (constraint: ConditionalPrice["constraint"]): Row["appliesAt"] => {
  if (constraint === undefined) return () => true
  if (constraint.type === "start_date") {
    const start = Date.parse(`${constraint.start_date}T00:00:00Z`)
    return (at) => at >= start
  }
  const start = timeOfDay(constraint.start_time)
  const end = timeOfDay(constraint.end_time)
  return (at) => {
    const time = at % millisPerDay
    return end < start ? time >= start || time < end : time >= start && time < end
  }
}

const listedModel = (vendor: string, model: ModelInfo): ListedModel => {
  const conditional = Array.isArray(model.prices) ? model.prices : [{ prices: model.prices }]
  const rows = conditional.map((row): Row => {
    return { appliesAt: appliesAt(row.constraint), tiers: tiersOf(vendor, row.prices) }
  })
  return {
    contextWindow: model.context_window ?? null,
    price: (at, promptTokens) => {
      // The list's own rule: the last row that applies, else the first.
      const row = rows.findLast((row) => row.appliesAt(at)) ?? rows[0]
      return row?.tiers.findLast((tier) => promptTokens > tier.over)?.price ?? null
    }
  }
}

/** Imported when it is needed: reading the list takes tens of milliseconds. */
export const load: Effect.Effect<PriceList> = Effect.map(
  Effect.promise(() => import("@pydantic/genai-prices")),
  ({ calcPrice, findProvider }): PriceList => ({
    vendor: (name, baseUrl) => {
      const there = baseUrl === undefined ? undefined : findProvider({ providerApiUrl: baseUrl })
      if (there !== undefined) return there.id
      // The library also accepts names that contain a vendor's: those are guesses.
      const named = findProvider({ providerId: name })
      return named?.id === name ? named.id : null
    },
    vendorOfModel: (model) => findProvider({ modelId: model.toLowerCase() })?.id ?? null,
    model: (vendor, model) => {
      const found = calcPrice({}, model, { providerId: vendor })
      return found === null ? null : listedModel(vendor, found.model)
    },
    models: (vendor) =>
      (findProvider({ providerId: vendor })?.models ?? [])
        .filter((model) => model.deprecated !== true)
        .map(({ id }) => id)
  })
)
