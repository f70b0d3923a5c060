/**
 * Hedging: when the first target is silent for some time, the next is asked as well, and whoever answers first goes on.
 * It costs a second call, so that the share of hedged requests is bounded.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"

export interface Budget {
  /** A request for which a hedge would be allowed has come. */
  readonly request: (maxShare: number) => void
  /** Whether one more hedge is within the share; it counts as made. */
  readonly take: () => boolean
}

/** What may pile up while no target is slow: a bad minute is not answered with twice the load. */
const mostSaved = 10

/** Each request earns its share of a hedge; the first is given in advance. */
export const budget = (): Budget => {
  let saved = 1
  return {
    request: (maxShare) => {
      saved = maxShare === 0 ? 0 : Math.min(mostSaved, saved + maxShare)
    },
    take: () => {
      if (saved < 1) return false
      saved -= 1
      return true
    }
  }
}

export interface Contest<E> {
  readonly first: Effect.Effect<void, E>
  /** Milliseconds after which the second starts. */
  readonly after: number
  /** Starts it, or says null when the first has answered, or it may not. */
  readonly second: () => Effect.Effect<void, E> | null
  /** Whether the other is waited for after a failure of one of them. */
  readonly goesOn: (failure: E, of: "first" | "second") => boolean
}

/**
 * Succeeds with the first that does. Fails when one does whose failure is not made up for by waiting for the other.
 * Interruption interrupts both.
 */
export const contest = <E>({ after, first, goesOn, second }: Contest<E>): Effect.Effect<void, E> => {
  const later = Effect.zipRight(
    Effect.sleep(after),
    Effect.suspend(() => second() ?? Effect.never)
  )
  const ended = (of: "first" | "second") => (exit: Exit.Exit<void, E>, other: Fiber.Fiber<void, E>) =>
    Exit.isFailure(exit) && Option.exists(Cause.failureOption(exit.cause), (failure) => goesOn(failure, of))
      ? Fiber.join(other)
      : Effect.zipRight(Fiber.interrupt(other), exit)
  return Effect.raceWith(first, later, { onSelfDone: ended("first"), onOtherDone: ended("second") })
}
