/**
 * The models that the checker knows of: what the configuration leads to, what providers list, and what the price list
 * says of both. A name that goes to Ollama may be one that it has not loaded yet, so that hardly any name is wrong for
 * certain: one is unknown when the provider says so, or when it is a slip of the pen away from one that exists.
 */
import type { Service as Prices } from "@penstock/gateway/ledger/PriceBook"
import { PriceBook, type Priced } from "@penstock/gateway/ledger/PriceBook"
import * as PriceList from "@penstock/gateway/ledger/PriceList"
import * as BuiltIn from "@penstock/gateway/providers/BuiltIn"
import { ProviderRegistry } from "@penstock/gateway/providers/ProviderRegistry"
import * as RoutingTable from "@penstock/gateway/routing/RoutingTable"
import { Settings } from "@penstock/gateway/Settings"
import type { PenstockConfig, ProviderConfig } from "@penstock/schema/config/PenstockConfig"
import { PicoDollarsPerToken } from "@penstock/schema/Money"
import type { ModelCatalogue, ModelFacts } from "@penstock/workflow/checker/Catalogues"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { editDistance } from "@penstock/schema/Suggestion"
import * as ProviderCheck from "../control/ProviderCheck.ts"

/** The models that each provider lists; one that was not asked or did not answer is absent. */
export type Listed = ReadonlyMap<string, ReadonlyArray<string>>

export interface Sources {
  readonly config: PenstockConfig
  readonly prices: Prices
  /** Of the vendors that the providers belong to: models that exist whether or not anybody listed them. */
  readonly priced: ReadonlyArray<string>
  readonly listed: Listed
  /** Milliseconds since the epoch: prices have dates. */
  readonly at: number
}

const providersOf = (config: PenstockConfig): { readonly [name: string]: ProviderConfig } => ({
  ...BuiltIn.providers,
  ...config.providers
})

/** Others may serve more than they list: a gateway behind a gateway does. */
const listsAll = (provider: ProviderConfig | undefined): boolean =>
  provider?.protocol === "ollama" || provider?.protocol === "demo"

const isListed = (model: string, provider: string, models: ReadonlyArray<string>): boolean =>
  [model, `${model}:latest`, `${provider}/${model}`].some((name) => models.includes(name))

const numbersIn = (name: string): string => name.replaceAll(/\D+/g, " ").trim()

/** Two names with other numbers are two versions, and not one name written wrong. */
const isSlip = (name: string, candidate: string): boolean => {
  const limit = Math.min(2, Math.floor(name.length / 4))
  return (
    Math.abs(name.length - candidate.length) <= limit &&
    numbersIn(name) === numbersIn(candidate) &&
    editDistance(name, candidate) <= limit
  )
}

const larger = (one: number | null, other: number | null): number | null =>
  one === null || other === null ? null : Math.max(one, other)

const dearer = (one: ModelFacts["price"], other: ModelFacts["price"]): ModelFacts["price"] =>
  one === null || other === null
    ? null
    : {
        input: PicoDollarsPerToken.make(Math.max(one.input, other.input)),
        output: PicoDollarsPerToken.make(Math.max(one.output, other.output))
      }

/** Of targets that may stand in for each other: what fits into one of them fits, and the dearest is the worst case. */
const either = (one: ModelFacts, other: ModelFacts): ModelFacts => ({
  contextTokens: larger(one.contextTokens, other.contextTokens),
  maxOutputTokens: larger(one.maxOutputTokens, other.maxOutputTokens),
  price: dearer(one.price, other.price)
})

/** Pure: everything that has to be asked for was. */
export const of = ({ at, config, listed, priced, prices }: Sources): ModelCatalogue => {
  const providers = providersOf(config)
  const table = RoutingTable.make(config, {
    providers: new Set(Object.keys(providers)),
    aliases: BuiltIn.aliases
  })
  /** The shortest name that reaches a model. */
  const nameOf = (provider: string, model: string): string => {
    const [first] = table.match(model).targets
    return first !== undefined && "provider" in first && first.provider === provider ? model : `${provider}/${model}`
  }
  const names = [
    ...new Set([
      ...table.names,
      ...Object.keys(BuiltIn.aliases),
      ...Array.from(listed, ([provider, models]) => models.map((model) => nameOf(provider, model))).flat(),
      ...priced
    ])
  ]

  const targetOf = (target: RoutingTable.Target | RoutingTable.Unresolved): Priced => {
    if ("provider" in target) return target
    const { family, provider } = target.alias
    const found = family === null ? listed.get(provider)?.[0] : prices.newest(provider, family)[0]
    return { provider, model: found ?? target.name }
  }
  const factsOf = (target: Priced): ModelFacts => {
    const { contextWindow, maxOutputTokens } = prices.facts(target)
    // Prices grow with the prompt: the worst case is that of the longest.
    const price = prices.price(target, at, contextWindow ?? 0)
    return {
      contextTokens: contextWindow,
      maxOutputTokens,
      price:
        price === null
          ? null
          : { input: price.input, output: PicoDollarsPerToken.make(Math.max(price.output, price.reasoning)) }
    }
  }
  const exists = (name: string, matchedBy: string, { model, provider }: Priced): boolean => {
    if (!Object.hasOwn(providers, provider)) return false
    const models = listed.get(provider)
    if (models !== undefined && listsAll(providers[provider])) return isListed(model, provider, models)
    // What the configuration names is for its own checks to doubt.
    if (matchedBy !== "route" && matchedBy !== "provider") return true
    const given = [name, model]
    return (
      names.some((known) => given.includes(known)) || !names.some((known) => given.some((one) => isSlip(one, known)))
    )
  }

  return {
    names,
    find: (name) => {
      const { matchedBy, targets } = table.match(name)
      const resolved = targets.map(targetOf)
      const facts = resolved.filter((target) => exists(name, matchedBy, target)).map(factsOf)
      return facts.length === 0 ? null : facts.reduce(either)
    }
  }
}

/** Asks the providers for their models, each for two seconds at most; only those in this process when `offline`. */
export const make = Effect.fn("ModelCatalogue.make")(function* (options: { readonly offline: boolean }) {
  const config = (yield* Settings).current()
  const prices = yield* PriceBook
  const registry = yield* ProviderRegistry
  const list = yield* PriceList.load
  const providers = providersOf(config)
  const asked = registry.all().filter(({ name }) => !options.offline || providers[name]?.protocol === "demo")
  const checks = yield* Effect.forEach(asked, (provider) => ProviderCheck.check(registry, provider), {
    concurrency: "unbounded"
  })
  const vendors = Object.entries(providers).flatMap(([name, { base_url }]) => list.vendor(name, base_url) ?? [])
  return of({
    config,
    prices,
    priced: [...new Set(vendors)].flatMap((vendor) => [...list.models(vendor)]),
    listed: new Map(checks.flatMap(({ models, provider }) => (models === null ? [] : [[provider.name, models]]))),
    at: yield* Clock.currentTimeMillis
  })
})
