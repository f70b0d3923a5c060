/** `--approve`: answers to what a run will ask. */
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import { CommandFailed } from "../CommandFailed.ts"

export const option = Options.text("approve").pipe(
  Options.withPseudoName("step"),
  Options.repeated,
  Options.withDescription(
    'Approve what a step will ask: step, or step={"approved": true, …} with the fields of its form'
  )
)

/** Whether there is somebody to ask: the question goes to stderr, the answer comes from stdin. */
export const isPossible = (): boolean => process.stdin.isTTY && process.stderr.isTTY

/** By the step's id. */
export const read = (given: ReadonlyArray<string>): Effect.Effect<ReadonlyMap<string, unknown>, CommandFailed> =>
  Effect.map(
    Effect.forEach(given, (one) => {
      const at = one.indexOf("=")
      if (at === -1) return Effect.succeed<[string, unknown]>([one, { approved: true }])
      return Effect.try({
        try: (): [string, unknown] => [one.slice(0, at), JSON.parse(one.slice(at + 1))],
        catch: () =>
          new CommandFailed({
            exitCode: 2,
            text: `--approve ${one}: behind = comes JSON, as in review={"approved": true}`
          })
      })
    }),
    (answers) => new Map(answers)
  )
