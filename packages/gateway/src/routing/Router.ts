/** From a model name to the targets that may answer it. Tables in, plan out; it knows no vendor. */
import { Candidate, type MatchedBy } from "@penstock/schema/Explanation"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { PriceBook } from "../ledger/PriceBook.ts"
import { aliases, type Alias } from "../providers/BuiltIn.ts"
import { ProviderRegistry } from "../providers/ProviderRegistry.ts"
import { Settings } from "../Settings.ts"
import * as RoutingTable from "./RoutingTable.ts"

export type Target = RoutingTable.Target

export interface Plan {
  readonly matchedBy: MatchedBy
  readonly matched: string | null
  /** In the order of trying; those that cannot be called are not in it. */
  readonly targets: ReadonlyArray<Target>
  /** Everything that was looked at, kept or dropped, with the reason. */
  readonly candidates: ReadonlyArray<Candidate>
}

export interface Service {
  /** Never fails: an unknown name gives a plan without targets. Asks a provider only for an alias such as `local`. */
  readonly plan: (model: string) => Effect.Effect<Plan>
  /** Names in `models` and the built-in aliases, for the model list. */
  readonly names: () => ReadonlyArray<string>
}

export class Router extends Context.Tag("@penstock/gateway/routing/Router")<Router, Service>() {}

/** Plans are kept per configuration; the names are the callers', so there is a bound. */
const plansKept = 10_000

const make = Effect.gen(function* () {
  const settings = yield* Settings
  const registry = yield* ProviderRegistry
  const prices = yield* PriceBook

  const candidate = (target: Target): Candidate => {
    const provider = registry.get(target.provider)
    const missing = provider?.missing ?? null
    return new Candidate({
      provider: target.provider,
      model: target.model,
      protocol: provider?.protocol.id ?? null,
      kept: provider !== null && missing === null,
      reason:
        provider === null
          ? `there is no provider "${target.provider}"`
          : missing === null
            ? `provider "${target.provider}" is configured`
            : missing.message
    })
  }
  const planOf = (match: RoutingTable.Match): Plan => {
    const candidates = match.targets.map(candidate)
    const targets = match.targets.filter((_, index) => candidates[index]?.kept)
    return { matchedBy: match.matchedBy, matched: match.matched, targets, candidates }
  }
  const derived = settings.derive((config) => ({
    table: RoutingTable.make(config, new Set(registry.all().map((provider) => provider.name))),
    plans: new Map<string, Plan>()
  }))

  /** What a built-in alias stands for now. */
  const resolveAlias = (alias: Alias): Effect.Effect<string | null> =>
    alias.family === null
      ? registry.models(alias.provider).pipe(
          Effect.map((models) => models[0] ?? null),
          Effect.orElseSucceed(() => null)
        )
      : Effect.sync(() => prices.newest(alias.provider, alias.family ?? "")[0] ?? null)

  const aliasPlan = (name: string, alias: Alias) =>
    Effect.map(resolveAlias(alias), (model): Plan =>
      model === null
        ? {
            matchedBy: "alias",
            matched: name,
            targets: [],
            candidates: [
              new Candidate({
                provider: alias.provider,
                model: name,
                protocol: null,
                kept: false,
                reason: `provider "${alias.provider}" lists no model now`
              })
            ]
          }
        : planOf({ matchedBy: "alias", matched: name, targets: [{ provider: alias.provider, model }] })
    )

  const service: Service = {
    plan: (model) =>
      Effect.suspend(() => {
        const { plans, table } = derived()
        const known = plans.get(model)
        if (known !== undefined) return Effect.succeed(known)
        const alias = Object.hasOwn(aliases, model) ? aliases[model] : undefined
        if (alias !== undefined && !table.names.includes(model)) return aliasPlan(model, alias)
        const plan = planOf(table.match(model))
        if (plans.size < plansKept) plans.set(model, plan)
        return Effect.succeed(plan)
      }),
    names: () => [...new Set([...derived().table.names, ...Object.keys(aliases)])]
  }
  return service
})

export const layer: Layer.Layer<Router, never, Settings | ProviderRegistry | PriceBook> = Layer.effect(Router, make)
