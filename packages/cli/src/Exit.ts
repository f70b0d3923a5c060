/** How the process ends: what stderr says, and the exit code. */
import * as ValidationError from "@effect/cli/ValidationError"
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { hasProperty } from "effect/Predicate"
import { CommandFailed } from "./CommandFailed.ts"

/** What a shell says of a program that wrote where nobody read any more: 128 and the number of SIGPIPE. */
const brokenPipe = 141

/** A stream that the process was given forgets its errors. */
let isUnread = false

/**
 * Who reads may have seen enough: `penstock run … | head -1`. Without a listener Node prints a stack and ends; with one,
 * whoever writes fails, tidies up, and nothing is said of it.
 */
export const endQuietlyWhenUnread: Effect.Effect<void> = Effect.sync(() => {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error) => {
      if (!hasProperty(error, "code") || error.code !== "EPIPE") throw error
      isUnread ||= stream === process.stdout
    })
  }
})

/** Prints what went wrong. A wrong command line was explained by the parser already, but for what was meant by it. */
export const report =
  (suggestion: string | null) =>
  (cause: Cause.Cause<CommandFailed | ValidationError.ValidationError>): Effect.Effect<void> => {
    if (Cause.isInterruptedOnly(cause) || isUnread) return Effect.void
    const failure = Cause.failureOption(cause)
    if (failure._tag === "None") {
      return Console.error(
        `Penstock failed unexpectedly. Please report this:\n${Cause.pretty(cause, { renderErrorCause: true })}`
      )
    }
    if (failure.value._tag === "CommandFailed") return Console.error(failure.value.text)
    return suggestion === null ? Effect.void : Console.error(suggestion)
  }

/** What a command that was interrupted ends with, where that is no success: an interruption carries no value. */
export const endWhenInterrupted = (code: number): Effect.Effect<void> =>
  Effect.sync(() => {
    process.exitCode = code
  })

export const exitCodeOf = (exit: Exit.Exit<unknown, unknown>): number => {
  if (isUnread) return brokenPipe
  if (Exit.isSuccess(exit)) return 0
  if (Cause.isInterruptedOnly(exit.cause)) return Number(process.exitCode ?? 0)
  const failure = Cause.failureOption(exit.cause)
  if (failure._tag === "None") return 1
  if (failure.value instanceof CommandFailed) return failure.value.exitCode
  return ValidationError.isValidationError(failure.value) ? 2 : 1
}
