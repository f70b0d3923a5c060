/**
 * What was asked lately, answered at once however long the ledger is: settled rows are added to sums by the minute as
 * they come, and never read twice. Rows of other processes on the same file count as well.
 */
import * as SqlClient from "@effect/sql/SqlClient"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as GroupCommit from "./GroupCommit.ts"
import { LedgerError } from "./Ledger.ts"
import * as TrafficWindow from "./TrafficWindow.ts"

/** What the ledger knows of the last minutes. */
export interface Seen extends TrafficWindow.View {
  /** Requests under way. */
  readonly open: number
}

export interface Service {
  /** Of so many minutes up to now, at most a day. */
  readonly seen: (minutes: number) => Effect.Effect<Seen, LedgerError>
}

export class Traffic extends Context.Tag("@penstock/gateway/ledger/Traffic")<Traffic, Service>() {}

/** Rows that one statement sums: the driver blocks the process meanwhile, for some 10 ms. */
const rowsAtOnce = 10_000
/** Nobody has to ask for the sums to be kept up: whoever does ask must not wait for a day's rows. */
const keptUp = Schedule.spaced("5 seconds")
/** Rows are in the order of their end; of the first to be counted, the one that began first may have ended later. */
const outOfOrder = 1000

const tokens = "input + cache_read + cache_write_5m + cache_write_1h + input_audio + output + reasoning + output_audio"

const statements = (sql: SqlClient.SqlClient) => ({
  last: sql<{ readonly seq: number }>`SELECT coalesce(MAX(seq), 0) AS seq FROM request_log`,
  firstSince: (millis: number) =>
    sql<{ readonly seq: number | null }>`SELECT MIN(seq) AS seq FROM
      (SELECT seq FROM request_log WHERE started_at >= ${millis} ORDER BY started_at LIMIT ${outOfOrder})`,
  cells: (after: number, to: number) =>
    sql<TrafficWindow.Cell>`SELECT CAST(started_at / ${TrafficWindow.millisPerMinute} AS INTEGER) AS minute, provider,
      CAST(${TrafficWindow.bucketsPerE} * ln(MAX(latency_ms, 1)) AS INTEGER) AS bucket,
      COUNT(*) AS requests, SUM(status IN ('error', 'interrupted')) AS errors, SUM(cost IS NULL) AS unpriced,
      coalesce(SUM(${sql.literal(tokens)}), 0) AS tokens, coalesce(SUM(cost), 0) AS cost
      FROM request_log WHERE seq > ${after} AND seq <= ${to} GROUP BY 1, 2, 3`,
  open: sql<{ readonly open: number }>`SELECT COUNT(*) AS open FROM request_open`
})

const minuteNow = Effect.map(Clock.currentTimeMillis, (now) => Math.floor(now / TrafficWindow.millisPerMinute))

/** Rows are counted from both sides: those that come, and those that were there, of which the newest are asked for first. */
interface Counted {
  /** All after this one were counted, */
  from: number
  /** up to this one. */
  to: number
}

export const make: Effect.Effect<Service, never, SqlClient.SqlClient | Scope.Scope> = Effect.gen(function* () {
  const ask = statements(yield* SqlClient.SqlClient)
  const window = TrafficWindow.make()
  const alone = yield* Effect.makeSemaphore(1)
  /** Null before the first. */
  let counted: Counted | null = null

  const newest = Effect.map(ask.last, ([last]) => last?.seq ?? 0)

  /** The last row that is older than what is shown of so many minutes. */
  const olderThan = Effect.fnUntraced(function* (minutes: number) {
    const { length, step } = TrafficWindow.gridOf(minutes)
    const from = (yield* minuteNow) - length * step
    const [first] = yield* ask.firstSince(from * TrafficWindow.millisPerMinute)
    return first === undefined || first.seq === null ? yield* newest : first.seq - 1
  })

  /** Counts some of the rows after `since` up to `end` that were not; false when there are none. */
  const countSome = (since: number, end: number) =>
    Effect.gen(function* () {
      counted ??= { from: end, to: end }
      const { from, to } = counted
      if (to < end) {
        const next = Math.min(end, to + rowsAtOnce)
        window.add(yield* ask.cells(to, next))
        counted.to = next
        return true
      }
      if (from <= since) return false
      const next = Math.max(since, from - rowsAtOnce)
      window.add(yield* ask.cells(next, from))
      counted.from = next
      return true
    }).pipe(alone.withPermits(1))

  /** Others have their turn after each statement, and whoever asks for an hour does not wait for the day. */
  const count = (minutes: number) =>
    Effect.gen(function* () {
      const since = yield* olderThan(minutes)
      const end = yield* newest
      while (yield* countSome(since, end)) yield* GroupCommit.endOfTurn
    }).pipe(Effect.mapError((cause) => new LedgerError({ operation: "read", cause })))

  const countAll = Effect.zipRight(
    count(TrafficWindow.minutesKept),
    Effect.map(minuteNow, (now) => window.forget(now))
  )

  yield* countAll.pipe(
    Effect.catchAll((error) => Effect.logWarning("The traffic could not be summed; the next try is soon", error)),
    Effect.repeat(keptUp),
    Effect.interruptible,
    Effect.forkScoped
  )

  return {
    seen: Effect.fn("Traffic.seen")(function* (minutes) {
      yield* count(minutes)
      const [now] = yield* Effect.mapError(ask.open, (cause) => new LedgerError({ operation: "read", cause }))
      return { ...window.view(yield* minuteNow, minutes), open: now?.open ?? 0 }
    })
  } satisfies Service
})

/** Over the ledger's file, which has the ledger's tables. */
export const layerSqlite: Layer.Layer<Traffic, never, SqlClient.SqlClient> = Layer.scoped(Traffic, make)
