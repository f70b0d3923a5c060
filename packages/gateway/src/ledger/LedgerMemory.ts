/** The ledger in memory: for tests, and for programs that embed the gateway and keep no file. Unbounded. */
import {
  type Attempt,
  AttemptRow,
  type Opening,
  RequestDetail,
  RequestRow,
  type RequestRow as Row
} from "@penstock/schema/LedgerEntry"
import { toUsd } from "@penstock/schema/Money"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Sums from "./BudgetSums.ts"
import * as CostSheet from "./CostSheet.ts"
import { Ledger, type Service } from "./Ledger.ts"
import * as Listeners from "./Listeners.ts"
import { PriceBook } from "./PriceBook.ts"
import * as RequestQuery from "./RequestQuery.ts"
import * as ToolLog from "./ToolLog.ts"
import * as ToolLogMemory from "./ToolLogMemory.ts"
import * as UsageDaily from "./UsageDaily.ts"

interface Entry {
  readonly opening: Opening
  readonly reservations: ReadonlyArray<Sums.Reservation>
  ending: UsageDaily.Ending | null
}

const toRow = ({ ending, opening }: Entry): Row =>
  new RequestRow({
    id: opening.id,
    timestamp: new Date(opening.startedAt).toISOString(),
    workflow_name: opening.workflowName,
    key_name: opening.key,
    endpoint: opening.endpoint,
    requested_model: opening.requestedModel,
    model: ending?.model ?? opening.model,
    provider: ending?.provider ?? opening.provider,
    stream: opening.stream,
    prompt_tokens: ending?.usage?.promptTokens ?? null,
    completion_tokens: ending?.usage?.completionTokens ?? null,
    total_tokens: ending?.usage?.totalTokens ?? null,
    cache_read_tokens: ending?.usage?.cacheRead ?? null,
    cache_write_tokens: ending?.usage ? ending.usage.cacheWrite5m + ending.usage.cacheWrite1h : null,
    reasoning_tokens: ending?.usage?.reasoning ?? null,
    cost_usd: ending === null || ending.cost === null ? null : toUsd(ending.cost),
    cost_nanousd: ending?.cost ?? null,
    latency_ms: ending?.latencyMillis ?? null,
    first_token_ms: ending?.firstTokenMillis ?? null,
    attempts: ending?.attempts.length ?? 0,
    success: ending?.status === "ok",
    status: ending?.status ?? "open",
    error: ending?.error ? `${ending.error.reason}: ${ending.error.message}` : null,
    estimated: ending?.estimated ?? false,
    saved_usd: ending === null || ending.saved === null ? null : toUsd(ending.saved),
    saved_nanousd: ending?.saved ?? null
  })

const toAttemptRow = (requestId: string, attempt: Attempt, index: number): AttemptRow =>
  new AttemptRow({
    request_id: requestId,
    number: index + 1,
    provider: attempt.provider,
    model: attempt.model,
    outcome: attempt.outcome,
    reason: attempt.reason,
    status: attempt.upstreamStatus,
    timestamp: new Date(attempt.startedAt).toISOString(),
    latency_ms: attempt.latencyMillis,
    first_token_ms: attempt.firstTokenMillis,
    prompt_tokens: attempt.usage?.promptTokens ?? null,
    completion_tokens: attempt.usage?.completionTokens ?? null,
    total_tokens: attempt.usage?.totalTokens ?? null,
    cache_read_tokens: attempt.usage?.cacheRead ?? null,
    cost_usd: attempt.cost === null ? null : toUsd(attempt.cost),
    cost_nanousd: attempt.cost
  })

const isBefore = (one: RequestQuery.Position, other: RequestQuery.Position): boolean =>
  one.startedAt === other.startedAt ? one.id < other.id : one.startedAt < other.startedAt

const selects = (query: RequestQuery.RequestQuery, { startedAt, id, row }: RequestQuery.Placed): boolean =>
  (query.model === undefined || row.model === query.model) &&
  (query.provider === undefined || row.provider === query.provider) &&
  (query.key === undefined || row.key_name === query.key) &&
  (query.workflow === undefined || row.workflow_name === query.workflow) &&
  (query.status === undefined || row.status === query.status) &&
  (query.from === undefined || startedAt >= query.from) &&
  (query.to === undefined || startedAt < query.to) &&
  (query.after === undefined || isBefore({ startedAt, id }, query.after))

export const make: Effect.Effect<Service, never, PriceBook> = Effect.gen(function* () {
  const prices = yield* PriceBook
  const open = new Map<string, Entry>()
  const cells = UsageDaily.empty()
  const sums: Sums.Sums = new Map()
  const listeners = Listeners.make()
  const tools = ToolLogMemory.make()
  let entries: Array<Entry> = []

  const belonging = (id: string) => {
    const { calls, parent, turns } = tools.of(id)
    const rows = turns.flatMap((turn) => entries.filter(({ opening }) => opening.id === turn).map(toRow))
    return ToolLog.shown({ parent, calls }, rows)
  }

  return {
    ...tools.log,
    open: (opening) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        if (open.has(opening.id)) return Effect.void
        const reservations = Sums.reserve(sums, opening.holds, Sums.reservationsOf(opening.holds, now))
        if ("_tag" in reservations) return Effect.fail(reservations)
        const entry: Entry = { opening, reservations, ending: null }
        open.set(opening.id, entry)
        entries.push(entry)
        return Effect.void
      }),
    settle: (settlement) =>
      Effect.suspend(() => {
        const entry = open.get(settlement.id)
        if (entry === undefined) return Effect.void
        open.delete(settlement.id)
        entry.ending = settlement
        UsageDaily.add(cells, entry.opening, settlement)
        if (entry.reservations.length === 0) return Effect.void
        Sums.settle(sums, entry.reservations, settlement.cost)
        listeners.tell()
        return Sums.warningIfTooLow(entry.reservations, settlement) ?? Effect.void
      }),
    flush: Effect.void,
    requests: Effect.fn("Ledger.requests")(function* (filter) {
      const query = yield* RequestQuery.make(filter)
      const rows = entries
        .map((entry) => ({ startedAt: entry.opening.startedAt, id: entry.opening.id, row: toRow(entry) }))
        .filter((placed) => selects(query, placed))
        .sort((one, other) => (isBefore(one, other) ? 1 : -1))
      return RequestQuery.page(query, rows)
    }),
    request: (id) =>
      Effect.sync(() => {
        const entry = entries.find(({ opening }) => opening.id === id)
        if (entry === undefined) return null
        const attempts = entry.ending?.attempts ?? []
        return new RequestDetail({
          request: toRow(entry),
          attempts: attempts.map((attempt, index) => toAttemptRow(id, attempt, index)),
          ...belonging(id)
        })
      }),
    costs: Effect.fn("Ledger.costs")(function* (query) {
      const sheet = yield* CostSheet.make(query, prices)
      const { from = "", to = "9999-12-31" } = sheet
      return CostSheet.report(
        sheet,
        cells.list.filter(({ day }) => day >= from && day <= to)
      )
    }),
    prune: (before) =>
      Effect.sync(() => {
        const kept = entries.filter((entry) => entry.ending === null || entry.opening.startedAt >= before)
        const deleted = entries.length - kept.length
        entries = kept
        tools.prune(before)
        return deleted
      }),
    spending: (budgets) =>
      Effect.map(Clock.currentTimeMillis, (now) => budgets.map((budget) => Sums.spendingOf(sums, budget, now))),
    onRelease: listeners.add
  }
})

export const layer: Layer.Layer<Ledger, never, PriceBook> = Layer.effect(Ledger, make)
