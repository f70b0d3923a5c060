/** `penstock run`: a workflow, from its input to its output, here or at a server. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Answers from "../runs/Answers.ts"
import * as Follow from "../runs/Follow.ts"
import * as Inputs from "../runs/Inputs.ts"
import * as Outcome from "../runs/Outcome.ts"
import { type SessionFlags, session, sessionOptions } from "../runs/SessionOptions.ts"

const options = {
  ...sessionOptions,
  input: Options.text("input").pipe(
    Options.withPseudoName("field=value"),
    Options.repeated,
    Options.withDescription(
      "name=text, name=@file, name:=JSON, @file.json, {JSON}, or - for JSON that is piped in; may be repeated, the later wins"
    )
  ),
  approve: Answers.option,
  memory: Options.boolean("memory").pipe(
    Options.withDescription("Keep nothing of the run in files; it cannot be taken up again, listed or replayed")
  ),
  format: Options.choice("format", ["json", "text"]).pipe(
    Options.withDefault("json"),
    Options.withDescription("json: {output, metrics, run_id}; text: the output alone")
  ),
  workflow: Args.text({ name: "workflow" }).pipe(
    Args.withDescription("A workflow's file, or the name of one in the workflows' folder")
  )
}

interface Flags extends SessionFlags {
  readonly input: ReadonlyArray<string>
  readonly approve: ReadonlyArray<string>
  readonly memory: boolean
  readonly format: Outcome.Format
  readonly workflow: string
}

const run = Effect.fn("run")(function* (flags: Flags) {
  const answers = yield* Answers.read(flags.approve)
  const runs = yield* session(flags, flags.memory ? "memory" : "file")
  const input = yield* Inputs.read(flags.input, yield* runs.inputs(flags.workflow))
  const id = yield* runs.start(flags.workflow, input)
  const ended = yield* Follow.attend(runs, id, answers)
  yield* Outcome.tell(ended, flags.format)
}, Effect.scoped)

export const command = Command.make("run", options, run).pipe(
  Command.withDescription(
    "Run a workflow; only its result is printed on stdout. Exit codes: 0 it succeeded, 1 it failed or was cancelled, 2 the " +
      "command line, the configuration, the workflow or its input is wrong, 3 somebody rejected it or it waits for an " +
      "approval, 130 it was cancelled by Ctrl-C. A run that was killed goes on with `penstock runs resume`"
  )
)
