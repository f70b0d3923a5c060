/** `penstock check`: everything that is wrong with workflow files, before anything is run or paid. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as FilePath from "@effect/platform/Path"
import * as Terminal from "@effect/platform/Terminal"
import * as Diagnostic from "@penstock/workflow/diagnostic/Diagnostic"
import * as Effect from "effect/Effect"
import { CommandFailed } from "../CommandFailed.ts"
import * as WorkflowFile from "./WorkflowFile.ts"
import { checking, jsonOrText } from "./WorkflowOptions.ts"

const options = {
  ...checking,
  format: jsonOrText,
  files: Args.text({ name: "file" }).pipe(
    Args.repeated,
    Args.withDescription("Workflow files; without any, those of the workflows' folder")
  )
}

interface Flags extends WorkflowFile.Checking {
  readonly format: "text" | "json"
  readonly files: ReadonlyArray<string>
}

const counted = (count: number): string => (count === 1 ? "1 file" : `${count} files`)

const check = Effect.fn("check")(function* (flags: Flags) {
  const paths = yield* FilePath.Path
  const terminal = yield* Terminal.Terminal
  const { compile } = yield* WorkflowFile.compiler
  const workbench = yield* WorkflowFile.workbench(flags)
  const shorter = (file: string): string => {
    const relative = paths.relative(paths.resolve("."), file)
    return relative.startsWith("..") ? file : relative
  }
  const names = flags.files.length > 0 ? flags.files : workbench.stored.map(({ file }) => shorter(file))
  if (names.length === 0) {
    const text = `There is no workflow file in ${shorter(workbench.folder)}.\nName the files to check, or the folder with --workflows.`
    return yield* new CommandFailed({ exitCode: 2, text })
  }
  const given = yield* Effect.forEach(names, WorkflowFile.read)
  const catalogues = workbench.catalogues(given)
  const checked = given.map(({ shown, text }) => ({
    shown,
    text,
    diagnostics: compile(text, { ...catalogues, file: shown }).diagnostics
  }))
  const output =
    flags.format === "json"
      ? JSON.stringify({ diagnostics: checked.flatMap(({ diagnostics }) => diagnostics) }, null, 2)
      : checked
          .map(({ diagnostics, shown, text }) =>
            diagnostics.length === 0 ? `${shown}: nothing to complain about` : WorkflowFile.render(diagnostics, text)
          )
          .join("\n\n")
  yield* Effect.orDie(terminal.display(`${output}\n`))
  const failed = checked.filter(({ diagnostics }) => diagnostics.some(Diagnostic.isError)).length
  if (failed > 0) {
    return yield* new CommandFailed({
      exitCode: 1,
      text: `${failed} of ${counted(checked.length)} cannot be run.`,
      printed: true
    })
  }
})

export const command = Command.make("check", options, check).pipe(
  Command.withDescription("Check workflow files: names, types, models, tools and the worst case of what they cost")
)
