/** What is read when somebody looks, rather than counted as it happens: states, sums and the process itself. */
import { Budgets } from "@penstock/gateway/budgets/Budgets"
import { Breakers } from "@penstock/gateway/failover/Breakers"
import { Keys } from "@penstock/gateway/keys/Keys"
import { LedgerEvents } from "@penstock/gateway/ledger/LedgerEvents"
import { isEnded, RunStatus } from "@penstock/schema/Run"
import { RunStore } from "@penstock/workflow/runtime/store/RunStore"
import * as Effect from "effect/Effect"
import { performance } from "node:perf_hooks"
import type { Meter } from "./Meter.ts"
import { instruments } from "./Names.ts"

const liveStatuses = RunStatus.literals.filter((status) => !isEnded(status))
const breakerLevel = { closed: 0, half_open: 1, open: 2 } as const

/** A gauge keeps its last value: what is no longer told of must be told to be over. */
const breakersOf = ({ record }: Meter, { states }: typeof Breakers.Service) => {
  let raised = new Map<string, ReadonlyArray<string>>()
  return () => {
    const now = new Map<string, ReadonlyArray<string>>()
    for (const { model, provider, state } of states()) {
      const labels = [provider, model]
      now.set(labels.join("\n"), labels)
      record(instruments.breaker, breakerLevel[state], labels)
    }
    for (const [key, labels] of raised) if (!now.has(key)) record(instruments.breaker, 0, labels)
    raised = now
  }
}

const processOf = ({ record }: Meter) => {
  let cpu = { user: 0, system: 0 }
  let loop = performance.eventLoopUtilization()
  return () => {
    const used = process.cpuUsage()
    record(instruments.cpu, (used.user - cpu.user) / 1e6, ["user"])
    record(instruments.cpu, (used.system - cpu.system) / 1e6, ["system"])
    cpu = used
    const now = performance.eventLoopUtilization()
    record(instruments.eventLoop, performance.eventLoopUtilization(now, loop).utilization, [])
    loop = now
    const { heapUsed, rss } = process.memoryUsage()
    record(instruments.memory, rss, [])
    record(instruments.heap, heapUsed, [])
    record(instruments.uptime, process.uptime(), [])
  }
}

/** Brings the gauges up to date. A figure that cannot be read keeps its last value, and the log says why. */
export const make = Effect.fnUntraced(function* (meter: Meter) {
  const { record } = meter
  const budgets = yield* Budgets
  const keys = yield* Keys
  const store = yield* RunStore
  const { running } = yield* LedgerEvents
  const breakers = breakersOf(meter, yield* Breakers)
  const ownProcess = processOf(meter)

  const ofBudgets = Effect.map(Effect.flatMap(keys.list, budgets.states), (states) => {
    for (const { limit_usd, per, reserved_usd, scope, spent_usd } of states) {
      record(instruments.budgetLimit, limit_usd, [scope, per])
      // A budget per run has no sum of its own.
      if (spent_usd !== null) record(instruments.budgetSpent, spent_usd, [scope, per])
      if (reserved_usd !== null) record(instruments.budgetReserved, reserved_usd, [scope, per])
    }
  })

  const ofRuns = Effect.map(store.liveCounts, (counts) => {
    for (const status of liveStatuses) record(instruments.runs, counts.get(status) ?? 0, [status])
  })

  const ofMemory = Effect.sync(() => {
    record(instruments.running, running(), [])
    record(instruments.waiting, budgets.waiting(), [])
    breakers()
    ownProcess()
  })

  return Effect.forEach([ofMemory, ofBudgets, ofRuns], (reading) =>
    Effect.catchAllCause(reading, (cause) => Effect.logWarning("Some metrics could not be read.", cause))
  ).pipe(Effect.asVoid)
})
