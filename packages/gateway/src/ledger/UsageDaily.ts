/**
 * Daily sums by provider, model, key and workflow, kept beside the requests, so that costs are read without reading
 * requests. A request counts for the day (UTC) that it started on.
 */
import type { Opening, Settlement } from "@penstock/schema/LedgerEntry"
import type { Bucket } from "@penstock/schema/Usage"

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

/** Cells by what they sum. */
export interface Cells {
  readonly list: Array<Cell>
  /** Filled only when there are too many to compare. */
  readonly byName: Map<string, Cell>
}

export const empty = (): Cells => ({ list: [], byName: new Map() })

/** Up to so many cells, comparing is ten times as fast as making a name to look up. */
const compared = 16

const nameOf = (of: Pick<Cell, "day" | "provider" | "model" | "key" | "workflow" | "priced">): string =>
  JSON.stringify([of.day, of.provider, of.model, of.key, of.workflow, of.priced])

const cellOf = (
  cells: Cells,
  day: string,
  provider: string,
  model: string,
  key: string,
  workflow: string,
  priced: boolean
): Cell => {
  const known =
    cells.list.length <= compared
      ? cells.list.find(
          (cell) =>
            cell.model === model &&
            cell.provider === provider &&
            cell.key === key &&
            cell.workflow === workflow &&
            cell.priced === priced &&
            cell.day === day
        )
      : cells.byName.get(nameOf({ day, provider, model, key, workflow, priced }))
  if (known !== undefined) return known
  const cell: Cell = {
    day,
    provider,
    model,
    key,
    workflow,
    priced,
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
  cells.list.push(cell)
  if (cells.list.length > compared)
    for (const one of cells.list.slice(cells.byName.size)) cells.byName.set(nameOf(one), one)
  return cell
}

/** Adds one request to its cell. */
export const add = (cells: Cells, opening: Opening, ending: Ending): void => {
  const { cost, model, provider, status, usage } = ending
  const today = day(opening.startedAt)
  const cell = cellOf(cells, today, provider, model, opening.key ?? "", opening.workflowName ?? "", cost !== null)
  cell.requests += 1
  if (status === "error" || status === "interrupted") cell.errors += 1
  if (cost !== null) cell.cost += cost
  if (usage === null) return
  cell.input += usage.input
  cell.cacheRead += usage.cacheRead
  cell.cacheWrite5m += usage.cacheWrite5m
  cell.cacheWrite1h += usage.cacheWrite1h
  cell.inputAudio += usage.inputAudio
  cell.output += usage.output
  cell.reasoning += usage.reasoning
  cell.outputAudio += usage.outputAudio
}
