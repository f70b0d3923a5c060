/** From a model name to the targets that may answer it. Pure: tables in, plan out; it knows no vendor. */
import type { Candidate, MatchedBy } from "@penstock/schema/Explanation"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"

/** A model at a provider, to be tried. */
export interface Target {
  readonly provider: string
  readonly model: string
}

export interface Plan {
  readonly matchedBy: MatchedBy
  readonly matched: string | null
  /** In the order of trying; those that cannot be called are not in it. */
  readonly targets: ReadonlyArray<Target>
  /** Everything that was looked at, kept or dropped, with the reason. */
  readonly candidates: ReadonlyArray<Candidate>
}

export interface Service {
  /** Never fails: an unknown name gives a plan without targets. Effectful only where an alias asks a provider (`local`). */
  readonly plan: (model: string) => Effect.Effect<Plan>
  /** Names in `models` and the built-in aliases, for the model list. */
  readonly names: () => ReadonlyArray<string>
}

export class Router extends Context.Tag("@penstock/gateway/routing/Router")<Router, Service>() {}
