/**
 * What is done when a target fails, resolved: the built-in values, overridden key by key by `defaults`, then by the
 * model's own entry. Computed once per configuration, with the routing table.
 */
import { builtIn as written, type FailoverConfig, type FallbackReason } from "@penstock/schema/config/Failover"

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
  retry: {
    max: written.retry.max,
    delay: written.retry.delay,
    factor: written.retry.factor,
    maxDelay: written.retry.max_delay,
    jitter: written.retry.jitter
  },
  timeout: {
    connect: written.timeout.connect,
    firstToken: written.timeout.first_token,
    idle: written.timeout.idle,
    total: written.timeout.total
  },
  commit: written.stream.commit,
  fallbackOn: new Set(written.fallback_on),
  breaker: written.breaker,
  hedge: null
}

const builtInShare = 0.05

/**
 * The limits of the phases. One that is not written beside the total is at most half of it: whoever gives an answer five
 * seconds in all wants another target to have some of them.
 */
const limitsOver = (base: Policy["timeout"], timeout: FailoverConfig["timeout"]): Policy["timeout"] => {
  const total = timeout?.total ?? base.total
  const most = Math.ceil(total / 2)
  return {
    connect: timeout?.connect ?? Math.min(base.connect, most),
    firstToken: timeout?.first_token ?? Math.min(base.firstToken, most),
    idle: timeout?.idle ?? Math.min(base.idle, most),
    total
  }
}

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
  timeout: limitsOver(base.timeout, timeout),
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
