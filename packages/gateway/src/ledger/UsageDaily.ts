/**
 * Daily sums by provider, model, key and workflow, kept beside the requests, so that costs are read without reading
 * requests. A request counts for the day (UTC) that it started on.
 */
import type { Opening, Settlement } from "@penstock/schema/LedgerEntry"
import { type Bucket, buckets } from "@penstock/schema/Usage"

/** A sum over requests. An absent key or workflow is the empty text. */
export interface Cell extends Record<Bucket, number> {
  readonly day: string
  readonly provider: string
  readonly model: string
  readonly key: string
  readonly workflow: string
  /** Whether the cost of these requests is known: those with and without a cost are summed apart. */
  readonly priced: boolean
  requests: number
  errors: number
  /** Nano-dollars. */
  cost: number
}

/** How a request ended: as it was settled, or as the next start found it. */
export type Ending = Omit<Settlement, "status"> & { readonly status: Settlement["status"] | "interrupted" }

const millisPerDay = 86_400_000

let dayOf: { readonly number: number; readonly text: string } = { number: 0, text: "1970-01-01" }

/** `YYYY-MM-DD`, UTC. Nearly every call asks for today, so the last answer is kept. */
export const day = (millis: number): string => {
  const number = Math.floor(millis / millisPerDay)
  if (number !== dayOf.number) dayOf = { number, text: new Date(number * millisPerDay).toISOString().slice(0, 10) }
  return dayOf.text
}

/** Adds one request to its cell. */
export const add = (cells: Map<string, Cell>, opening: Opening, ending: Ending): void => {
  const of = {
    day: day(opening.startedAt),
    provider: ending.provider,
    model: ending.model,
    key: opening.key ?? "",
    workflow: opening.workflowName ?? "",
    priced: ending.cost !== null
  }
  // The lengths keep the parts apart, whatever the names hold.
  const name = `${of.day}${of.priced ? 1 : 0}${of.provider.length},${of.model.length},${of.key.length},${of.provider}${of.model}${of.key}${of.workflow}`
  let cell = cells.get(name)
  if (cell === undefined) {
    cell = {
      ...of,
      requests: 0,
      errors: 0,
      input: 0,
      cacheRead: 0,
      cacheWrite5m: 0,
      cacheWrite1h: 0,
      inputAudio: 0,
      output: 0,
      reasoning: 0,
      outputAudio: 0,
      cost: 0
    }
    cells.set(name, cell)
  }
  cell.requests += 1
  if (ending.status === "error" || ending.status === "interrupted") cell.errors += 1
  if (ending.usage !== null) for (const bucket of buckets) cell[bucket] += ending.usage[bucket]
  if (ending.cost !== null) cell.cost += ending.cost
}
