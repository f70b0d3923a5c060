/** Daily costs as a chart wants them: a bar for each day, the dearest names apart and the rest together. */
import type { CostRow } from "@penstock/schema/LedgerEntry"
import type { Series } from "../design/Charts.tsx"

export type Dimension = "model" | "provider" | "key" | "workflow"

const none: { readonly [D in Dimension]: string } = {
  model: "no model",
  provider: "no provider",
  key: "no key",
  workflow: "no workflow"
}

/** What a row is of. */
export const nameOf = (row: CostRow, dimension: Dimension): string => row[dimension] ?? none[dimension]

const apart = 7
const rest = "Others"

/** From the first day to the last one, both included. */
export const days = (from: string, to: string): ReadonlyArray<string> => {
  const all: Array<string> = []
  for (let at = Date.parse(`${from}T00:00:00Z`); at <= Date.parse(`${to}T00:00:00Z`); at += 86_400_000) {
    all.push(new Date(at).toISOString().slice(0, 10))
  }
  return all
}

export interface Stack {
  readonly series: ReadonlyArray<Series>
  readonly points: ReadonlyArray<{ readonly [key: string]: number | string }>
}

/**
 * Keys of the points are numbers and not names: a chart takes the dots of `gpt-4.1` for a path. `costs` are by the
 * dimension and by day.
 */
export const stack = (costs: ReadonlyArray<CostRow>, dimension: Dimension, over: ReadonlyArray<string>): Stack => {
  const totals = new Map<string, number>()
  for (const row of costs) {
    const name = nameOf(row, dimension)
    totals.set(name, (totals.get(name) ?? 0) + row.cost_usd)
  }
  const ordered = [...totals].sort(([, one], [, other]) => other - one).map(([name]) => name)
  const names = ordered.length <= apart + 1 ? ordered : [...ordered.slice(0, apart), rest]
  const keyOf = (name: string): string => `s${names.includes(name) ? names.indexOf(name) : names.length - 1}`
  const byDay = new Map(over.map((day) => [day, new Map<string, number>()]))
  for (const row of costs) {
    const sums = byDay.get(row.day ?? "")
    const key = keyOf(nameOf(row, dimension))
    sums?.set(key, (sums.get(key) ?? 0) + row.cost_usd)
  }
  return {
    series: names.map((title, index) => ({ key: `s${index}`, title })),
    points: [...byDay].map(([day, sums]) => ({ day, ...Object.fromEntries(sums) }))
  }
}
