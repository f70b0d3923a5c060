/**
 * Rate limits: who may begin how many requests, use how many tokens, and have how many requests running.
 *
 * A request is admitted by all limits that concern it or by none: a refusal leaves no trace. The state is this process's
 * own, as the rest of the data plane's. Synchronous, because it runs for every request.
 */
import type { Caller } from "@penstock/schema/api/Caller"
import type { RateConfig } from "@penstock/schema/config/Limits"
import type { GatewayError } from "@penstock/schema/GatewayError"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Meter from "./Meter.ts"
import type { Standing } from "./RateHeaders.ts"
import { exceeded, neverFits, type Owner, type Refusal } from "./Refusal.ts"

/** Whose limits, and which. They are passed in with each request, so that a reloaded configuration counts at once. */
export interface Scope extends Owner {
  readonly rate: RateConfig
}

/** Leave to run a request. */
export interface Permit {
  /** How the caller stands, this request counted: for the answer's headers. */
  readonly standing: Standing
  /**
   * How many tokens it was in the end; null for unknown, which keeps the estimate. Once, and before `release`: later
   * calls change nothing.
   */
  readonly settle: (actualTokens: number | null) => void
  /** It does not run any more. Every permit must be released; more than once is once. */
  readonly release: () => void
  /** It never began: gives everything back. In place of `settle` and `release`. */
  readonly cancel: () => void
}

export interface Service {
  /**
   * `estimatedTokens` is the most that the request may use, prompt and answer. The scopes are all different; without
   * any, everything is admitted.
   */
  readonly admit: (scopes: ReadonlyArray<Scope>, estimatedTokens: number) => Either.Either<Permit, Refusal>
  /** How many owners of limits are kept in memory: those that were used within about a minute. */
  readonly meters: () => number
}

export class RateLimits extends Context.Tag("@penstock/gateway/limits/RateLimits")<RateLimits, Service>() {}

const noScopes: ReadonlyArray<Scope> = []

/** The limits of a caller's key. */
export const ofKey = ({ key, rate }: Caller): ReadonlyArray<Scope> =>
  key === null || rate === null ? noScopes : [{ kind: "key", name: key, rate }]

/** The limits of a provider, which all callers share. */
export const ofProvider = (name: string, rate: RateConfig | undefined): ReadonlyArray<Scope> =>
  rate === undefined ? noScopes : [{ kind: "provider", name, rate }]

const unlimited: Either.Either<Permit, Refusal> = Either.right({
  standing: { requests: null, tokens: null },
  settle: () => {},
  release: () => {},
  cancel: () => {}
})

const permit = (legs: ReadonlyArray<Meter.Leg>, standing: Standing, now: () => number): Permit => {
  let settled = false
  let released = false
  const release = () => {
    if (released) return
    released = true
    for (const { meter } of legs) meter.running--
  }
  const settle = (requests: 0 | 1, tokens: number | null) => {
    if (settled) return
    settled = true
    const present = now()
    for (const leg of legs) {
      Meter.advance(leg.meter, present)
      Meter.settle(leg, requests, tokens)
    }
  }
  return {
    standing,
    settle: (actualTokens) => settle(1, actualTokens),
    release,
    cancel: () => {
      settle(0, 0)
      release()
    }
  }
}

/** A limit that refused a request, and whose it is. */
interface Refused extends Meter.Reached {
  readonly owner: Owner
}

const errorOf = ({ limit, owner, waitMillis }: Refused, estimated: number): GatewayError =>
  waitMillis === Number.POSITIVE_INFINITY
    ? neverFits(owner, limit.limit, estimated)
    : exceeded(owner, limit, waitMillis)

/** How often meters that count nothing are looked for. */
const sweepMillis = 60_000

/** Over a clock in milliseconds since the epoch. */
export const make = (now: () => number): Service => {
  const meters = new Map<string, Meter.Meter>()
  let swept = now()

  const sweep = (present: number) => {
    if (Math.abs(present - swept) < sweepMillis) return
    swept = present
    for (const [id, meter] of meters) {
      Meter.advance(meter, present)
      if (Meter.isIdle(meter)) meters.delete(id)
    }
  }

  const meterOf = ({ kind, name, rate }: Scope): Meter.Meter => {
    const id = `${kind}:${name}`
    let meter = meters.get(id)
    if (meter === undefined) {
      meter = Meter.make(rate)
      meters.set(id, meter)
    }
    meter.rate = rate
    return meter
  }

  return {
    admit: (scopes, estimatedTokens) => {
      if (scopes.length === 0) return unlimited
      const present = now()
      sweep(present)
      const concerned: Array<Meter.Meter> = []
      let refused: Refused | null = null
      for (const scope of scopes) {
        const meter = meterOf(scope)
        Meter.advance(meter, present)
        concerned.push(meter)
        for (const each of Meter.reached(meter, estimatedTokens)) {
          // The longest wait is the one after which all of them let the request in.
          if (refused === null || each.waitMillis > refused.waitMillis) refused = { ...each, owner: scope }
        }
      }
      if (refused !== null) {
        return Either.left({ error: errorOf(refused, estimatedTokens), standing: Meter.standing(concerned) })
      }
      const legs = concerned.map((meter) => Meter.begin(meter, estimatedTokens))
      return Either.right(permit(legs, Meter.standing(concerned), now))
    },
    meters: () => meters.size
  }
}

/** The clock is read at each call, and not passed in: a caller's idea of the present may be older than another's. */
export const layer: Layer.Layer<RateLimits> = Layer.effect(
  RateLimits,
  Effect.map(Clock.clockWith(Effect.succeed), (clock) => make(() => clock.unsafeCurrentTimeMillis()))
)
