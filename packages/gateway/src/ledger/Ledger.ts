/**
 * The ledger: one row per request, opened before anything is sent and settled whatever happens.
 *
 * Two implementations keep the same promises (`test/ledger/conformance.ts`): `LedgerSqlite` on disk, `LedgerMemory`
 * for tests and for programs that embed the gateway.
 */
import type {
  Budget,
  CostQuery,
  CostReport,
  Opening,
  RequestDetail,
  RequestFilter,
  RequestPage,
  Settlement
} from "@penstock/schema/LedgerEntry"
import type { NanoDollars } from "@penstock/schema/Money"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { ToolLog } from "./ToolLog.ts"

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

/** What a request may cost at most does not fit into a budget. Nothing was written. */
export class BudgetExceeded extends Data.TaggedError("BudgetExceeded")<{
  readonly budget: Budget
  readonly spent: NanoDollars
  /** Held back for requests that are not settled yet. */
  readonly reserved: NanoDollars
  readonly needed: NanoDollars
  /** When the next window begins, in milliseconds since the epoch; null for a budget that has one window only. */
  readonly resetsAt: number | null
  /** Whether it would fit if what is reserved were settled at nothing: only then is waiting of use. */
  readonly fitsLater: boolean
}> {}

/** What one budget has seen in its present window. */
export interface Spending {
  readonly budget: Budget
  readonly spent: NanoDollars
  readonly reserved: NanoDollars
  /** Milliseconds since the epoch; null for `run` and `total`, which have no calendar window. */
  readonly startsAt: number | null
  readonly resetsAt: number | null
}

export interface Service extends ToolLog {
  /**
   * Completes when the row is committed, and with it what it holds of each budget: all or nothing. The window is that of
   * the Clock at this moment. Open within an acquisition that interruption cannot cut short
   * (`Effect.acquireUseRelease`), so that whatever was opened is settled. Opening an open row again changes nothing.
   */
  readonly open: (opening: Opening) => Effect.Effect<void, LedgerError | BudgetExceeded>
  /**
   * Queues the settlement and returns at once; it is committed with the writes of the next few event-loop turns, and with
   * it the budgets: what was held is released and what it cost is counted, in the window in which it was held. A cost above
   * what was held is counted all the same, and a warning logged; an unknown one counts as nothing.
   *
   * A row is settled once: a second settlement changes nothing. Never fails: a database error is logged with the whole
   * settlement, so that the figure is not lost.
   */
  readonly settle: (settlement: Settlement) => Effect.Effect<void>
  /** Completes when everything queued before is committed. */
  readonly flush: Effect.Effect<void>
  /** Like all reads here, of everything that was settled before. */
  readonly requests: (filter: RequestFilter) => Effect.Effect<RequestPage, LedgerError | LedgerQueryError>
  /**
   * One request with its attempts, its turns and what tools were called in it; null when there is none with this id. Ids carry the time of the request's start
   * (`RequestId.at`), by which it is found.
   */
  readonly request: (id: string) => Effect.Effect<RequestDetail | null, LedgerError>
  /** Sums by day; never reads the requests, so it answers at once however many there are. */
  readonly costs: (query: CostQuery) => Effect.Effect<CostReport, LedgerError | LedgerQueryError>
  /**
   * Deletes the settled requests that started before `before` (milliseconds since the epoch) and says how many there
   * were. Their attempts go with them; their sums stay in `costs`. Of a budget the latest windows stay as well.
   */
  readonly prune: (before: number) => Effect.Effect<number, LedgerError>
  /** What these budgets have seen in their present windows, in the same order. */
  readonly spending: (budgets: ReadonlyArray<Budget>) => Effect.Effect<ReadonlyArray<Spending>, LedgerError>
  /** Calls `listener` whenever this process has given back what was held, for as long as the scope lives. */
  readonly onRelease: (listener: () => void) => Effect.Effect<void, never, Scope.Scope>
}

export class Ledger extends Context.Tag("@penstock/gateway/ledger/Ledger")<Ledger, Service>() {}
