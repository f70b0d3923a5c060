/**
 * The ledger: one row per request, opened before anything is sent and settled whatever happens.
 *
 * Two implementations keep the same promises (`test/ledger/conformance.ts`): `LedgerSqlite` on disk, `LedgerMemory`
 * for tests and for programs that embed the gateway.
 */
import type {
  CostQuery,
  CostReport,
  Opening,
  RequestFilter,
  RequestPage,
  Settlement
} from "@penstock/schema/LedgerEntry"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"

/** The database failed; `operation` says at what. */
export class LedgerError extends Data.TaggedError("LedgerError")<{
  readonly operation: "open" | "settle" | "read" | "migrate" | "prune"
  readonly cause: unknown
}> {}

/** The filter, cursor or dimension is not one; `message` says which are. */
export class LedgerQueryError extends Data.TaggedError("LedgerQueryError")<{
  readonly param: string
  readonly message: string
}> {}

export interface Service {
  /**
   * Completes when the row is committed. Open within an acquisition that interruption cannot cut short
   * (`Effect.acquireUseRelease`), so that whatever was opened is settled. Opening an open row again changes nothing.
   */
  readonly open: (opening: Opening) => Effect.Effect<void, LedgerError>
  /**
   * Queues the settlement and returns at once; it is committed with the writes of the same event-loop turn. A row is
   * settled once: a second settlement changes nothing. Never fails: a database error is logged with the whole
   * settlement, so that the figure is not lost.
   */
  readonly settle: (settlement: Settlement) => Effect.Effect<void>
  /** Completes when everything queued before is committed. */
  readonly flush: Effect.Effect<void>
  readonly requests: (filter: RequestFilter) => Effect.Effect<RequestPage, LedgerError | LedgerQueryError>
  /** Sums by day; never reads the requests, so it answers at once however many there are. */
  readonly costs: (query: CostQuery) => Effect.Effect<CostReport, LedgerError | LedgerQueryError>
  /**
   * Deletes the settled requests that started before `before` (milliseconds since the epoch) and says how many there
   * were. Their sums stay in `costs`.
   */
  readonly prune: (before: number) => Effect.Effect<number, LedgerError>
}

export class Ledger extends Context.Tag("@penstock/gateway/ledger/Ledger")<Ledger, Service>() {}
