/** From a model name to the targets that may answer it. Tables in, plan out; it knows no vendor. */
import type { Strategy } from "@penstock/schema/config/Failover"
import { Candidate, type MatchedBy } from "@penstock/schema/Explanation"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Policy } from "../failover/Policy.ts"
import { PriceBook } from "../ledger/PriceBook.ts"
import { aliases, type Alias } from "../providers/BuiltIn.ts"
import { ProviderRegistry } from "../providers/ProviderRegistry.ts"
import { Settings } from "../Settings.ts"
import * as RoutingTable from "./RoutingTable.ts"

export type Target = RoutingTable.Target

export interface Plan {
  readonly matchedBy: MatchedBy
  readonly matched: string | null
  /** In the order of the configuration; those that cannot be called are not in it. */
  readonly targets: ReadonlyArray<Target>
  /** How they are ordered for a request. */
  readonly strategy: Strategy
  readonly policy: Policy
  /** Everything that was looked at, kept or dropped, with the reason. */
  readonly candidates: ReadonlyArray<Candidate>
}

export interface Service {
  /** Never fails: an unknown name gives a plan without targets. Asks a provider only for an alias such as `local`. */
  readonly plan: (model: string) => Effect.Effect<Plan>
  /** The plan of a name that was asked for before, where nobody has to be asked again; null for any other. */
  readonly known: (model: string) => Plan | null
  /** Names in `models` and the built-in aliases, for the model list. */
  readonly names: () => ReadonlyArray<string>
}

export class Router extends Context.Tag("@penstock/gateway/routing/Router")<Router, Service>() {}

/** Plans are kept per configuration; the names are the callers', so there is a bound. */
const plansKept = 10_000
const nameKept = 256

const make = Effect.gen(function* () {
  const settings = yield* Settings
  const registry = yield* ProviderRegistry
  const prices = yield* PriceBook

  const candidate = (target: Pick<Target, "provider" | "model">): Candidate => {
    const provider = registry.get(target.provider)
    const missing = provider?.missing ?? null
    return new Candidate({
      provider: target.provider,
      model: target.model,
      protocol: provider?.protocol.id ?? null,
      endpoints: [...(provider?.endpoints ?? [])],
      kept: provider !== null && missing === null,
      reason:
        provider === null
          ? `there is no provider "${target.provider}"`
          : missing === null
            ? `provider "${target.provider}" is configured`
            : missing.message
    })
  }
  const derived = settings.derive((config) => ({
    table: RoutingTable.make(config, {
      providers: new Set(registry.all().map((provider) => provider.name)),
      aliases
    }),
    plans: new Map<string, Plan>()
  }))

  /** What a built-in alias stands for now; null for no model. */
  const resolved = ({ family, provider }: Alias): Effect.Effect<string | null> =>
    family === null
      ? registry.models(provider).pipe(
          Effect.map((models) => models[0] ?? null),
          Effect.orElseSucceed(() => null)
        )
      : Effect.sync(() => prices.newest(provider, family)[0] ?? null)

  /** What was looked at, and the target that it gives if it can be called. */
  interface Considered {
    readonly candidate: Candidate
    readonly target: Target | null
  }

  const considered = (target: Target): Considered => {
    const made = candidate(target)
    return { candidate: made, target: made.kept ? target : null }
  }

  const resolvedTarget = ({ alias, capabilities, name, weight }: RoutingTable.Unresolved): Effect.Effect<Considered> =>
    Effect.map(resolved(alias), (model) =>
      model === null
        ? {
            candidate: new Candidate({
              provider: alias.provider,
              model: name,
              protocol: null,
              endpoints: [...(registry.get(alias.provider)?.endpoints ?? [])],
              kept: false,
              reason: `provider "${alias.provider}" lists no model now`
            }),
            target: null
          }
        : considered({ provider: alias.provider, model, weight, capabilities })
    )

  const planOf = (
    { matched, matchedBy, policy, strategy }: RoutingTable.Match,
    all: ReadonlyArray<Considered>
  ): Plan => ({
    matchedBy,
    matched,
    targets: all.flatMap(({ target }) => (target === null ? [] : [target])),
    strategy,
    policy,
    candidates: all.map(({ candidate }) => candidate)
  })

  const service: Service = {
    plan: (model) =>
      Effect.suspend(() => {
        const { plans, table } = derived()
        const known = plans.get(model)
        if (known !== undefined) return Effect.succeed(known)
        const match = table.match(model)
        const targets = match.targets.filter((target) => "provider" in target)
        if (targets.length === match.targets.length) {
          const plan = planOf(match, targets.map(considered))
          if (plans.size < plansKept && model.length <= nameKept) plans.set(model, plan)
          return Effect.succeed(plan)
        }
        // What an alias stands for may change at any time: such a plan is made anew for each request.
        const every = Effect.forEach(match.targets, (target) =>
          "alias" in target ? resolvedTarget(target) : Effect.succeed(considered(target))
        )
        return Effect.map(every, (all) => planOf(match, all))
      }),
    known: (model) => derived().plans.get(model) ?? null,
    names: () => [...new Set([...derived().table.names, ...Object.keys(aliases)])]
  }
  return service
})

export const layer: Layer.Layer<Router, never, Settings | ProviderRegistry | PriceBook> = Layer.effect(Router, make)
