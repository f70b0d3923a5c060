/**
 * The requests that run now: a fiber each, forked on Node's events, to be waited for and interrupted when the server
 * stops.
 *
 * What `FiberSet` does, without a `Set`. V8 rebuilds the table of a `Set` every few dozen additions and removals, and
 * each old table keeps its successor and its entries alive: once one of them is promoted to the old generation, so is
 * every request from then on, until the next full collection. Measured with 32 connections: collections of the young
 * generation took 6 to 14 ms instead of 1 to 2, and a request a quarter more CPU.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import { globalValue } from "effect/GlobalValue"
import { hasProperty } from "effect/Predicate"
import * as Runtime from "effect/Runtime"
import * as Scheduler from "effect/Scheduler"
import type * as Scope from "effect/Scope"

export interface Running<E> {
  /** `ended` is a plain function, called at once: it must not throw. */
  readonly fork: (
    effect: Effect.Effect<void, E>,
    ended?: (exit: Exit.Exit<void, E>) => void
  ) => Fiber.RuntimeFiber<void, E>
  /** Completes when nothing runs. */
  readonly idle: Effect.Effect<void>
  readonly interruptAll: (by: FiberId.FiberId) => Effect.Effect<void>
}

/**
 * Effect keeps every root fiber in one such `Set`, for whoever dumps fibers while debugging. A server that forks a root
 * per request does without. Nothing else reads it (effect 3.22.4, `internal/fiberScope.ts`); where it has another
 * shape, nothing is changed.
 */
const forgetRoots = Effect.sync(() => {
  const scope: unknown = globalValue(Symbol.for("effect/FiberScope/Global"), () => null)
  if (hasProperty(scope, "roots") && scope.roots instanceof Set) Object.assign(scope, { add: () => {} })
})

/** Steps after which a fiber lets others go on; Effect's own number. */
const stepsBeforeYield = 2048

/**
 * Effect's own keeps a queue for each fiber, found through a `WeakMap`, which costs each request an entry in it and a
 * microtask at every resumption; and it looks up at every step how many there may be. One queue for all is drained in
 * the same order.
 */
const sharedQueue = (): Scheduler.Scheduler => {
  const scheduler = new Scheduler.MixedScheduler(2048)
  return Scheduler.make(
    (task, priority) => scheduler.scheduleTask(task, priority),
    (fiber) => fiber.currentOpCount > stepsBeforeYield && 0
  )
}

interface Entry<E> {
  readonly fiber: Fiber.RuntimeFiber<void, E>
  position: number
}

/** Whatever still runs when the scope closes is interrupted. */
export const make = <E>(): Effect.Effect<Running<E>, never, Scope.Scope> =>
  Effect.gen(function* () {
    yield* forgetRoots
    const runFork = Runtime.runFork(yield* Effect.runtime<never>())
    const scheduler = sharedQueue()
    const entries: Array<Entry<E>> = []
    let waiting: Deferred.Deferred<void> | null = null

    /** The last takes the place of the one that goes. */
    const remove = (entry: Entry<E>): void => {
      const last = entries.pop()
      if (last !== undefined && last !== entry) {
        last.position = entry.position
        entries[entry.position] = last
      }
      if (entries.length > 0 || waiting === null) return
      Deferred.unsafeDone(waiting, Exit.void)
      waiting = null
    }
    const interruptAll: Running<E>["interruptAll"] = (by) =>
      Effect.suspend(() =>
        Effect.forEach([...entries], ({ fiber }) => Fiber.interruptAs(fiber, by), {
          concurrency: "unbounded",
          discard: true
        })
      )
    yield* Effect.addFinalizer(() => Effect.flatMap(Effect.fiberId, interruptAll))

    return {
      fork: (effect, ended) => {
        const fiber = runFork(effect, { scheduler })
        const entry: Entry<E> = { fiber, position: entries.length }
        entries.push(entry)
        // Told at once when it has ended already.
        fiber.addObserver((exit) => {
          ended?.(exit)
          remove(entry)
        })
        return fiber
      },
      idle: Effect.suspend(() => {
        if (entries.length === 0) return Effect.void
        waiting ??= Deferred.unsafeMake<void>(FiberId.none)
        return Deferred.await(waiting)
      }),
      interruptAll
    }
  })
