/** `penstock replay`: a kept run once more, on what was recorded; or from a step on for real, with another model. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as FilePath from "@effect/platform/Path"
import * as Terminal from "@effect/platform/Terminal"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { CommandFailed } from "../CommandFailed.ts"
import { keptOptions, type KeptFlags } from "../runs/SessionOptions.ts"
import { jsonOrText } from "./WorkflowOptions.ts"

const options = {
  ...keptOptions,
  from: Options.text("from").pipe(
    Options.withPseudoName("step"),
    Options.optional,
    Options.withDescription("Run this step, and what began after it, for real: it costs, and tools are called")
  ),
  model: Options.text("model").pipe(
    Options.optional,
    Options.withDescription("The model that the steps ask which are run again; with --from")
  ),
  format: jsonOrText,
  run: Args.text({ name: "run" }).pipe(Args.withDescription("The run's id"))
}

interface Flags extends KeptFlags {
  readonly from: Option.Option<string>
  readonly model: Option.Option<string>
  readonly format: "text" | "json"
  readonly run: string
}

const replay = Effect.fn("replay")(function* (flags: Flags) {
  const { from, model, run: id } = flags
  if (Option.isNone(from) && Option.isSome(model)) {
    const text = "--model goes with --from STEP: without it nothing is asked, and no model answers."
    return yield* new CommandFailed({ exitCode: 2, text })
  }
  const paths = yield* FilePath.Path
  const terminal = yield* Terminal.Terminal
  const { open } = yield* Effect.promise(() => import("../runs/LocalSession.ts"))
  const LocalReplay = yield* Effect.promise(() => import("@penstock/server/workflows/LocalReplay"))
  const Report = yield* Effect.promise(() => import("./ReplayReport.ts"))
  const place = yield* open({ ...flags, directory: paths.resolve(".") })
  const again = { from: Option.getOrNull(from), model: Option.getOrNull(model) }
  const replay = yield* LocalReplay.replay(place, id, again).pipe(
    Effect.catchTags({
      NotReplayed: ({ message }) => new CommandFailed({ exitCode: 2, text: message }),
      RunsError: ({ message }) => new CommandFailed({ exitCode: 1, text: `The run cannot be replayed: ${message}` }),
      StartFailure: ({ message }) => new CommandFailed({ exitCode: 1, text: message })
    })
  )
  const report = flags.format === "json" ? Report.json(replay, again) : Report.text(replay, again)
  yield* Effect.orDie(terminal.display(`${report}\n`))
  const failure = Report.failureOf(replay, again)
  if (failure !== null) return yield* new CommandFailed({ exitCode: 1, text: failure, printed: true })
})

export const command = Command.make("replay", options, replay).pipe(
  Command.withDescription(
    "Execute a kept run's plan again on what was recorded, at no cost, and say whether it comes to the same. It reads " +
      "the file that runs are kept in, so that there is no --server: run it where the server's database is, whether or " +
      "not the server runs. Exit codes: 0 it does (with --from: the run succeeded), 1 it does not, 2 there is no such run or step"
  )
)
