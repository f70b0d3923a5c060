/** A command line, run to its end: what it says, and where. Takes the whole `process.argv`. */
import * as Effect from "effect/Effect"
import * as Colours from "./Colours.ts"
import { CommandFailed } from "./CommandFailed.ts"
import * as CommandWords from "./CommandWords.ts"
import { report } from "./Exit.ts"
import { commands, run } from "./Penstock.ts"

export const execute = (argv: ReadonlyArray<string>) => {
  const pointer = CommandWords.pointer(commands, argv)
  const problem = CommandWords.problem(commands, argv)
  const program =
    problem === null ? run(argv) : Effect.fail(new CommandFailed({ exitCode: 2, text: `${problem}\n${pointer}` }))
  return program.pipe(
    Effect.tapErrorCause(report({ pointer, json: CommandWords.wantsJson(argv) })),
    Colours.whereWanted
  )
}
