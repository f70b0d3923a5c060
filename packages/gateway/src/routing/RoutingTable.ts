/**
 * Names to targets, computed once per configuration. Exact names come first, then built-in aliases, then
 * `provider/model`, then patterns, in the order of the file.
 */
import type { PenstockConfig } from "@penstock/schema/config/PenstockConfig"
import type { MatchedBy } from "@penstock/schema/Explanation"
import type { Alias } from "../providers/BuiltIn.ts"
import * as NamePattern from "./NamePattern.ts"

/** A model at a provider, to be tried. */
export interface Target {
  readonly provider: string
  readonly model: string
}

/** A built-in alias: which model it stands for is found out when it is asked for. */
export interface Unresolved {
  readonly name: string
  readonly alias: Alias
}

/** What a name amounts to. `targets` is empty when nothing matches. */
export interface Match {
  readonly matchedBy: MatchedBy
  /** The entry that matched: a name in `models`, a built-in alias, a pattern of `routes`, or a provider. */
  readonly matched: string | null
  readonly targets: ReadonlyArray<Target | Unresolved>
}

export interface RoutingTable {
  readonly match: (model: string) => Match
  /** The names in `models`. */
  readonly names: ReadonlyArray<string>
}

const noMatch: Match = { matchedBy: "none", matched: null, targets: [] }

export interface Names {
  readonly providers: ReadonlySet<string>
  /** The built-in aliases; one that the configuration has too is overridden. */
  readonly aliases: { readonly [name: string]: Alias }
}

export const make = (config: PenstockConfig, { aliases, providers }: Names): RoutingTable => {
  const routes = config.routes.flatMap(({ match, provider }) => match.map((pattern) => ({ pattern, provider })))
  const direct = (model: string): Target | null => {
    const slash = model.indexOf("/")
    const provider = model.slice(0, Math.max(0, slash))
    return slash < model.length - 1 && providers.has(provider) ? { provider, model: model.slice(slash + 1) } : null
  }
  /** `entered` are the names on the way here: a cycle, which the loader refuses, ends with no match. */
  const match = (model: string, entered: ReadonlyArray<string>): Match => {
    const entry = Object.hasOwn(config.models, model) ? config.models[model] : undefined
    if (entry !== undefined) {
      if (entered.includes(model)) return noMatch
      const names =
        typeof entry === "string"
          ? [entry]
          : entry.targets.map((target) => (typeof target === "string" ? target : target.model))
      return {
        matchedBy: typeof entry === "string" ? "alias" : "model",
        matched: model,
        targets: names.flatMap((name) => match(name, [...entered, model]).targets)
      }
    }
    const alias = Object.hasOwn(aliases, model) ? aliases[model] : undefined
    if (alias !== undefined) return { matchedBy: "alias", matched: model, targets: [{ name: model, alias }] }
    const target = direct(model)
    if (target !== null) return { matchedBy: "provider", matched: target.provider, targets: [target] }
    const route = routes.find(({ pattern }) => NamePattern.matches(pattern, model))
    return route === undefined
      ? noMatch
      : { matchedBy: "route", matched: route.pattern, targets: [{ provider: route.provider, model }] }
  }
  return { match: (model) => match(model, []), names: Object.keys(config.models) }
}
