/**
 * The created keys in memory, in step with where they are kept: at once with the writes of this process, within seconds
 * with those of others.
 */
import * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as CreatedKeys from "./CreatedKeys.ts"
import type { KeyStoreError, Service as KeyStore, StoredKey } from "./KeyStore.ts"

export interface KeyBook {
  readonly current: () => CreatedKeys.CreatedKeys
  /** As the store's; when it completes, `current` has the change. */
  readonly modify: <E>(
    name: string,
    change: (current: StoredKey | null) => Either.Either<StoredKey | null, E>
  ) => Effect.Effect<StoredKey | null, E | KeyStoreError>
}

/** How long a change that another process made may go unnoticed here. */
const refreshInterval = "3 seconds"

export const make = Effect.fnUntraced(function* (
  store: KeyStore
): Effect.fn.Return<KeyBook, KeyStoreError, Scope.Scope> {
  // Asked before the keys are read: a change in between is found by the next refresh.
  yield* store.changedElsewhere
  let current = CreatedKeys.make(yield* store.load)

  /** One at a time: a refresh that read before a write must not be applied after it, and bring an old secret back. */
  const alone = (yield* Effect.makeSemaphore(1)).withPermits(1)

  // Stays until the keys were read: a change that could not be is not forgotten.
  let stale = false
  const refresh = Effect.gen(function* () {
    stale = (yield* store.changedElsewhere) || stale
    if (!stale) return
    current = CreatedKeys.make(yield* store.load)
    stale = false
  }).pipe(
    alone,
    Effect.catchAll((error) => Effect.logWarning("The keys could not be read again; those known stay in force", error))
  )
  yield* refresh.pipe(Effect.schedule(Schedule.spaced(refreshInterval)), Effect.forkScoped)

  return {
    current: () => current,
    modify: (name, change) =>
      store.modify(name, change).pipe(
        Effect.tap((next) =>
          Effect.sync(() => {
            const others = current.all.filter((key) => key.name !== name)
            current = CreatedKeys.make(next === null ? others : [...others, next])
          })
        ),
        // What is written is known here, too, even if the admin's connection is gone by then.
        Effect.uninterruptible,
        alone
      )
  }
})
