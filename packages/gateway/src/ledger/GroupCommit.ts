/**
 * Group commit: all writes queued in a few turns of the event loop share one transaction.
 *
 * A write is pushed to a plain array; one worker fiber, woken by the first, waits for the turns to end and takes
 * everything queued. Per write there is no fiber, no statement and no promise, only its row.
 */
import type { Opening, Settlement } from "@penstock/schema/LedgerEntry"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { type BudgetExceeded, LedgerError } from "./Ledger.ts"

export interface Batch {
  readonly openings: ReadonlyArray<Opening>
  /** Each is of a row that is open already, or of one of the openings. */
  readonly settlements: ReadonlyArray<Settlement>
}

/** The openings that were not written because a budget refused them, by their ids. */
export type Refusals = ReadonlyMap<string, BudgetExceeded>

export const noRefusals: Refusals = new Map()

export interface GroupCommit {
  readonly open: (opening: Opening) => Opened
  readonly settle: (settlement: Settlement) => Effect.Effect<void>
  readonly flush: Effect.Effect<void>
}

/** Why a batch was not committed. `retryable`: another connection holds the lock. */
export interface CommitError {
  readonly cause: unknown
  readonly retryable: boolean
}

type Opened = Effect.Effect<void, LedgerError | BudgetExceeded>
type Resume = (opened: Opened) => void

interface Queued {
  readonly openings: Array<Opening>
  /** One for each opening. */
  readonly opened: Array<Resume>
  readonly settlements: Array<Settlement>
  readonly flushed: Array<() => void>
}

const nothing = (): Queued => ({ openings: [], opened: [], settlements: [], flushed: [] })

/**
 * Turns of the event loop that a batch waits, at most, and only while each brings more. A commit costs the same for one
 * row and for fifty: with 32 connections a request costs a tenth less CPU than with batches of a single turn. Where
 * nothing comes, a turn takes microseconds.
 */
export const mostTurns = 6

/** Ends with the present turn of the event loop. */
export const endOfTurn: Effect.Effect<void> = Effect.async((resume) => {
  const immediate = setImmediate(() => resume(Effect.void))
  return Effect.sync(() => clearImmediate(immediate))
})

/** SQLite waits a little by itself, blocking the process; the long wait is here, where others can go on. */
const whileLocked = Schedule.exponential("20 millis").pipe(
  Schedule.union(Schedule.spaced("500 millis")),
  Schedule.upTo("10 seconds")
)

/**
 * `commit` writes a batch wholly or not at all, but for the openings that it refuses. What is queued when the scope closes is committed before it is closed.
 */
export const make = Effect.fnUntraced(function* (
  commit: (batch: Batch) => Effect.Effect<Refusals, CommitError>
): Effect.fn.Return<GroupCommit, never, Scope.Scope> {
  let queued = nothing()
  let idle: (() => void) | undefined

  const wake = () => {
    if (idle === undefined) return
    const commitAll = idle
    idle = undefined
    let before = 0
    let turns = 0
    const look = (): void => {
      const now = size()
      if (now === before || turns === mostTurns) return commitAll()
      before = now
      turns += 1
      setImmediate(look)
    }
    setImmediate(look)
  }
  const size = () => queued.openings.length + queued.settlements.length + queued.flushed.length

  const work = Effect.async<void>((resume) => {
    idle = () => resume(Effect.void)
    if (size() > 0) wake()
  })

  /** The way that nearly every batch goes has no schedule on it. */
  const commitRetrying = (batch: Batch) =>
    Effect.catchAll(commit(batch), (error) =>
      error.retryable
        ? Effect.retry(commit(batch), { schedule: whileLocked, while: (error) => error.retryable })
        : Effect.fail(error)
    )

  /** One settlement that cannot be written must not take the others of its batch with it. */
  const settleAlone = (settlement: Settlement) =>
    Effect.catchAllCause(commitRetrying({ openings: [], settlements: [settlement] }), (cause) =>
      Effect.logError("a settlement was not written to the ledger", JSON.stringify(settlement), cause)
    )

  const drain = Effect.suspend(() => {
    const batch = queued
    queued = nothing()
    const finish = (opened: Opened, refusals: Refusals) =>
      Effect.sync(() => {
        for (let index = 0; index < batch.opened.length; index++) {
          const refusal = refusals.size === 0 ? undefined : refusals.get(batch.openings[index]?.id ?? "")
          batch.opened[index]?.(refusal === undefined ? opened : Effect.fail(refusal))
        }
        for (const resume of batch.flushed) resume()
      })
    if (batch.openings.length + batch.settlements.length === 0) return finish(Effect.void, noRefusals)
    return Effect.matchCauseEffect(commitRetrying(batch), {
      onSuccess: (refusals) => finish(Effect.void, refusals),
      onFailure: (failure) => {
        const error = Option.getOrNull(Cause.failureOption(failure))
        const cause = error === null ? Cause.squash(failure) : error.cause
        return Effect.zipRight(
          Effect.forEach(batch.settlements, settleAlone, { discard: true }),
          finish(Effect.fail(new LedgerError({ operation: "open", cause })), noRefusals)
        )
      }
    })
  })

  // A batch that was taken is finished: interruption finds the worker only while it waits.
  yield* Effect.forkScoped(Effect.forever(Effect.zipRight(work, Effect.uninterruptible(drain))))

  const flush = Effect.async<void>((resume) => {
    queued.flushed.push(() => resume(Effect.void))
    wake()
  })
  // Registered after the worker, so it runs before the worker is stopped.
  yield* Effect.addFinalizer(() => flush)

  return {
    open: (opening) =>
      Effect.async<void, LedgerError | BudgetExceeded>((resume) => {
        queued.openings.push(opening)
        queued.opened.push(resume)
        wake()
      }),
    settle: (settlement) =>
      Effect.sync(() => {
        queued.settlements.push(settlement)
        wake()
      }),
    flush
  }
})
