/**
 * Names to targets, computed once per configuration. Exact names come first, then built-in aliases, then
 * `provider/model`, then patterns, in the order of the file.
 */
import type { Capabilities, Strategy } from "@penstock/schema/config/Failover"
import type { ModelConfig, PenstockConfig } from "@penstock/schema/config/PenstockConfig"
import type { MatchedBy } from "@penstock/schema/Explanation"
import type { Alias } from "../providers/BuiltIn.ts"
import * as Policy from "../failover/Policy.ts"
import * as NamePattern from "./NamePattern.ts"

/** A model at a provider, to be tried. */
export interface Target {
  readonly provider: string
  readonly model: string
  /** Its share under `strategy: weighted`, relative to the others of the plan. */
  readonly weight: number
  /** What the configuration says that it can and cannot do. */
  readonly capabilities: Capabilities
}

/** A built-in alias: which model it stands for is found out when it is asked for. */
export interface Unresolved {
  readonly name: string
  readonly alias: Alias
  readonly weight: number
  readonly capabilities: Capabilities
}

/** What a name amounts to. `targets` is empty when nothing matches. */
export interface Match {
  readonly matchedBy: MatchedBy
  /** The entry that matched: a name in `models`, a built-in alias, a pattern of `routes`, or a provider. */
  readonly matched: string | null
  readonly targets: ReadonlyArray<Target | Unresolved>
  readonly strategy: Strategy
  readonly policy: Policy.Policy
}

export interface RoutingTable {
  readonly match: (model: string) => Match
  /** The names in `models`. */
  readonly names: ReadonlyArray<string>
}

/** What is said of a target where it is named: over what is said of it where that name is explained. */
const under = (outer: { readonly weight: number; readonly capabilities: Capabilities }, inner: Match["targets"]) => {
  const sum = inner.reduce((total, { weight }) => total + weight, 0)
  return inner.map((target) => ({
    ...target,
    weight: (outer.weight * target.weight) / sum,
    capabilities: { ...target.capabilities, ...outer.capabilities }
  }))
}

const named = (target: Exclude<ModelConfig, string>["targets"][number]) =>
  typeof target === "string"
    ? { name: target, weight: 1, capabilities: {} }
    : { name: target.model, weight: target.weight ?? 1, capabilities: target.capabilities ?? {} }

export interface Names {
  readonly providers: ReadonlySet<string>
  /** The built-in aliases; one that the configuration has too is overridden. */
  readonly aliases: { readonly [name: string]: Alias }
}

export const make = (config: PenstockConfig, { aliases, providers }: Names): RoutingTable => {
  const routes = config.routes.flatMap(({ match, provider }) => match.map((pattern) => ({ pattern, provider })))
  const defaults = Policy.over(Policy.builtIn, config.defaults)
  const plain = { strategy: "ordered", policy: defaults } as const
  const noMatch: Match = { matchedBy: "none", matched: null, targets: [], ...plain }
  const direct = (model: string): Target | null => {
    const slash = model.indexOf("/")
    const provider = model.slice(0, Math.max(0, slash))
    return slash < model.length - 1 && providers.has(provider)
      ? { provider, model: model.slice(slash + 1), weight: 1, capabilities: {} }
      : null
  }
  /** `entered` are the names on the way here: a cycle, which the loader refuses, ends with no match. */
  const match = (model: string, entered: ReadonlyArray<string>): Match => {
    const entry = Object.hasOwn(config.models, model) ? config.models[model] : undefined
    if (entry !== undefined) {
      if (entered.includes(model)) return noMatch
      const within = [...entered, model]
      // A plain alias is another name for the same: strategy and policy included.
      if (typeof entry === "string") return { ...match(entry, within), matchedBy: "alias", matched: model }
      return {
        matchedBy: "model",
        matched: model,
        targets: entry.targets.flatMap((target) => {
          const { name, ...said } = named(target)
          return under(said, match(name, within).targets)
        }),
        strategy: entry.strategy ?? "ordered",
        policy: Policy.over(defaults, entry)
      }
    }
    const alias = Object.hasOwn(aliases, model) ? aliases[model] : undefined
    if (alias !== undefined) {
      return {
        matchedBy: "alias",
        matched: model,
        targets: [{ name: model, alias, weight: 1, capabilities: {} }],
        ...plain
      }
    }
    const target = direct(model)
    if (target !== null) return { matchedBy: "provider", matched: target.provider, targets: [target], ...plain }
    const route = routes.find(({ pattern }) => NamePattern.matches(pattern, model))
    return route === undefined
      ? noMatch
      : {
          matchedBy: "route",
          matched: route.pattern,
          targets: [{ provider: route.provider, model, weight: 1, capabilities: {} }],
          ...plain
        }
  }
  return { match: (model) => match(model, []), names: Object.keys(config.models) }
}
