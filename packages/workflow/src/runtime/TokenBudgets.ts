/**
 * Budgets of tokens: held back before a call by the most that it may use, counted after it by what it did. Money is held
 * by the ledger; tokens are by the run itself, which no two processes run at once.
 *
 * A call that does not fit only because of what is held for others waits for them.
 */
import * as Effect from "effect/Effect"
import type { Limit } from "../compiler/Plan.ts"
import * as StepError from "./StepError.ts"
import type { Service as Store } from "./store/RunStore.ts"

/** A run, or a part of it, and what may be spent inside. */
export interface Budget {
  /** Of the step that it is about; null for the run. */
  readonly path: string | null
  readonly limit: Limit
}

export interface TokenBudgets {
  /**
   * Makes the call when it fits into all of the budgets; fails with `budget`, and without making it, when it cannot.
   * `most` is asked for only where a budget is of tokens; `used` after the call, however it ended.
   */
  readonly within: <A>(
    budgets: ReadonlyArray<Budget>,
    step: string,
    most: Effect.Effect<number>,
    call: Effect.Effect<A, StepError.StepError>,
    used: () => number
  ) => Effect.Effect<A, StepError.StepError>
}

interface Account {
  readonly path: string | null
  readonly limit: number
  spent: number
  reserved: number
}

const over = (step: string, { limit, path, spent }: Account, most: number): StepError.StepError => {
  const whose = path === null ? "the run" : path
  const message = `${whose} has used ${spent} of its ${limit} tokens, and the next call may use up to ${most}`
  return StepError.make(step, "budget", message, 0)
}

export const make = (store: Pick<Store, "tokens">, runId: string): TokenBudgets => {
  const accounts = new Map<string | null, Account>()
  const opening = Effect.unsafeMakeSemaphore(1)
  const given = Effect.unsafeMakeLatch(false)

  /** What was used by the processes before is in the records. */
  const open = ({ limit: { tokens }, path }: Budget) =>
    opening.withPermits(1)(
      Effect.gen(function* () {
        const known = accounts.get(path)
        if (known !== undefined || tokens === null) return known ?? null
        const account: Account = { path, limit: tokens, spent: yield* store.tokens(runId, path), reserved: 0 }
        accounts.set(path, account)
        return account
      })
    )

  const reserve = Effect.fnUntraced(function* (mine: ReadonlyArray<Account>, step: string, most: number) {
    while (true) {
      const exceeded = mine.find(({ limit, spent }) => spent + most > limit)
      if (exceeded !== undefined) return yield* over(step, exceeded, most)
      if (mine.every(({ limit, reserved, spent }) => spent + reserved + most <= limit)) break
      // Closed before the wait: whoever gives something back from now on opens it.
      given.unsafeClose()
      yield* Effect.interruptible(given.await)
    }
    for (const account of mine) account.reserved += most
  })

  return {
    within: (budgets, step, most, call, used) =>
      Effect.gen(function* () {
        const opened = yield* Effect.forEach(budgets, open)
        const mine = opened.filter((account) => account !== null)
        if (mine.length === 0) return yield* call
        const amount = yield* most
        return yield* Effect.acquireUseRelease(
          reserve(mine, step, amount),
          () => call,
          () =>
            Effect.sync(() => {
              for (const account of mine) {
                account.reserved -= amount
                account.spent += used()
              }
              given.unsafeOpen()
            })
        )
      })
  }
}
