/** `penstock plan`: what a run would do, and what it would cost. */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Terminal from "@effect/platform/Terminal"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as PlanText from "./PlanText.ts"
import * as WorkflowFile from "./WorkflowFile.ts"
import { checking, workflowFile } from "./WorkflowOptions.ts"

const options = {
  ...checking,
  format: Options.choice("format", ["text", "json"]).pipe(
    Options.withDefault("text"),
    Options.withDescription("How to print it")
  ),
  file: workflowFile
}

interface Flags extends WorkflowFile.Checking {
  readonly format: "text" | "json"
  readonly file: string
}

const show = Effect.fn("plan")(function* (flags: Flags) {
  const terminal = yield* Terminal.Terminal
  const { compile } = yield* WorkflowFile.compiler
  const workbench = yield* WorkflowFile.workbench(flags)
  const given = yield* WorkflowFile.read(flags.file)
  const compiled = compile(given.text, { ...workbench.catalogues([given]), file: given.shown })
  const plan = yield* WorkflowFile.planOf(compiled, given)
  if (compiled.diagnostics.length > 0) {
    yield* Console.error(`${WorkflowFile.render(compiled.diagnostics, given.text)}\n`)
  }
  const text = flags.format === "json" ? `${JSON.stringify(PlanText.summary(plan), null, 2)}\n` : PlanText.render(plan)
  yield* Effect.orDie(terminal.display(text))
})

export const command = Command.make("plan", options, show).pipe(
  Command.withDescription("Show the steps of a workflow, its longest way, and what a run costs at most and usually")
)
