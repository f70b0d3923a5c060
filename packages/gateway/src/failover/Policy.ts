/**
 * What is done when a target fails, resolved: the built-in values, overridden key by key by `defaults`, then by the
 * model's own entry. Computed once per configuration, with the routing table.
 */
import type { FailoverConfig, FallbackReason } from "@penstock/schema/config/Failover"

/** All durations in milliseconds. */
export interface Policy {
  readonly retry: {
    /** Further attempts at the same target. */
    readonly max: number
    readonly delay: number
    readonly factor: number
    readonly maxDelay: number
    readonly jitter: "full" | "none"
  }
  readonly timeout: {
    readonly connect: number
    readonly firstToken: number
    readonly idle: number
    readonly total: number
  }
  readonly commit: "first_token" | "complete"
  readonly fallbackOn: ReadonlySet<FallbackReason>
  readonly breaker: {
    readonly failures: number
    readonly window: number
    readonly cooldown: number
  }
  /** Null when it is off. */
  readonly hedge: { readonly after: number; readonly maxShare: number } | null
}

export const builtIn: Policy = {
  retry: { max: 2, delay: 500, factor: 2, maxDelay: 10_000, jitter: "full" },
  timeout: { connect: 5_000, firstToken: 30_000, idle: 15_000, total: 600_000 },
  commit: "first_token",
  fallbackOn: new Set<FallbackReason>(["rate_limit", "server", "timeout", "network", "context_length"]),
  breaker: { failures: 5, window: 30_000, cooldown: 10_000 },
  hedge: null
}

const builtInShare = 0.05

/** What a configuration says, over what holds without it. */
export const over = (
  base: Policy,
  { breaker, fallback_on, hedge, retry, stream, timeout }: FailoverConfig
): Policy => ({
  retry: {
    max: retry?.max ?? base.retry.max,
    delay: retry?.delay ?? base.retry.delay,
    factor: retry?.factor ?? base.retry.factor,
    maxDelay: retry?.max_delay ?? base.retry.maxDelay,
    jitter: retry?.jitter ?? base.retry.jitter
  },
  timeout: {
    connect: timeout?.connect ?? base.timeout.connect,
    firstToken: timeout?.first_token ?? base.timeout.firstToken,
    idle: timeout?.idle ?? base.timeout.idle,
    total: timeout?.total ?? base.timeout.total
  },
  commit: stream?.commit ?? base.commit,
  fallbackOn: fallback_on === undefined ? base.fallbackOn : new Set(fallback_on),
  breaker: {
    failures: breaker?.failures ?? base.breaker.failures,
    window: breaker?.window ?? base.breaker.window,
    cooldown: breaker?.cooldown ?? base.breaker.cooldown
  },
  hedge:
    hedge === undefined
      ? base.hedge
      : { after: hedge.after, maxShare: hedge.max_share ?? base.hedge?.maxShare ?? builtInShare }
})
