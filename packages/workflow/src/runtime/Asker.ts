/** On whose behalf a step asks models and tools: what the gateway is told, which knows keys, budgets and the ledger. */
import type { Caller } from "@penstock/schema/api/Caller"
import { toUsd } from "@penstock/schema/Money"
import type { Run } from "@penstock/gateway/budgets/Budgets"
import type { Budget } from "./TokenBudgets.ts"
import type { World } from "./World.ts"

export interface Asker {
  /** Who started the run; null where nobody is asked for a key. */
  readonly caller: Caller | null
  /** The workflow's name. */
  readonly workflow: string
  readonly run: Run
}

/** As the gateway knows them, which holds the money. */
const toRun = ({ runId, trace }: World, step: string, budgets: ReadonlyArray<Budget>): Run => {
  const limits = budgets.flatMap(({ limit: { nanoDollars }, path }) =>
    nanoDollars === null ? [] : [{ path, usd: toUsd(nanoDollars) }]
  )
  const whole = limits.find(({ path }) => path === null)
  return {
    id: runId,
    step,
    ...(trace === null ? {} : { trace }),
    budget: whole === undefined ? null : { usd: whole.usd, per: "run" },
    parts: limits.flatMap(({ path, usd }) => (path === null ? [] : [{ path, usd }]))
  }
}

/** `path` is the step's; `budgets` are what is paid from, the run's first. */
export const of = (world: World, path: string, budgets: ReadonlyArray<Budget>): Asker => ({
  caller: world.caller,
  workflow: world.plan.name,
  run: toRun(world, path, budgets)
})
