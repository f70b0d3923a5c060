/** Which conditions hold now. */
import { Budgets } from "@penstock/gateway/budgets/Budgets"
import { type BreakerState, Breakers } from "@penstock/gateway/failover/Breakers"
import { Keys } from "@penstock/gateway/keys/Keys"
import { Traffic } from "@penstock/gateway/ledger/Traffic"
import type { AlertsConfig } from "@penstock/schema/config/Alerts"
import type { BudgetState } from "@penstock/schema/LedgerEntry"
import { Runs } from "@penstock/workflow/runtime/Runs"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Alert } from "./Alert.ts"

const errorMinutes = 5

/** Each share by itself, in the present window: a new window is a new condition. */
export const ofBudget = ({ budget_percent }: AlertsConfig, budget: BudgetState): ReadonlyArray<Alert> => {
  const { limit_usd, per, resets_at, scope, spent_usd, starts_at } = budget
  if (spent_usd === null || limit_usd === 0) return []
  return budget_percent
    .filter((percent) => spent_usd >= (limit_usd * percent) / 100)
    .map((percent) => ({
      key: `budget ${scope} ${per} ${starts_at ?? ""} ${percent}`,
      kind: "budget",
      summary: `${percent} % of the budget of ${scope} (${limit_usd} USD per ${per}) are spent: ${spent_usd} USD.`,
      details: { scope, per, percent, spent_usd, limit_usd, resets_at }
    }))
}

/** One that is half open has not recovered yet. */
export const ofBreaker = ({ failures, model, provider, state }: BreakerState): ReadonlyArray<Alert> =>
  state === "closed"
    ? []
    : [
        {
          key: `breaker ${provider} ${model}`,
          kind: "breaker",
          summary: `${provider}/${model} keeps failing: its breaker is open, and requests go elsewhere.`,
          details: { provider, model, failures }
        }
      ]

export const ofErrors = (
  { error_percent, error_requests }: AlertsConfig,
  { errors, requests }: { readonly errors: number; readonly requests: number }
): ReadonlyArray<Alert> => {
  const percent = requests === 0 ? 0 : (errors / requests) * 100
  return requests < error_requests || percent < error_percent
    ? []
    : [
        {
          key: "error_rate",
          kind: "error_rate",
          summary: `${Math.round(percent)} % of the ${requests} requests of the last ${errorMinutes} minutes failed.`,
          details: { errors, requests, percent: Math.round(percent) }
        }
      ]
}

/** Fails as a whole: an alert is not over because the database cannot be asked. */
export const make = Effect.gen(function* () {
  const budgets = yield* Budgets
  const keys = yield* Keys
  const breakers = yield* Breakers
  const traffic = yield* Traffic
  const runs = yield* Runs

  return Effect.fnUntraced(function* (config: AlertsConfig) {
    const states = yield* Effect.flatMap(keys.list, budgets.states)
    const seen = yield* traffic.seen(errorMinutes)
    const stalled = yield* runs.stalled((yield* Clock.currentTimeMillis) - config.stuck_after)
    return [
      ...states.flatMap((state) => ofBudget(config, state)),
      ...breakers.states().flatMap(ofBreaker),
      ...ofErrors(config, seen.total),
      ...stalled.map(({ id, workflow }): Alert => ({
        key: `stuck_run ${id}`,
        kind: "stuck_run",
        summary: `The run ${id} of ${workflow} makes no progress.`,
        details: { run_id: id, workflow }
      }))
    ]
  })
})
