/**
 * What a model costs. A price comes from `pricing.overrides`, else from the provider's `pricing`, else from the price
 * list of `@pydantic/genai-prices`, else it is unknown, which is `null` and never 0.
 */
import type { ConfiguredPrice, PenstockConfig, ProviderConfig } from "@penstock/schema/config/PenstockConfig"
import { type NanoDollars, priceFromUsdPerMillion } from "@penstock/schema/Money"
import { costOf, dearest, Price } from "@penstock/schema/Price"
import { buckets, type Usage } from "@penstock/schema/Usage"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Settings } from "../Settings.ts"
import * as ModelFamily from "./ModelFamily.ts"
import * as PriceList from "./PriceList.ts"

/** A model at a provider. */
export interface Priced {
  readonly provider: string
  readonly model: string
}

export interface ModelFacts {
  /** Tokens that fit into the model, prompt and answer; null when unknown. */
  readonly contextWindow: number | null
  /** The most tokens that the model writes; null when unknown. */
  readonly maxOutputTokens: number | null
}

export interface Service {
  /**
   * The rates that apply at `at` (milliseconds since the epoch) to a call with this many prompt tokens: lists have
   * dated rows, daily windows and tiers by prompt length. Synchronous and cached: it runs at every settlement.
   */
  readonly price: (of: Priced, at: number, promptTokens: number) => Price | null
  /** What a call cost. Null when the price is unknown. */
  readonly cost: (of: Priced, at: number, usage: Usage) => NanoDollars | null
  /**
   * The priced model that a name means: `provider/model`, or a model alone if the price list knows whose it is. Null
   * when its price is unknown.
   */
  readonly find: (name: string) => Priced | null
  readonly facts: (of: Priced) => ModelFacts
  /** The newest models of a family at a provider (`claude`, `sonnet`), newest first: behind the built-in aliases. */
  readonly newest: (provider: string, family: string) => ReadonlyArray<string>
}

export class PriceBook extends Context.Tag("@penstock/gateway/ledger/PriceBook")<PriceBook, Service>() {}

/** Rates that were left out are those of the bucket that the tokens would otherwise be in. */
const fromConfig = (price: ConfiguredPrice): Price => {
  const cacheWrite = price.cache_write ?? price.input
  return new Price({
    input: priceFromUsdPerMillion(price.input),
    cacheRead: priceFromUsdPerMillion(price.cache_read ?? price.input),
    cacheWrite5m: priceFromUsdPerMillion(cacheWrite),
    cacheWrite1h: priceFromUsdPerMillion(cacheWrite),
    inputAudio: priceFromUsdPerMillion(price.input_audio ?? price.input),
    output: priceFromUsdPerMillion(price.output),
    reasoning: priceFromUsdPerMillion(price.reasoning ?? price.output),
    outputAudio: priceFromUsdPerMillion(price.output_audio ?? price.output)
  })
}

/**
 * The built-in local providers cost 0, as configuration that a file may override. It holds for the built-in names only:
 * what another Ollama costs is for its owner to say.
 */
const isBuiltInLocal = (name: string, config: ProviderConfig | undefined): boolean =>
  (name === "ollama" || name === "demo") && (config === undefined || config.protocol === name)

const free: ConfiguredPrice = { input: 0, output: 0 }

/** The word that the names of Anthropic's models share. */
const brands: ReadonlySet<string> = new Set(["claude"])

/** What is known of a model under one configuration. */
interface Entry {
  readonly price: (at: number, promptTokens: number) => Price | null
  readonly facts: ModelFacts
}

/** Model names come from callers, so what is kept of them has a bound. */
const entriesKept = 4096

/** What one configuration says, found once for each provider and model. */
const tablesOf = (config: PenstockConfig, list: PriceList.PriceList) => {
  /** By provider and model: a name of both would have to be made for each call. */
  const entries = new Map<string, Map<string, Entry>>()
  let kept = 0
  const find = ({ model, provider }: Priced): Entry => {
    const settings = config.providers[provider]
    const vendor = isBuiltInLocal(provider, settings) ? null : list.vendor(provider, settings?.base_url)
    const listed = vendor === null ? null : list.model(vendor, model)
    const facts: ModelFacts = { contextWindow: listed?.contextWindow ?? null, maxOutputTokens: null }
    const configured =
      config.pricing.overrides[`${provider}/${model}`] ??
      settings?.pricing ??
      (isBuiltInLocal(provider, settings) ? free : undefined)
    if (configured !== undefined) {
      const price = fromConfig(configured)
      return { price: () => price, facts }
    }
    return { price: listed === null ? () => null : listed.price, facts }
  }
  const entry = (of: Priced): Entry => {
    const known = entries.get(of.provider)?.get(of.model)
    if (known !== undefined) return known
    const found = find(of)
    if (kept >= entriesKept) {
      entries.clear()
      kept = 0
    }
    const models = entries.get(of.provider) ?? new Map<string, Entry>()
    entries.set(of.provider, models.set(of.model, found))
    kept += 1
    return found
  }

  const families = new Map<string, ReadonlyArray<string>>()
  const newest: Service["newest"] = (provider, family) => {
    const name = `${provider}/${family}`
    const known = families.get(name)
    if (known !== undefined) return known
    const vendor = list.vendor(provider, config.providers[provider]?.base_url)
    const found = vendor === null ? [] : ModelFamily.newestFirst(brands, family, list.models(vendor))
    if (families.size >= entriesKept) families.clear()
    families.set(name, found)
    return found
  }
  return { entry, newest }
}

/** A count that no call can have would not fit into an amount: its cost is unknown. */
const isPayable = (usage: Usage, price: Price): boolean =>
  usage.totalTokens * dearest(price, buckets) < Number.MAX_SAFE_INTEGER * 1000

export const make: Effect.Effect<Service, never, Settings> = Effect.gen(function* () {
  const settings = yield* Settings
  const list = yield* PriceList.load
  const tables = settings.derive((config) => tablesOf(config, list))
  const price: Service["price"] = (of, at, promptTokens) => tables().entry(of).price(at, promptTokens)

  return {
    price,
    cost: (of, at, usage) => {
      const rates = price(of, at, usage.promptTokens)
      return rates !== null && isPayable(usage, rates) ? costOf(usage, rates) : null
    },
    find: (name) => {
      const isPriced = (of: Priced) => price(of, 0, 0) !== null
      const slash = name.indexOf("/")
      const addressed = { provider: name.slice(0, Math.max(slash, 0)), model: name.slice(slash + 1) }
      if (slash > 0 && isPriced(addressed)) return addressed
      const vendor = list.vendorOfModel(name)
      const alone = { provider: vendor ?? "", model: name }
      return vendor !== null && isPriced(alone) ? alone : null
    },
    facts: (of) => tables().entry(of).facts,
    newest: (provider, family) => tables().newest(provider, family)
  }
})

export const layer: Layer.Layer<PriceBook, never, Settings> = Layer.effect(PriceBook, make)
