/** What a provider lists now, or why it does not, within a time that a caller will wait. */
import type { Provider } from "@penstock/gateway/providers/Provider"
import type { Service } from "@penstock/gateway/providers/ProviderRegistry"
import { type GatewayError, make, type Reason } from "@penstock/schema/GatewayError"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"

const patience = "2 seconds"

export interface Check {
  readonly provider: Provider
  /** Null when the list could not be had. */
  readonly models: ReadonlyArray<string> | null
  /** Null when it could. */
  readonly failure: GatewayError | null
}

export const check = (registry: Service, provider: Provider): Effect.Effect<Check> => {
  if (provider.missing !== null) {
    return Effect.succeed({ provider, models: null, failure: make("not_configured", provider.missing.message) })
  }
  const late = () => make("timeout", `${provider.address} did not answer within ${patience}.`)
  return registry.models(provider.name).pipe(
    // Somebody else asked first, did not get an answer in time either, and took the shared question with him.
    Effect.catchAllCause((cause) => (Cause.isInterruptedOnly(cause) ? Effect.fail(late()) : Effect.failCause(cause))),
    Effect.timeoutFail({ duration: patience, onTimeout: late }),
    Effect.match({
      onFailure: (failure) => ({ provider, models: null, failure }),
      onSuccess: (models) => ({ provider, models, failure: null })
    })
  )
}

/** All providers at once: the slowest decides, and nobody waits for longer than `patience`. */
export const checkAll = (registry: Service): Effect.Effect<ReadonlyArray<Check>> =>
  Effect.forEach(registry.all(), (provider) => check(registry, provider), { concurrency: "unbounded" })

const silent: ReadonlySet<Reason> = new Set(["unreachable", "network", "timeout"])

/** Whether it answered at all; null when it was not asked. */
export const reachable = ({ failure }: Check): boolean | null =>
  failure?.reason === "not_configured" ? null : failure === null || !silent.has(failure.reason)

const unusable: ReadonlySet<Reason> = new Set([...silent, "not_configured", "authentication", "server"])

/** Whether a call has a chance. A server that has no model list, or limits the rate just now, can still be called. */
export const callable = ({ failure }: Check): boolean => failure === null || !unusable.has(failure.reason)

/** Why not. Addresses are for those who may see them. */
export const reason = ({ failure, provider }: Check, showAddresses: boolean): string | null => {
  if (failure === null) return null
  return showAddresses || provider.missing !== null ? failure.message : failure.reason
}
