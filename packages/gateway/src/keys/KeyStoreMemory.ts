/** Created keys in memory: for tests, and for programs that embed the gateway and keep no file. */
import * as Effect from "effect/Effect"
import type { Service, StoredKey } from "./KeyStore.ts"

export const make: Effect.Effect<Service> = Effect.sync(() => {
  const keys = new Map<string, StoredKey>()
  return {
    load: Effect.sync(() => [...keys.values()]),
    changedElsewhere: Effect.succeed(false),
    modify: (name, change) =>
      Effect.map(
        Effect.suspend(() => change(keys.get(name) ?? null)),
        (next) => {
          if (next === null) keys.delete(name)
          else keys.set(name, next)
          return next
        }
      )
  }
})
