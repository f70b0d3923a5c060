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
const rowsAtOnce = 20_000
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

export const make: Effect.Effect<Service, never, SqlClient.SqlClient | Scope.Scope> = Effect.gen(function* () {
  const ask = statements(yield* SqlClient.SqlClient)
  const window = TrafficWindow.make()
  const alone = yield* Effect.makeSemaphore(1)
  /** The last row that was counted; null before the first. */
  let counted: number | null = null

  const beginning = Effect.gen(function* () {
    const oldest = (yield* minuteNow) - TrafficWindow.minutesKept
    const [first] = yield* ask.firstSince(oldest * TrafficWindow.millisPerMinute)
    const [last] = yield* ask.last
    return first?.seq === null || first === undefined ? (last?.seq ?? 0) : first.seq - 1
  })

  const catchUp = alone.withPermits(1)(
    Effect.gen(function* () {
      counted ??= yield* beginning
      const [last] = yield* ask.last
      const end = last?.seq ?? 0
      while (counted < end) {
        const to: number = Math.min(end, counted + rowsAtOnce)
        window.add(yield* ask.cells(counted, to))
        counted = to
        if (to < end) yield* GroupCommit.endOfTurn
      }
      window.forget(yield* minuteNow)
    }).pipe(Effect.mapError((cause) => new LedgerError({ operation: "read", cause })))
  )

  yield* catchUp.pipe(
    Effect.catchAll((error) => Effect.logWarning("The traffic could not be summed; the next try is soon", error)),
    Effect.repeat(keptUp),
    Effect.interruptible,
    Effect.forkScoped
  )

  return {
    seen: Effect.fn("Traffic.seen")(function* (minutes) {
      yield* catchUp
      const [now] = yield* Effect.mapError(ask.open, (cause) => new LedgerError({ operation: "read", cause }))
      return { ...window.view(yield* minuteNow, minutes), open: now?.open ?? 0 }
    })
  } satisfies Service
})

/** Over the ledger's file, which has the ledger's tables. */
export const layerSqlite: Layer.Layer<Traffic, never, SqlClient.SqlClient> = Layer.scoped(Traffic, make)
