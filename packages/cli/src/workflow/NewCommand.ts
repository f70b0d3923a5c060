/** `penstock new`: a workflow file to begin with, which runs as it stands. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import * as FilePath from "@effect/platform/Path"
import * as Terminal from "@effect/platform/Terminal"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import { CommandFailed } from "../CommandFailed.ts"
import { configFile } from "../ConfigOption.ts"
import { jsonOrText, workflowsFolder } from "./WorkflowOptions.ts"

const options = {
  config: configFile,
  workflows: workflowsFolder,
  format: jsonOrText,
  name: Args.text({ name: "name" }).pipe(Args.withDescription("What the workflow and its file are called"))
}

/** With the demo as the model, so that it needs no key. */
export const scaffold = (name: string): string => `name: ${name}
description: What it is for, in one sentence

inputs: { text: string }

models:
  writer: demo/extract # a model, or a list of them to try in order: [gpt-4o-mini, claude-haiku, demo/extract]

steps:
  - id: summarize
    type: llm
    model: writer
    prompt: |
      Summarize in two sentences:
      \${input.text}
    max_tokens: 300
    output: summary

output: summary

tests:
  - name: gives what the model says
    input: { text: A penstock is the pipe that leads water to a turbine. }
    mocks: { summarize: Water comes through a pipe. }
    expect: Water comes through a pipe.
`

const create = Effect.fn("new")(function* (flags: {
  readonly config: Option.Option<string>
  readonly workflows: Option.Option<string>
  readonly format: "text" | "json"
  readonly name: string
}) {
  const { name } = flags
  if (!/^[A-Za-z][\w-]*$/.test(name)) {
    const text = `"${name}" cannot be a workflow's name here: use letters, digits, - and _, and begin with a letter.`
    return yield* new CommandFailed({ exitCode: 2, text })
  }
  const workbench = yield* Effect.promise(() => import("@penstock/server/workflows/Workbench"))
  const issues = yield* Effect.promise(() => import("@penstock/server/config/ConfigIssue"))
  const files = yield* FileSystem.FileSystem
  const paths = yield* FilePath.Path
  const terminal = yield* Terminal.Terminal
  const folder = yield* workbench
    .folder({ ...flags, offline: true, directory: paths.resolve(".") })
    .pipe(Effect.mapError((error) => new CommandFailed({ exitCode: 2, text: issues.renderError(error) })))
  const file = paths.join(folder, `${name}.yaml`)
  const shown = paths.relative(paths.resolve("."), file)
  yield* files.makeDirectory(folder, { recursive: true }).pipe(
    // Never over a file that is there.
    Effect.zipRight(files.writeFileString(file, scaffold(name), { flag: "wx" })),
    Effect.mapError((error) => {
      const exists = error._tag === "SystemError" && error.reason === "AlreadyExists"
      const text = exists ? `${shown} exists already.` : `${shown} cannot be written: ${error.message}`
      return new CommandFailed({ exitCode: 1, text })
    })
  )
  const made =
    flags.format === "json"
      ? JSON.stringify({ workflow: name, file: shown }, null, 2)
      : `${shown} is made. Check it with: penstock check ${shown}`
  yield* Effect.orDie(terminal.display(`${made}\n`))
})

export const command = Command.make("new", options, create).pipe(
  Command.withDescription("Make a workflow file to begin with")
)
