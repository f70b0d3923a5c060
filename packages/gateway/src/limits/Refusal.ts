/** What a limit answers when it is reached: which limit of whom, how large it is, and when to come back. */
import { GatewayError, make as makeError } from "@penstock/schema/GatewayError"
import type { Standing } from "./RateHeaders.ts"

/** Whose limit it is: a key's, or a provider's for all callers together. */
export interface Owner {
  readonly kind: "key" | "provider"
  readonly name: string
}

export type Limit =
  | { readonly _tag: "Requests"; readonly limit: number }
  | { readonly _tag: "Tokens"; readonly limit: number; readonly remaining: number; readonly estimated: number }
  | { readonly _tag: "Concurrent"; readonly limit: number }

export interface Refusal {
  /** `rate_limit` with the time to wait; `invalid_request` where waiting does not help. */
  readonly error: GatewayError
  readonly standing: Standing
}

const seconds = (millis: number): string => `${Math.ceil(millis / 100) / 10} s`

const settings = { Requests: "requests_per_minute", Tokens: "tokens_per_minute", Concurrent: "concurrent" } as const

const settingOf = ({ kind, name }: Owner, limit: Limit["_tag"]): string =>
  kind === "key" ? `\`rate.${settings[limit]}\`` : `\`providers.${name}.rate.${settings[limit]}\``

const whose = ({ kind, name }: Owner): string => `The ${kind} ${name}`

/** The wait is known for everything but concurrency: when a running request ends, nobody knows. */
const concurrencyRetryMillis = 1000

/** Comes back well after `waitMillis`. */
export const exceeded = (owner: Owner, limit: Limit, waitMillis: number): GatewayError => {
  const setting = settingOf(owner, limit._tag)
  const again = `Send it again in ${seconds(waitMillis)}.`
  const message = (): string => {
    switch (limit._tag) {
      case "Requests":
        return `${whose(owner)} is limited to ${limit.limit} requests a minute (${setting}), which are used up. ${again}`
      case "Tokens":
        return (
          `${whose(owner)} is limited to ${limit.limit} tokens a minute (${setting}): ${limit.remaining} are left now, ` +
          `and this request may use ${limit.estimated}. ${again}`
        )
      case "Concurrent":
        return `${whose(owner)} is limited to ${limit.limit} requests at once (${setting}), and so many are running. Send it again when one of them has ended.`
    }
  }
  return new GatewayError({
    reason: "rate_limit",
    code: "rate_limit_exceeded",
    message: message(),
    retryAfterMillis: limit._tag === "Concurrent" ? concurrencyRetryMillis : waitMillis
  })
}

/**
 * A request that is larger than the whole limit: no time to wait helps. For a key that is a mistake in the request, and
 * a 400, because clients try again after a 429. For a provider it is a reason to ask another one.
 */
export const neverFits = (owner: Owner, limit: number, estimated: number): GatewayError => {
  const message =
    `${whose(owner)} is limited to ${limit} tokens a minute (${settingOf(owner, "Tokens")}), and ` +
    `this request alone may use ${estimated}: it never fits. Ask for a shorter answer with \`max_tokens\`, or send a shorter prompt.`
  return owner.kind === "key"
    ? makeError("invalid_request", message, { code: "request_exceeds_rate_limit" })
    : makeError("rate_limit", message, { code: "request_exceeds_rate_limit" })
}
