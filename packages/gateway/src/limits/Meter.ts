/** What is counted for one owner of limits: two buckets, and the requests that are running. */
import type { RateConfig } from "@penstock/schema/config/Limits"
import * as Gcra from "./Gcra.ts"
import type { Quota, Standing } from "./RateHeaders.ts"
import type { Limit } from "./Refusal.ts"

export interface Meter {
  /** The limits in force. One that is gone leaves its bucket as it is, in case it comes back. */
  rate: RateConfig
  requests: Gcra.Bucket
  tokens: Gcra.Bucket
  running: number
}

export const make = (rate: RateConfig): Meter => ({ rate, requests: Gcra.empty, tokens: Gcra.empty, running: 0 })

/** Brings the buckets up to the present. The other functions take a meter that is. */
export const advance = (meter: Meter, now: number): void => {
  const { requests_per_minute, tokens_per_minute } = meter.rate
  if (requests_per_minute !== undefined) meter.requests = Gcra.advance(meter.requests, requests_per_minute, now)
  if (tokens_per_minute !== undefined) meter.tokens = Gcra.advance(meter.tokens, tokens_per_minute, now)
}

/** Whether a new meter would be the same: then this one need not be kept. */
export const isIdle = ({ rate, requests, running, tokens }: Meter): boolean =>
  running === 0 &&
  (rate.requests_per_minute === undefined || requests.level === 0) &&
  (rate.tokens_per_minute === undefined || tokens.level === 0)

/** A limit that is reached, and for how long: 0 where nobody knows, infinitely for a request larger than the limit. */
export interface Reached {
  readonly limit: Limit
  readonly waitMillis: number
}

/** Every limit that refuses a request of so many tokens. */
export const reached = ({ rate, requests, running, tokens }: Meter, estimated: number): ReadonlyArray<Reached> => {
  const { concurrent, requests_per_minute, tokens_per_minute } = rate
  const all: Array<Reached> = []
  if (concurrent !== undefined && running >= concurrent) {
    all.push({ limit: { _tag: "Concurrent", limit: concurrent }, waitMillis: 0 })
  }
  if (requests_per_minute !== undefined) {
    const waitMillis = Gcra.waitMillis(requests, requests_per_minute, 1)
    if (waitMillis > 0) all.push({ limit: { _tag: "Requests", limit: requests_per_minute }, waitMillis })
  }
  if (tokens_per_minute !== undefined) {
    const waitMillis = Gcra.waitMillis(tokens, tokens_per_minute, estimated)
    const remaining = Gcra.remaining(tokens, tokens_per_minute)
    if (waitMillis > 0) {
      all.push({ limit: { _tag: "Tokens", limit: tokens_per_minute, remaining, estimated }, waitMillis })
    }
  }
  return all
}

/** What a request was charged at a meter; null where there was no limit when it began. */
export interface Leg {
  readonly meter: Meter
  readonly request: Gcra.Charge | null
  readonly tokens: Gcra.Charge | null
}

export const begin = (meter: Meter, estimated: number): Leg => {
  let request: Gcra.Charge | null = null
  let tokens: Gcra.Charge | null = null
  if (meter.rate.requests_per_minute !== undefined) [meter.requests, request] = Gcra.charge(meter.requests, 1)
  if (meter.rate.tokens_per_minute !== undefined) [meter.tokens, tokens] = Gcra.charge(meter.tokens, estimated)
  meter.running++
  return { meter, request, tokens }
}

/** Sets a leg right: how many requests (0 or 1) and tokens it was in the end. Null keeps the estimate. */
export const settle = ({ meter, request, tokens }: Leg, requests: 0 | 1, actualTokens: number | null): void => {
  if (request !== null) meter.requests = Gcra.settle(meter.requests, request, requests)
  if (tokens !== null && actualTokens !== null) meter.tokens = Gcra.settle(meter.tokens, tokens, actualTokens)
}

const quota = (bucket: Gcra.Bucket, limit: number | undefined): Quota | null =>
  limit === undefined
    ? null
    : { limit, remaining: Gcra.remaining(bucket, limit), resetMillis: Gcra.resetMillis(bucket, limit) }

/** Of two limits a caller wants to know the tighter one. */
const tighter = (one: Quota | null, other: Quota | null): Quota | null =>
  one === null || (other !== null && other.remaining < one.remaining) ? other : one

export const standing = (meters: ReadonlyArray<Meter>): Standing =>
  meters.reduce<Standing>(
    (all, { rate, requests, tokens }) => ({
      requests: tighter(all.requests, quota(requests, rate.requests_per_minute)),
      tokens: tighter(all.tokens, quota(tokens, rate.tokens_per_minute))
    }),
    { requests: null, tokens: null }
  )
