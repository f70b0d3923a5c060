/** Colours are for terminals, and for nobody who has said NO_COLOR (https://no-color.org). */
import * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { stripVTControlCharacters } from "node:util"

const strip = (args: ReadonlyArray<unknown>): ReadonlyArray<unknown> =>
  args.map((arg) => (typeof arg === "string" ? stripVTControlCharacters(arg) : arg))

/** What the console prints, plain where its end is not a terminal. The parser colours its help without asking. */
export const whereWanted = <A, E, R>(program: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.gen(function* () {
    const refused = yield* Config.nonEmptyString("NO_COLOR").pipe(
      Effect.as(true),
      Effect.orElseSucceed(() => false)
    )
    const given = yield* Console.consoleWith(Effect.succeed)
    const log = given.log.bind(given)
    const error = given.error.bind(given)
    const plain: Console.Console = {
      ...given,
      log: refused || !process.stdout.isTTY ? (...args) => log(...strip(args)) : log,
      error: refused || !process.stderr.isTTY ? (...args) => error(...strip(args)) : error
    }
    return yield* Console.withConsole(program, plain)
  })
