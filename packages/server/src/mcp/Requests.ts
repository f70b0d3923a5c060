/** The requests of all conversations that are being answered: a fiber each, to be waited for when the program ends. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import * as FiberSet from "effect/FiberSet"
import type { Run } from "./Protocol.ts"

/** Who asked has left, or wants it no more. */
const askedToStop = FiberId.none

/** Runs effects in the set; what the signal aborts is interrupted. */
export const runner = (set: FiberSet.FiberSet<unknown, unknown>): Effect.Effect<Run> =>
  Effect.map(
    FiberSet.runtime(set)<never>(),
    (fork): Run =>
      (effect, signal) =>
        new Promise((resolve, reject) => {
          const fiber = fork(
            Effect.tapDefect(effect, (cause) => Effect.logError("A request of an MCP client failed", cause))
          )
          const interrupt = () => fiber.unsafeInterruptAsFork(askedToStop)
          if (signal.aborted) interrupt()
          signal.addEventListener("abort", interrupt, { once: true })
          fiber.addObserver((exit) => {
            signal.removeEventListener("abort", interrupt)
            if (Exit.isSuccess(exit)) resolve(exit.value)
            else reject(Cause.squash(exit.cause))
          })
        })
  )
