/**
 * The last day by the minute and provider, in memory: sums, and a histogram of latencies from which percentiles are
 * read. Buckets grow by 5 %, so that a few hundred hold everything from a millisecond to an hour, and an answer is never
 * further off than that.
 */
import type { ProviderTraffic, TrafficFigures, TrafficPoint } from "@penstock/schema/Traffic"

/** Some requests of one minute, provider and latency bucket. */
export interface Cell {
  /** Minutes since the epoch. */
  readonly minute: number
  readonly provider: string
  /** Of `bucketOf`; null for requests without a latency. */
  readonly bucket: number | null
  readonly requests: number
  readonly errors: number
  readonly unpriced: number
  readonly tokens: number
  /** Nano-dollars. */
  readonly cost: number
}

export const millisPerMinute = 60_000
/** How far back it is kept. */
export const minutesKept = 1440
const mostPoints = 60

/** The points that show so many minutes: how many, and of how many minutes each. Together at least as many. */
export const gridOf = (minutes: number): { readonly step: number; readonly length: number } => {
  const step = Math.ceil(minutes / mostPoints)
  return { step, length: Math.ceil(minutes / step) }
}

/** A bucket is `floor(bucketsPerE * ln(millis))`. */
export const bucketsPerE = 1 / Math.log(1.05)

/** The middle of a bucket, in milliseconds. */
const millisOf = (bucket: number): number => Math.round(Math.exp((bucket + 0.5) / bucketsPerE))

interface Sums {
  requests: number
  errors: number
  unpriced: number
  tokens: number
  cost: number
  readonly latencies: Map<number, number>
}

const nothing = (): Sums => ({ requests: 0, errors: 0, unpriced: 0, tokens: 0, cost: 0, latencies: new Map() })

const count = (latencies: Map<number, number>, bucket: number, more: number): void => {
  latencies.set(bucket, (latencies.get(bucket) ?? 0) + more)
}

const addCell = (sums: Sums, cell: Cell): void => {
  sums.requests += cell.requests
  sums.errors += cell.errors
  sums.unpriced += cell.unpriced
  sums.tokens += cell.tokens
  sums.cost += cell.cost
  if (cell.bucket !== null) count(sums.latencies, cell.bucket, cell.requests)
}

const addSums = (sums: Sums, more: Sums): void => {
  sums.requests += more.requests
  sums.errors += more.errors
  sums.unpriced += more.unpriced
  sums.tokens += more.tokens
  sums.cost += more.cost
  for (const [bucket, requests] of more.latencies) count(sums.latencies, bucket, requests)
}

/** The latency that this share of the requests stayed below, in milliseconds; null when none was measured. */
const percentile = (latencies: ReadonlyMap<number, number>, share: number): number | null => {
  const ordered = [...latencies].sort(([one], [other]) => one - other)
  const measured = ordered.reduce((all, [, requests]) => all + requests, 0)
  let seen = 0
  for (const [bucket, requests] of ordered) {
    seen += requests
    if (seen >= share * measured) return millisOf(bucket)
  }
  return null
}

const figures = ({ cost, errors, latencies, requests, tokens, unpriced }: Sums): TrafficFigures => ({
  requests,
  errors,
  unpriced,
  total_tokens: tokens,
  cost_usd: cost / 1e9,
  p50_ms: percentile(latencies, 0.5),
  p95_ms: percentile(latencies, 0.95)
})

export interface View {
  /** Minutes since the epoch. */
  readonly from: number
  readonly step: number
  readonly total: TrafficFigures
  readonly points: ReadonlyArray<TrafficPoint>
  readonly providers: ReadonlyArray<ProviderTraffic>
}

export interface TrafficWindow {
  readonly add: (cells: ReadonlyArray<Cell>) => void
  /** The minutes up to this one, in steps of whole minutes. */
  readonly view: (now: number, minutes: number) => View
  /** Forgets what is older than a day. */
  readonly forget: (now: number) => void
}

/** `now` is in minutes since the epoch throughout. */
export const make = (): TrafficWindow => {
  const minutes = new Map<number, Map<string, Sums>>()
  const sumsOf = (minute: number, provider: string): Sums => {
    let providers = minutes.get(minute)
    if (providers === undefined) minutes.set(minute, (providers = new Map()))
    let sums = providers.get(provider)
    if (sums === undefined) providers.set(provider, (sums = nothing()))
    return sums
  }
  return {
    add: (cells) => {
      for (const cell of cells) addCell(sumsOf(cell.minute, cell.provider), cell)
    },
    view: (now, wanted) => {
      const { length, step } = gridOf(wanted)
      const from = now - length * step + 1
      const total = nothing()
      const points = Array.from({ length }, nothing)
      const providers = new Map<string, Sums>()
      for (let minute = from; minute <= now; minute++) {
        for (const [provider, sums] of minutes.get(minute) ?? []) {
          addSums(total, sums)
          const point = points[Math.floor((minute - from) / step)]
          if (point !== undefined) addSums(point, sums)
          const known = providers.get(provider) ?? nothing()
          addSums(known, sums)
          providers.set(provider, known)
        }
      }
      return {
        from,
        step,
        total: figures(total),
        points: points.map((sums, index) => ({
          at: new Date((from + index * step) * millisPerMinute).toISOString(),
          ...figures(sums)
        })),
        providers: [...providers]
          .map(([provider, sums]) => ({ provider, ...figures(sums) }))
          .sort((one, other) => other.requests - one.requests || (one.provider < other.provider ? -1 : 1))
      }
    },
    forget: (now) => {
      for (const minute of minutes.keys()) if (minute <= now - minutesKept) minutes.delete(minute)
    }
  }
}
