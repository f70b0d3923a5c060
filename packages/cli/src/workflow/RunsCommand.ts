/** `penstock runs`: what became of runs; and taking up, or ending, one that goes on. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Terminal from "@effect/platform/Terminal"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Answers from "../runs/Answers.ts"
import * as Follow from "../runs/Follow.ts"
import * as Outcome from "../runs/Outcome.ts"
import * as RunTables from "../runs/RunTables.ts"
import { records, type SessionFlags, session, sessionOptions } from "../runs/SessionOptions.ts"
import { jsonOrText } from "./WorkflowOptions.ts"

const runId = Args.text({ name: "run" }).pipe(Args.withDescription("The run's id"))

const show = Effect.fn("runs")(function* (
  flags: SessionFlags & {
    readonly format: "text" | "json"
    readonly limit: number
    readonly run: Option.Option<string>
  }
) {
  const terminal = yield* Terminal.Terminal
  const kept = yield* records(flags)
  const isJson = flags.format === "json"
  const text = Option.isSome(flags.run)
    ? yield* Effect.map(kept.state(flags.run.value), (run) =>
        isJson ? JSON.stringify(run, null, 2) : RunTables.detail(run)
      )
    : yield* Effect.map(kept.list(flags.limit), (runs) => {
        if (isJson) return JSON.stringify({ runs }, null, 2)
        return runs.length === 0 ? "There are no runs. Start one: penstock run FILE" : RunTables.list(runs)
      })
  yield* Effect.orDie(terminal.display(`${text}\n`))
}, Effect.scoped)

const resume = Effect.fn("runs.resume")(function* (
  flags: SessionFlags & {
    readonly approve: ReadonlyArray<string>
    readonly format: Outcome.Format
    readonly run: string
  }
) {
  const answers = yield* Answers.read(flags.approve)
  const runs = yield* session(flags, "file")
  const ended = yield* Follow.attend(runs, flags.run, answers)
  yield* Outcome.tell(ended, flags.format)
}, Effect.scoped)

const cancel = Effect.fn("runs.cancel")(function* (
  flags: SessionFlags & { readonly format: "text" | "json"; readonly run: string }
) {
  const terminal = yield* Terminal.Terminal
  const runs = yield* session(flags, "file")
  yield* runs.cancel(flags.run)
  yield* Stream.runDrain(runs.events(flags.run))
  const { status } = yield* runs.state(flags.run)
  const told =
    flags.format === "json" ? JSON.stringify({ run_id: flags.run, status }, null, 2) : `${flags.run} is ${status}.`
  yield* Effect.orDie(terminal.display(`${told}\n`))
}, Effect.scoped)

const resumeCommand = Command.make(
  "resume",
  {
    ...sessionOptions,
    approve: Answers.option,
    format: Options.choice("format", ["json", "text"]).pipe(
      Options.withDefault("json"),
      Options.withDescription("json: {output, metrics, run_id}; text: the output alone")
    ),
    run: runId
  },
  resume
).pipe(
  Command.withDescription(
    "Take up a run that was cut short, or stay with one that goes on at a server, and print its result. Exit codes as of run"
  )
)

const cancelCommand = Command.make("cancel", { ...sessionOptions, format: jsonOrText, run: runId }, cancel).pipe(
  Command.withDescription("Cancel a run, and wait until what undoes and what runs finally has done so")
)

export const command = Command.make(
  "runs",
  {
    ...sessionOptions,
    format: jsonOrText,
    limit: Options.integer("limit").pipe(Options.withDefault(20), Options.withDescription("How many to list at most")),
    run: Args.optional(runId)
  },
  show
).pipe(
  Command.withDescription("List runs, newest first, or show one with its steps, costs and error"),
  Command.withSubcommands([resumeCommand, cancelCommand])
)
