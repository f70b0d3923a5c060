/** What is left of a rate limit, in the headers that OpenAI's clients know. */

export interface Quota {
  /** Units a minute. */
  readonly limit: number
  readonly remaining: number
  /** Until all of them are back. */
  readonly resetMillis: number
}

/** How a caller stands with the limits of a request; null where there is none. */
export interface Standing {
  readonly requests: Quota | null
  readonly tokens: Quota | null
}

/** A duration as OpenAI writes it: `0s`, `120ms`, `1s`, `8.64s`, `6m0s`, `1h0m0s`. */
export const formatReset = (millis: number): string => {
  if (millis === 0) return "0s"
  if (millis < 1000) return `${millis}ms`
  const hours = Math.floor(millis / 3_600_000)
  const minutes = Math.floor(millis / 60_000) % 60
  const seconds = (millis % 60_000) / 1000
  return `${hours > 0 ? `${hours}h` : ""}${hours > 0 || minutes > 0 ? `${minutes}m` : ""}${seconds}s`
}

/** Headers of an answer, a refusal's included. None for what is not limited. */
export const headers = ({ requests, tokens }: Standing): Record<string, string> => {
  const all: Record<string, string> = {}
  const add = (unit: string, quota: Quota | null) => {
    if (quota === null) return
    all[`x-ratelimit-limit-${unit}`] = String(quota.limit)
    all[`x-ratelimit-remaining-${unit}`] = String(quota.remaining)
    all[`x-ratelimit-reset-${unit}`] = formatReset(quota.resetMillis)
  }
  add("requests", requests)
  add("tokens", tokens)
  return all
}
