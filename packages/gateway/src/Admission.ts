/**
 * Whether a request may begin: its caller's rate, and the budgets that it counts in. What it may use is looked at only
 * where a limit depends on it.
 */
import type { NanoDollars } from "@penstock/schema/Money"
import type { GatewayError } from "@penstock/schema/GatewayError"
import type { Hold } from "@penstock/schema/LedgerEntry"
import type { Usage } from "@penstock/schema/Usage"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { Budgets } from "./budgets/Budgets.ts"
import type { Demand } from "./budgets/Demand.ts"
import * as Estimate from "./budgets/Estimate.ts"
import type { Call } from "./exchange/Call.ts"
import { PriceBook } from "./ledger/PriceBook.ts"
import { ofKey, type Permit, RateLimits } from "./limits/RateLimits.ts"
import { ProviderRegistry } from "./providers/ProviderRegistry.ts"
import type { Target } from "./routing/Router.ts"

export interface Admission {
  /** Tells the caller how it stands, and refuses with `rate_limit`. A permit is to be settled and released. */
  readonly enter: <Out>(call: Call<Out>) => Either.Either<Permit, GatewayError>
  /** The same, but a rate that is free again in so many milliseconds is waited for. */
  readonly enterWithin: <Out>(call: Call<Out>, patience: number) => Effect.Effect<Permit, GatewayError>
  /** What is to be held back until the request is settled. */
  readonly holds: <Out>(call: Call<Out>, targets: ReadonlyArray<Target>) => ReadonlyArray<Hold>
  /** Input and output that a call may use at most, at whichever target. */
  readonly mostTokens: (demand: Demand, targets: ReadonlyArray<Target>) => number
}

export const make: Effect.Effect<Admission, never, Budgets | PriceBook | ProviderRegistry | RateLimits> = Effect.gen(
  function* () {
    const budgets = yield* Budgets
    const limits = yield* RateLimits
    const prices = yield* PriceBook
    const registry = yield* ProviderRegistry

    const tokensOf = (demand: Demand, target: Target): Estimate.Tokens => {
      const facts = prices.facts(target)
      const longest = registry.get(target.provider)?.protocol.longestAnswer?.(target.model) ?? null
      return Estimate.worstCase(demand, { ...facts, maxOutputTokens: facts.maxOutputTokens ?? longest })
    }

    /** Of the dearest target. One attempt is billed: a provider that fails sends no bill. */
    const worstCase = <Out>(call: Call<Out>, targets: ReadonlyArray<Target>): NanoDollars | null => {
      const demand = call.demand()
      let most: NanoDollars | null = null
      for (const target of targets) {
        const tokens = tokensOf(demand, target)
        const price = prices.price(target, call.arrivedAt, tokens.input)
        if (price === null) continue
        const cost = Estimate.worstCaseCost(demand, tokens, price)
        if (most === null || cost > most) most = cost
      }
      return most
    }

    const enter: Admission["enter"] = (call) => {
      const scopes = ofKey(call.caller)
      const admitted = limits.admit(scopes, scopes.length === 0 ? 0 : Estimate.likelyTokens(call.demand()))
      if (scopes.length > 0) call.standing?.(Either.merge(admitted).standing)
      return Either.mapLeft(admitted, ({ error }) => error)
    }

    const enterWithin: Admission["enterWithin"] = (call, patience) =>
      Effect.suspend(() => {
        const admitted = enter(call)
        if (Either.isRight(admitted)) return admitted
        const { reason, retryAfterMillis } = admitted.left
        if (reason !== "rate_limit" || retryAfterMillis === undefined) return admitted
        // Others may be quicker each time: what was waited counts, and a wait of nothing counts as one.
        const wait = Math.max(1, retryAfterMillis)
        return wait > patience ? admitted : Effect.delay(enterWithin(call, patience - wait), wait)
      })

    return {
      enter,
      enterWithin,
      holds: (call, targets) => budgets.holds(call.caller, call.run ?? null, () => worstCase(call, targets)),
      mostTokens: (demand, targets) =>
        targets
          .map((target) => tokensOf(demand, target))
          .reduce((most, { input, output }) => Math.max(most, input + output), 0)
    }
  }
)

/** The request is over. */
export const leave = (permit: Permit, usage: Usage | null): void => {
  permit.settle(usage === null ? null : usage.totalTokens)
  permit.release()
}
