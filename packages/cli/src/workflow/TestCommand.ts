/** `penstock test`: the tests that workflow files hold, run on their mocks. Nobody is asked and nothing is paid. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as FileSystem from "@effect/platform/FileSystem"
import * as FilePath from "@effect/platform/Path"
import * as Terminal from "@effect/platform/Terminal"
import type { Diagnostic } from "@penstock/workflow/diagnostic/Diagnostic"
import * as Effect from "effect/Effect"
import { CommandFailed } from "../CommandFailed.ts"
import { configFile } from "../ConfigOption.ts"
import * as TestReport from "./TestReport.ts"
import * as WorkflowFile from "./WorkflowFile.ts"
import { jsonOrText, workflowsFolder } from "./WorkflowOptions.ts"

const options = {
  config: configFile,
  workflows: workflowsFolder,
  format: jsonOrText,
  record: Options.boolean("record").pipe(
    Options.withDescription("Write what the tests give into the files as what they expect; the rest of a file stays")
  ),
  files: Args.text({ name: "file" }).pipe(
    Args.repeated,
    Args.withDescription("Workflow files; without any, those of the workflows' folder")
  )
}

interface Flags extends Pick<WorkflowFile.Checking, "config" | "workflows"> {
  readonly format: "text" | "json"
  readonly record: boolean
  readonly files: ReadonlyArray<string>
}

/** The engine of runs takes a while to load: whoever tests waits for it, and nobody else. */
const testing = Effect.promise(async () => {
  const [Callable, WorkflowTest, Golden, Rehearsal] = await Promise.all([
    import("@penstock/server/workflows/Callable"),
    import("@penstock/workflow/testing/WorkflowTest"),
    import("@penstock/workflow/testing/Golden"),
    import("@penstock/server/workflows/Rehearsal")
  ])
  return { Callable, WorkflowTest, Golden, Rehearsal }
})

const test = Effect.fn("test")(function* (flags: Flags) {
  const disk = yield* FileSystem.FileSystem
  const paths = yield* FilePath.Path
  const terminal = yield* Terminal.Terminal
  const { compile } = yield* WorkflowFile.compiler
  const { Callable, Golden, Rehearsal, WorkflowTest } = yield* testing
  const stored = yield* WorkflowFile.stored(flags)
  const shorter = (file: string): string => {
    const relative = paths.relative(paths.resolve("."), file)
    return relative.startsWith("..") ? file : relative
  }
  const names = flags.files.length > 0 ? flags.files : stored.map(({ file }) => shorter(file))
  if (names.length === 0) {
    const text = "There is no workflow file. Name the files to test, or their folder with --workflows."
    return yield* new CommandFailed({ exitCode: 2, text })
  }
  const given = yield* Effect.forEach(names, WorkflowFile.read)

  // The files that are tested win over the folder's.
  const callable = Callable.of([...given, ...stored])
  const sources = (name: string): string | null => callable.find(name)?.text ?? null

  const one = Effect.fnUntraced(function* ({ file, shown, text }: WorkflowFile.Given) {
    const source = WorkflowFile.decoded(text)
    const { diagnostics, document, plan } = compile(source, { file: shown })
    if (document === null || plan === null) {
      return { shown, source, diagnostics, results: [], recorded: [] } satisfies TestReport.TestedFile
    }
    const results = yield* Effect.forEach(WorkflowTest.testsOf(document), (test) =>
      WorkflowTest.run(source, test, sources)
    )
    // A test whose run went wrong has nothing that could be expected.
    const goldens = results.filter(
      ({ differences, problems, test }) => problems.length === 0 && (test.expect === null || differences.length > 0)
    )
    if (flags.record && goldens.length > 0) {
      const written = Golden.write(
        source,
        goldens.map(({ output, test }) => ({ index: test.index, output }))
      )
      yield* disk
        .writeFileString(file, written)
        .pipe(
          Effect.mapError(
            ({ message }) => new CommandFailed({ exitCode: 2, text: `${shown} cannot be written: ${message}` })
          )
        )
    }
    const recorded = flags.record ? goldens.map(({ test }) => test.index) : []
    const nothing: ReadonlyArray<Diagnostic> = []
    return { shown, source, diagnostics: nothing, results, recorded } satisfies TestReport.TestedFile
  })

  const tested = yield* Effect.forEach(given, one).pipe(Effect.provide(Rehearsal.layer))
  const report = flags.format === "json" ? TestReport.json(tested) : TestReport.text(tested)
  yield* Effect.orDie(terminal.display(`${report}\n`))
  const { failed } = TestReport.count(tested)
  if (failed > 0) return yield* new CommandFailed({ exitCode: 1, text: TestReport.summary(tested), printed: true })
})

export const command = Command.make("test", options, test).pipe(
  Command.withDescription(
    "Run the tests of workflow files on their mocks. Exit code 1: a test failed or a file has errors; 2: a file cannot be read"
  )
)
