/** Who wants to know that money was given back. Plain calls: they run after commits. */
import * as Effect from "effect/Effect"
import type { Service } from "./Ledger.ts"

export interface Listeners {
  readonly tell: () => void
  readonly add: Service["onRelease"]
}

export const make = (): Listeners => {
  const listeners = new Set<() => void>()
  return {
    tell: () => {
      for (const listener of listeners) listener()
    },
    add: (listener) =>
      Effect.acquireRelease(
        Effect.sync(() => void listeners.add(listener)),
        () => Effect.sync(() => void listeners.delete(listener))
      )
  }
}
