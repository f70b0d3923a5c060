/** The ledger in memory: for tests, and for programs that embed the gateway and keep no file. Unbounded. */
import { type Opening, RequestRow, type RequestRow as Row } from "@penstock/schema/LedgerEntry"
import { toUsd } from "@penstock/schema/Money"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as CostSheet from "./CostSheet.ts"
import { Ledger, type Service } from "./Ledger.ts"
import { PriceBook } from "./PriceBook.ts"
import * as RequestQuery from "./RequestQuery.ts"
import * as UsageDaily from "./UsageDaily.ts"

interface Entry {
  readonly opening: Opening
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
    error: ending?.error ? `${ending.error.reason}: ${ending.error.message}` : null
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
  let entries: Array<Entry> = []

  return {
    open: (opening) =>
      Effect.sync(() => {
        if (open.has(opening.id)) return
        const entry: Entry = { opening, ending: null }
        open.set(opening.id, entry)
        entries.push(entry)
      }),
    settle: (settlement) =>
      Effect.sync(() => {
        const entry = open.get(settlement.id)
        if (entry === undefined) return
        open.delete(settlement.id)
        entry.ending = settlement
        UsageDaily.add(cells, entry.opening, settlement)
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
        return deleted
      })
  }
})

export const layer: Layer.Layer<Ledger, never, PriceBook> = Layer.effect(Ledger, make)
