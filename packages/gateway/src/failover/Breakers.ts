/**
 * A breaker per target keeps requests away from one that keeps failing. Closed, it counts failures; so many within the
 * window open it; after the cooldown one request tries the target, and decides whether it closes or opens again.
 *
 * A success makes up for one failure: a target with a thousand requests a second and a few errors stays in use, one that
 * fails more often than not does not. Failures count where they speak of the target's health (`Decide.isUnhealthy`);
 * any other answer, a refusal included, shows that it is alive.
 *
 * When every target of a plan is open, there is nowhere else to go: one of them is asked all the same, once, so that
 * the caller hears of what is wrong now, and the first answer closes the breaker.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Policy } from "./Policy.ts"

/** A model at a provider. */
export interface Target {
  readonly provider: string
  readonly model: string
}

export interface BreakerState extends Target {
  /** `half_open`: the cooldown is over, and the next request tries it, or is doing so. */
  readonly state: "closed" | "open" | "half_open"
  /** Failures within the window that no success has made up for. */
  readonly failures: number
  /** When it will be tried again, in milliseconds since the epoch; null when it is closed. */
  readonly retryAt: number | null
}

/** Leave to ask a target. `probe`: for everybody, alone. `last_resort`: it is open, but so is everything else. */
export type Permit = "pass" | "probe" | "last_resort"

/** How it went. `unknown`: nobody can say, as when the caller left. */
export type Verdict = "alive" | "failed" | "unknown"

export interface Service {
  /** When the target may be asked, in milliseconds since the epoch; null for now. */
  readonly retryAt: (target: Target) => number | null
  /**
   * Null while it must be left alone, which it never must as the last resort. Whoever gets a permit must give it back
   * with `leave`.
   */
  readonly enter: (target: Target, isLastResort: boolean) => Permit | null
  readonly leave: (target: Target, permit: Permit, verdict: Verdict, policy: Policy["breaker"]) => void
  /** Of the targets that have failed lately; all others are closed. */
  readonly states: () => ReadonlyArray<BreakerState>
}

export class Breakers extends Context.Tag("@penstock/gateway/failover/Breakers")<Breakers, Service>() {}

interface Entry extends Target {
  /** When, oldest first; no more than open the breaker. */
  failures: Array<number>
  /** Null while it is closed. */
  openUntil: number | null
  probing: boolean
}

/** The names are the callers', so there is a bound; the oldest is forgotten. */
const entriesKept = 10_000

/** A probe that is under way tells soon. */
const probeMillis = 1_000

const keyOf = ({ model, provider }: Target): string => `${provider}\n${model}`

/** Over a clock: `now` gives milliseconds since the epoch. */
export const over = (now: () => number): Service => {
  // A healthy target has no entry: looking up what is not there is all that most requests cost.
  const entries = new Map<string, Entry>()

  const entryFor = (target: Target): Entry => {
    const key = keyOf(target)
    const known = entries.get(key)
    if (known !== undefined) return known
    const [oldest] = entries.keys()
    if (oldest !== undefined && entries.size >= entriesKept) entries.delete(oldest)
    const entry: Entry = {
      provider: target.provider,
      model: target.model,
      failures: [],
      openUntil: null,
      probing: false
    }
    entries.set(key, entry)
    return entry
  }

  const find = (target: Target): Entry | undefined => (entries.size === 0 ? undefined : entries.get(keyOf(target)))

  const retryAt: Service["retryAt"] = (target) => {
    const entry = find(target)
    if (entry === undefined || entry.openUntil === null) return null
    if (entry.probing) return now() + probeMillis
    return entry.openUntil <= now() ? null : entry.openUntil
  }

  const failed = (entry: Entry, policy: Policy["breaker"]): void => {
    const at = now()
    entry.failures = [...entry.failures.filter((each) => each > at - policy.window), at].slice(-policy.failures)
    if (entry.failures.length >= policy.failures) entry.openUntil = at + policy.cooldown
  }

  return {
    retryAt,
    enter: (target, isLastResort) => {
      if (retryAt(target) !== null) return isLastResort ? "last_resort" : null
      const entry = find(target)
      if (entry === undefined || entry.openUntil === null) return "pass"
      entry.probing = true
      return "probe"
    },
    leave: (target, permit, verdict, policy) => {
      const known = find(target)
      if (permit === "probe" && known !== undefined) {
        known.probing = false
        if (verdict === "alive") entries.delete(keyOf(target))
        // Without a verdict the next request tries: the time at which it may is past.
        if (verdict === "failed") known.openUntil = now() + policy.cooldown
      } else if (permit === "last_resort" && verdict === "alive") {
        entries.delete(keyOf(target))
      } else if (known !== undefined && known.openUntil !== null) {
        // Whoever went before it opened says nothing new, nor does a failure of what is open anyway.
      } else if (verdict === "failed") {
        failed(entryFor(target), policy)
      } else if (verdict === "alive" && known !== undefined) {
        known.failures.shift()
        if (known.failures.length === 0) entries.delete(keyOf(target))
      }
    },
    states: () =>
      [...entries.values()].map(({ failures, model, openUntil, provider }) => ({
        provider,
        model,
        state: openUntil === null ? "closed" : openUntil <= now() ? "half_open" : "open",
        failures: failures.length,
        retryAt: openUntil
      }))
  }
}

export const layer: Layer.Layer<Breakers> = Layer.effect(
  Breakers,
  Clock.clockWith((clock) => Effect.sync(() => over(() => clock.unsafeCurrentTimeMillis())))
)
