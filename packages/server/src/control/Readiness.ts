/** Ready: the ledger works, and at least one provider can be called. */
import type { BreakerState, Service as Breakers } from "@penstock/gateway/failover/Breakers"
import type { Service as Ledger } from "@penstock/gateway/ledger/Ledger"
import type { Service as Registry } from "@penstock/gateway/providers/ProviderRegistry"
import * as Explain from "@penstock/gateway/routing/Explain"
import { NotReady, ProviderState, Ready } from "@penstock/schema/api/StatusApi"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as ProviderCheck from "./ProviderCheck.ts"

const ledgerState = (ledger: Ledger) =>
  ledger.requests({ limit: 1 }).pipe(
    Effect.as({ ready: true, reason: null }),
    Effect.catchAll((error) =>
      Effect.as(Effect.logError("The ledger could not be read", Cause.fail(error.cause)), {
        ready: false,
        reason: "The ledger could not be read; the log has the cause."
      })
    )
  )

const providerState = (
  check: ProviderCheck.Check,
  breakers: ReadonlyArray<BreakerState>,
  showAddresses: boolean
): ProviderState =>
  new ProviderState({
    protocol: check.provider.protocol.id,
    configured: check.provider.missing === null,
    reachable: ProviderCheck.reachable(check),
    ready: ProviderCheck.callable(check),
    reason: ProviderCheck.reason(check, showAddresses),
    breakers: Object.fromEntries(
      breakers
        .filter(({ provider }) => provider === check.provider.name)
        .map((breaker) => [breaker.model, Explain.breakerOf(breaker)])
    )
  })

export interface Asked {
  readonly ledger: Ledger
  readonly registry: Registry
  readonly breakers: Breakers
}

export const readiness = Effect.fnUntraced(function* ({ breakers, ledger, registry }: Asked, showAddresses: boolean) {
  const [ledgerNow, checks] = yield* Effect.all([ledgerState(ledger), ProviderCheck.checkAll(registry)], {
    concurrency: "unbounded"
  })
  const failing = breakers.states()
  const state = {
    ledger: ledgerNow,
    providers: Object.fromEntries(
      checks.map((check) => [check.provider.name, providerState(check, failing, showAddresses)])
    )
  }
  return ledgerNow.ready && checks.some(ProviderCheck.callable)
    ? new Ready({ status: "ready", ...state })
    : new NotReady({ status: "not_ready", ...state })
})
