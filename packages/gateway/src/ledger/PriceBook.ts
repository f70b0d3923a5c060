/**
 * What a model costs. A price comes from `pricing.overrides`, else from the provider's `pricing`, else from the price
 * list of `@pydantic/genai-prices`, else it is unknown, which is `null` and never 0.
 */
import type { Price } from "@penstock/schema/Price"
import type { NanoDollars } from "@penstock/schema/Money"
import type { Usage } from "@penstock/schema/Usage"
import * as Context from "effect/Context"

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
  readonly facts: (of: Priced) => ModelFacts
  /** The newest models of a family at a provider (`claude`, `sonnet`), newest first: behind the built-in aliases. */
  readonly newest: (provider: string, family: string) => ReadonlyArray<string>
}

export class PriceBook extends Context.Tag("@penstock/gateway/ledger/PriceBook")<PriceBook, Service>() {}
