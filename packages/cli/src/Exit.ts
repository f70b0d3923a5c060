/** How the process ends: what stderr says, and the exit code. */
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as ValidationError from "@effect/cli/ValidationError"
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { hasProperty } from "effect/Predicate"
import { stripVTControlCharacters } from "node:util"
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

export interface Telling {
  /** Where a wrong command line is explained. */
  readonly pointer: string
  /** A program reads stdout: there is always one JSON value, the result or why there is none. */
  readonly json: boolean
}

const unexpected = (cause: Cause.Cause<unknown>): string =>
  `Penstock failed unexpectedly. Please report this:\n${Cause.pretty(cause, { renderErrorCause: true })}`

const asJson = (exitCode: number, message: string): Effect.Effect<void> =>
  Console.log(JSON.stringify({ error: { exit_code: exitCode, message } }, null, 2))

/** Prints what went wrong, for people on stderr. What is wrong with a command line the parser has told there already. */
export const report =
  ({ json, pointer }: Telling) =>
  (cause: Cause.Cause<CommandFailed | ValidationError.ValidationError>): Effect.Effect<void> => {
    if (Cause.isInterruptedOnly(cause) || isUnread) return Effect.void
    const failure = Option.getOrNull(Cause.failureOption(cause))
    const [told, message] =
      failure === null
        ? [unexpected(cause), unexpected(cause)]
        : failure._tag === "CommandFailed"
          ? [failure.text, failure.text]
          : [pointer, `${HelpDoc.toAnsiText(failure.error).trim()}\n${pointer}`]
    const isPrinted = failure?._tag === "CommandFailed" && failure.printed === true
    return Effect.zipRight(
      Console.error(told),
      json && !isPrinted ? asJson(exitCodeOf(Exit.failCause(cause)), stripVTControlCharacters(message)) : Effect.void
    )
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
