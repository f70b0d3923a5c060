/**
 * Requests that wait for money, a line for each scope: first come, first served. Only the head of a line tries; it is
 * called when this process has given something back, and looks by itself now and then for what others have.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { BudgetExceeded } from "../ledger/Ledger.ts"

export interface WaitingLines {
  readonly isWaitedFor: (scope: string) => boolean
  /**
   * Waits in the scope's line and tries from its head, until `attempt` gives null (done), a refusal that waiting here
   * cannot mend (there is no room for it at all, or another scope has none), or it is `until` (milliseconds since the
   * epoch): the last refusal. At least one attempt is made. Waiting can be interrupted, an attempt cannot.
   */
  readonly wait: <E>(
    scope: string,
    until: number,
    attempt: Effect.Effect<BudgetExceeded | null, E>
  ) => Effect.Effect<BudgetExceeded | null, E>
  /** How many wait, in all lines. */
  readonly length: () => number
  /** Something was given back. */
  readonly callHeads: () => void
}

/** Milliseconds between two looks for what other processes have given back. */
const betweenLooks = 250

export const make = (): WaitingLines => {
  /** Sets keep the order in which they were filled. */
  const lines = new Map<string, Set<Effect.Latch>>()

  const headOf = (line: Set<Effect.Latch> | undefined): Effect.Latch | undefined => line?.values().next().value

  const leave = (scope: string, place: Effect.Latch) => {
    const line = lines.get(scope)
    const wasHead = headOf(line) === place
    line?.delete(place)
    if (line?.size === 0) lines.delete(scope)
    // Only the head's leaving lets another try.
    else if (wasHead) headOf(line)?.unsafeOpen()
  }

  const join = (scope: string): Effect.Latch => {
    const line = lines.get(scope) ?? new Set()
    lines.set(scope, line)
    // The first one tries at once: something may have been given back since it was refused.
    const place = Effect.unsafeMakeLatch(line.size === 0)
    line.add(place)
    return place
  }

  /** Until it is called, or `until` or the next look is there. */
  const called = Effect.fnUntraced(function* (scope: string, place: Effect.Latch, until: number) {
    const left = until - (yield* Clock.currentTimeMillis)
    if (left <= 0) return
    const patience = headOf(lines.get(scope)) === place ? Math.min(betweenLooks, left) : left
    yield* Effect.interruptible(Effect.timeoutOption(place.await, patience))
  })

  return {
    isWaitedFor: (scope) => lines.has(scope),
    length: () => [...lines.values()].reduce((sum, line) => sum + line.size, 0),
    wait: (scope, until, attempt) =>
      Effect.uninterruptible(
        Effect.acquireUseRelease(
          Effect.sync(() => join(scope)),
          Effect.fnUntraced(function* (place) {
            while (true) {
              yield* called(scope, place, until)
              // Closed before the attempt: what is given back meanwhile opens it again.
              place.unsafeClose()
              const refusal = yield* attempt
              if (refusal === null || !refusal.fitsLater || refusal.budget.scope !== scope) return refusal
              if ((yield* Clock.currentTimeMillis) >= until) return refusal
            }
          }),
          (place) => Effect.sync(() => leave(scope, place))
        )
      ),
    callHeads: () => {
      for (const line of lines.values()) headOf(line)?.unsafeOpen()
    }
  }
}
