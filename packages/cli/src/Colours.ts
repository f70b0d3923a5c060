/** Colours are for terminals, and for nobody who has said NO_COLOR (https://no-color.org). */
import * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { stripVTControlCharacters } from "node:util"

const strip = (args: ReadonlyArray<unknown>): ReadonlyArray<unknown> =>
  args.map((arg) => (typeof arg === "string" ? stripVTControlCharacters(arg) : arg))

const variable = (name: string): Effect.Effect<string> =>
  Config.string(name).pipe(
    Config.option,
    Effect.map(Option.getOrElse(() => "")),
    Effect.orElseSucceed(() => "")
  )

const isOn = (value: string): boolean => value !== "" && value !== "0" && value !== "false"

/** NO_COLOR before FORCE_COLOR and CLICOLOR_FORCE, these before what the terminal is; FORCE_COLOR=0 refuses too. */
export const areWanted = Effect.fnUntraced(function* (isTerminal: boolean) {
  if ((yield* variable("NO_COLOR")) !== "") return false
  const force = yield* variable("FORCE_COLOR")
  if (force !== "") return isOn(force)
  if (isOn(yield* variable("CLICOLOR_FORCE"))) return true
  return isTerminal && (yield* variable("TERM")) !== "dumb"
})

/** Whether what was drawn can be drawn over. */
export const canRedraw = (isTerminal: boolean): Effect.Effect<boolean> =>
  Effect.map(variable("TERM"), (term) => isTerminal && term !== "dumb")

/** What the console prints, plain where no colours are wanted. The parser colours its help without asking. */
export const whereWanted = <A, E, R>(program: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.gen(function* () {
    const given = yield* Console.consoleWith(Effect.succeed)
    const log = given.log.bind(given)
    const error = given.error.bind(given)
    const plain: Console.Console = {
      ...given,
      log: (yield* areWanted(process.stdout.isTTY)) ? log : (...args) => log(...strip(args)),
      error: (yield* areWanted(process.stderr.isTTY)) ? error : (...args) => error(...strip(args))
    }
    return yield* Console.withConsole(program, plain)
  })
