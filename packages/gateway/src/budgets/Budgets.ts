/**
 * What a request may spend: which budgets it counts in, what is held back of each while it runs, and what happens when
 * that does not fit.
 *
 * What is held is the most that a request may cost, nearly always more than it does. A request that does not fit only
 * because of what is held for others waits for them instead of being refused, so that parallel requests use a budget up.
 */
import type { Caller } from "@penstock/schema/api/Caller"
import type { BudgetConfig } from "@penstock/schema/config/Limits"
import type { PenstockConfig } from "@penstock/schema/config/PenstockConfig"
import { GatewayError } from "@penstock/schema/GatewayError"
import { type Budget, BudgetState, type Hold, type Opening } from "@penstock/schema/LedgerEntry"
import { formatUsd, fromUsd, NanoDollars, toUsd } from "@penstock/schema/Money"
import type { Trace } from "@penstock/schema/Trace"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { type BudgetExceeded, Ledger, type LedgerError, type Spending } from "../ledger/Ledger.ts"
import { Settings } from "../Settings.ts"
import * as WaitingLine from "./WaitingLine.ts"

/** A workflow's run, and what it may spend by itself. */
export interface Run {
  readonly id: string
  readonly budget: BudgetConfig | null
  /** The parts of it that a request belongs to, where they have limits of their own, in USD. */
  readonly parts?: ReadonlyArray<{ readonly path: string; readonly usd: number }>
  /** The step that asks, by its path in the run. */
  readonly step?: string
  /** The trace of whoever started it; absent where he told of none. */
  readonly trace?: Trace
}

/** A key, declared or made, and what it may spend. */
export interface KeyBudget {
  readonly name: string
  readonly budget: BudgetConfig | null
}

export interface Waiting {
  readonly deadline?: number
  readonly run?: Run | null
}

export interface Service {
  /**
   * One hold for each budget that the request counts in: the gateway's, the key's, the run's. `worstCase` is the most
   * that it may cost; null when that is unknown, and then nothing is held, but what it turns out to cost is counted. A
   * request that costs nothing (0) counts in no budget. It is asked for only if there is a budget.
   */
  readonly holds: (caller: Caller, run: Run | null, worstCase: () => NanoDollars | null) => ReadonlyArray<Hold>
  /**
   * Opens the ledger's row. Waits, first come first served, for requests that are still running, if it would fit once
   * they are settled: not beyond `deadline` (milliseconds since the epoch), and what is part of no run at most 30
   * seconds: somebody waits for it, and a run has times of its own. Fails with `budget_exceeded`, and then nothing was
   * written.
   *
   * To be used as an acquisition (`Effect.acquireUseRelease`), which cannot be interrupted: only the waiting can.
   */
  readonly open: (opening: Opening, waiting?: Waiting) => Effect.Effect<void, GatewayError | LedgerError>
  /** Requests that wait for others to be settled. */
  readonly waiting: () => number
  /** The gateway's budget first, then those of these keys in their order. */
  readonly states: (keys: ReadonlyArray<KeyBudget>) => Effect.Effect<ReadonlyArray<BudgetState>, LedgerError>
}

export class Budgets extends Context.Tag("@penstock/gateway/budgets/Budgets")<Budgets, Service>() {}

/** Milliseconds that a request waits for others that is part of no run. */
const longestWait = 30_000

const budgetOf = (scope: string, { per, usd }: BudgetConfig): Budget => ({ scope, limit: fromUsd(usd), per })

const keyScope = (key: string): string => `key:${key}`

/** A limit per run is one on each run: all such limits are on the same sum, so that the lowest decides. */
const runBudget = (run: Run, limits: ReadonlyArray<BudgetConfig | null | undefined>): ReadonlyArray<Budget> => {
  const [lowest] = [run.budget, ...limits.filter((limit) => limit?.per === "run")]
    .flatMap((limit) => (limit === null || limit === undefined ? [] : [limit.usd]))
    .sort((one, other) => one - other)
  return lowest === undefined ? [] : [budgetOf(`run:${run.id}`, { usd: lowest, per: "run" })]
}

const partBudgets = ({ id, parts = [] }: Run): ReadonlyArray<Budget> =>
  parts.map(({ path, usd }) => budgetOf(`run:${id}/${path}`, { usd, per: "run" }))

/** The budgets that a request of this caller counts in, whatever run it belongs to. */
const standing = (config: PenstockConfig, { budget, key }: Caller): ReadonlyArray<Budget> => [
  ...(config.budget === undefined || config.budget.per === "run" ? [] : [budgetOf("gateway", config.budget)]),
  ...(key === null || budget === null || budget.per === "run" ? [] : [budgetOf(keyScope(key), budget)])
]

const known = (config: PenstockConfig, keys: ReadonlyArray<KeyBudget>): ReadonlyArray<Budget> => [
  ...(config.budget === undefined ? [] : [budgetOf("gateway", config.budget)]),
  ...keys.flatMap(({ budget, name }) => (budget === null ? [] : [budgetOf(keyScope(name), budget)]))
]

const dateTime = (millis: number | null): string | null => (millis === null ? null : new Date(millis).toISOString())

const stateOf = ({ budget: { limit, per, scope }, reserved, resetsAt, spent, startsAt }: Spending): BudgetState => {
  const perRun = per === "run"
  return new BudgetState({
    scope,
    per,
    limit_usd: toUsd(limit),
    spent_usd: perRun ? null : toUsd(spent),
    reserved_usd: perRun ? null : toUsd(reserved),
    remaining_usd: perRun ? null : toUsd(NanoDollars.make(Math.max(0, limit - spent - reserved))),
    starts_at: dateTime(startsAt),
    resets_at: dateTime(resetsAt)
  })
}

const usd = (amount: NanoDollars): string => `$${formatUsd(amount)}`

const subjectOf = (scope: string): string => {
  const [kind = scope, name = ""] = scope.split(/:(.*)/s)
  if (kind === "key") return `key ${name}`
  return kind === "run" ? `run ${name}` : scope
}

/** What the caller is told. */
const refused = (exceeded: BudgetExceeded, now: number): GatewayError => {
  const { budget, fitsLater, needed, reserved, resetsAt, spent } = exceeded
  const window = budget.per === "run" || budget.per === "total" ? "in total" : `per ${budget.per}`
  const then =
    resetsAt === null ? "It does not reset; a higher limit is the only way on." : `It resets at ${dateTime(resetsAt)}.`
  const meanwhile = fitsLater ? " It may fit once the requests that run now are settled." : ""
  return new GatewayError({
    reason: "budget_exceeded",
    code: "budget_exceeded",
    message:
      `The budget of the ${subjectOf(budget.scope)}, ${usd(budget.limit)} ${window}, does not allow this request: ` +
      `${usd(spent)} are spent, ${usd(reserved)} are reserved, and it may cost up to ${usd(needed)}. ${then}${meanwhile}`,
    ...(resetsAt === null ? {} : { retryAfterMillis: Math.max(0, resetsAt - now) })
  })
}

export const make: Effect.Effect<Service, never, Ledger | Settings | Scope.Scope> = Effect.gen(function* () {
  const ledger = yield* Ledger
  const settings = yield* Settings
  const lines = WaitingLine.make()
  yield* ledger.onRelease(lines.callHeads)

  /** Null when it is open. */
  const tryOpen = (opening: Opening): Effect.Effect<BudgetExceeded | null, LedgerError> =>
    Effect.as(ledger.open(opening), null).pipe(Effect.catchTag("BudgetExceeded", Effect.succeed))

  /** In the line of the scope that is waited for, or that refused it. */
  const getInLine = Effect.fnUntraced(function* (
    opening: Opening,
    { deadline = Number.POSITIVE_INFINITY, run = null }: Waiting,
    waitedFor: string,
    first: BudgetExceeded | null
  ) {
    const until = run === null ? Math.min((yield* Clock.currentTimeMillis) + longestWait, deadline) : deadline
    let scope = waitedFor
    let refusal = first
    while (refusal === null || refusal.fitsLater) {
      refusal = yield* lines.wait(scope, until, tryOpen(opening))
      if (refusal === null) return
      scope = refusal.budget.scope
      if ((yield* Clock.currentTimeMillis) >= until) break
    }
    return yield* refused(refusal, yield* Clock.currentTimeMillis)
  })

  const open = (opening: Opening, waiting: Waiting = {}) => {
    const waitedFor = opening.holds.find(({ budget }) => lines.isWaitedFor(budget.scope))?.budget.scope
    // Whoever comes while others wait gets in line behind them.
    return waitedFor === undefined
      ? Effect.catchTag(ledger.open(opening), "BudgetExceeded", (refusal) =>
          getInLine(opening, waiting, refusal.budget.scope, refusal)
        )
      : getInLine(opening, waiting, waitedFor, null)
  }

  /** Of each caller under the configuration in force: his requests come by the thousand. */
  const ofCallers = settings.derive(() => new WeakMap<Caller, ReadonlyArray<Budget>>())

  const budgetsOf = (caller: Caller): ReadonlyArray<Budget> => {
    const known = ofCallers().get(caller)
    if (known !== undefined) return known
    const budgets = standing(settings.current(), caller)
    ofCallers().set(caller, budgets)
    return budgets
  }

  return {
    holds: (caller, run, worstCase) => {
      const applying =
        run === null
          ? budgetsOf(caller)
          : [...budgetsOf(caller), ...runBudget(run, [settings.current().budget, caller.budget]), ...partBudgets(run)]
      if (applying.length === 0) return []
      const most = worstCase()
      return most === 0 ? [] : applying.map((budget) => ({ budget, amount: most ?? NanoDollars.make(0) }))
    },
    open: (opening, waiting) =>
      opening.holds.length === 0
        ? Effect.catchTag(ledger.open(opening), "BudgetExceeded", Effect.die)
        : Effect.suspend(() => open(opening, waiting)),
    waiting: lines.length,
    states: (keys) =>
      Effect.suspend(() => Effect.map(ledger.spending(known(settings.current(), keys)), (all) => all.map(stateOf)))
  }
})

export const layer: Layer.Layer<Budgets, never, Ledger | Settings> = Layer.scoped(Budgets, make)
