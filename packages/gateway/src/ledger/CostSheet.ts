/** The answer to a cost query, from daily sums. */
import type { CostDimension, CostQuery, CostReport, CostRow } from "@penstock/schema/LedgerEntry"
import { NanoDollars, toUsd } from "@penstock/schema/Money"
import type { Price } from "@penstock/schema/Price"
import { buckets } from "@penstock/schema/Usage"
import * as Effect from "effect/Effect"
import { LedgerQueryError } from "./Ledger.ts"
import type * as PriceBook from "./PriceBook.ts"
import { isDay } from "./RequestQuery.ts"
import type { Cell } from "./UsageDaily.ts"

/** A cost query made exact. */
export interface CostSheet {
  readonly by: ReadonlyArray<CostDimension>
  readonly from: string | undefined
  readonly to: string | undefined
  readonly baseline: { readonly name: string; readonly price: (day: string) => Price | null } | undefined
}

const dayOf = (param: "from" | "to", text: string | undefined): Effect.Effect<string | undefined, LedgerQueryError> =>
  text === undefined || isDay(text)
    ? Effect.succeed(text)
    : Effect.fail(new LedgerQueryError({ param, message: `\`${param}\` is not a day: write YYYY-MM-DD` }))

/**
 * The baseline's rates are those of noon (UTC) of each day, and of the lowest tier by prompt length: sums do not tell
 * how long each prompt was, and the lowest tier never overstates what was saved.
 */
export const make = Effect.fnUntraced(function* (
  query: CostQuery,
  prices: PriceBook.Service
): Effect.fn.Return<CostSheet, LedgerQueryError> {
  const from = yield* dayOf("from", query.from)
  const to = yield* dayOf("to", query.to)
  if (from !== undefined && to !== undefined && from > to) {
    return yield* new LedgerQueryError({ param: "to", message: "`to` is before `from`" })
  }
  const by = [...new Set(query.by)]
  const name = query.baseline
  if (name === undefined) return { by, from, to, baseline: undefined }
  const of = prices.find(name)
  if (of === null) {
    return yield* new LedgerQueryError({
      param: "baseline",
      message: `the price of \`${name}\` is not known: name a priced model as provider/model, or set a price in \`pricing.overrides\``
    })
  }
  return { by, from, to, baseline: { name, price: (day) => prices.price(of, Date.parse(`${day}T12:00:00Z`), 0) } }
})

interface Sums {
  requests: number
  errors: number
  unpriced: number
  prompt: number
  completion: number
  cost: number
  /** Pico-dollars: rounded once, at the end. */
  baseline: bigint
}

const nothing = (): Sums => ({
  requests: 0,
  errors: 0,
  unpriced: 0,
  prompt: 0,
  completion: 0,
  cost: 0,
  baseline: 0n
})

const repriced = (cell: Cell, price: Price): bigint =>
  buckets.reduce((pico, bucket) => pico + BigInt(cell[bucket]) * BigInt(price[bucket]), 0n)

const addTo = (sums: Sums, cell: Cell, baseline: bigint): void => {
  sums.requests += cell.requests
  sums.errors += cell.errors
  if (!cell.priced) sums.unpriced += cell.requests
  sums.prompt += cell.input + cell.cacheRead + cell.cacheWrite5m + cell.cacheWrite1h + cell.inputAudio
  sums.completion += cell.output + cell.reasoning + cell.outputAudio
  sums.cost += cell.cost
  sums.baseline += baseline
}

const absent = (name: string): string | null => (name === "" ? null : name)

/** What a group has in common, as its row says it. */
const named = (by: ReadonlySet<CostDimension>, cell: Cell): Partial<CostRow> => ({
  ...(by.has("day") ? { day: cell.day } : {}),
  ...(by.has("model") ? { model: cell.model } : {}),
  ...(by.has("provider") ? { provider: cell.provider } : {}),
  ...(by.has("key") ? { key: absent(cell.key) } : {}),
  ...(by.has("workflow") ? { workflow: absent(cell.workflow) } : {})
})

const toRow = (of: Partial<CostRow>, sums: Sums, withBaseline: boolean): CostRow => {
  const cost = NanoDollars.make(sums.cost)
  const baseline = Number((sums.baseline + 500n) / 1000n)
  return {
    ...of,
    requests: sums.requests,
    errors: sums.errors,
    unpriced: sums.unpriced,
    prompt_tokens: sums.prompt,
    completion_tokens: sums.completion,
    total_tokens: sums.prompt + sums.completion,
    cost_usd: toUsd(cost),
    cost_nanousd: cost,
    ...(withBaseline ? { baseline_usd: baseline / 1e9, saved_usd: (baseline - sums.cost) / 1e9 } : {})
  }
}

const text = (value: string | null | undefined): string => value ?? ""
const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0)

/** By day, then the dearest first; names decide between equals, so that an answer is always in the same order. */
const order = (one: CostRow, other: CostRow): number =>
  compare(text(one.day), text(other.day)) ||
  other.cost_nanousd - one.cost_nanousd ||
  other.requests - one.requests ||
  compare(text(one.provider), text(other.provider)) ||
  compare(text(one.model), text(other.model)) ||
  compare(text(one.key), text(other.key)) ||
  compare(text(one.workflow), text(other.workflow))

/** Cells may be finer than the query's dimensions; `day` of each must be right when there is a baseline. */
export const report = (sheet: CostSheet, cells: Iterable<Cell>): CostReport => {
  const by = new Set(sheet.by)
  const total = nothing()
  const groups = new Map<string, { readonly of: Partial<CostRow>; readonly sums: Sums }>()
  for (const cell of cells) {
    const price = cell.priced && sheet.baseline !== undefined ? sheet.baseline.price(cell.day) : null
    const baseline = price === null ? 0n : repriced(cell, price)
    addTo(total, cell, baseline)
    if (sheet.by.length === 0) continue
    const name = JSON.stringify(sheet.by.map((dimension) => cell[dimension]))
    let group = groups.get(name)
    if (group === undefined) {
      group = { of: named(by, cell), sums: nothing() }
      groups.set(name, group)
    }
    addTo(group.sums, cell, baseline)
  }
  const withBaseline = sheet.baseline !== undefined
  return {
    by: sheet.by,
    baseline: sheet.baseline?.name ?? null,
    costs: [...groups.values()].map((group) => toRow(group.of, group.sums, withBaseline)).sort(order),
    total: toRow({}, total, withBaseline)
  }
}
