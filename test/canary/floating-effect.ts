// This file is wrong on purpose: `test/canary.test.ts` proves that the compiler says so.
import * as Effect from "effect/Effect"

export const forgotten = (): void => {
  Effect.log("created, and never run")
}
