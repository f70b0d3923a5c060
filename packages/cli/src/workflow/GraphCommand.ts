/** `penstock graph`: a workflow as a picture. */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Terminal from "@effect/platform/Terminal"
import * as Graph from "@penstock/workflow/compiler/Graph"
import * as Effect from "effect/Effect"
import * as Mermaid from "../graph/Mermaid.ts"
import * as WorkflowFile from "./WorkflowFile.ts"
import { workflowFile } from "./WorkflowOptions.ts"

const options = {
  format: Options.choice("format", ["mermaid", "svg", "json"]).pipe(
    Options.withDefault("mermaid"),
    Options.withDescription("mermaid: text that Markdown renders; svg: an image; json: nodes and edges")
  ),
  file: workflowFile
}

const draw = Effect.fn("graph")(function* (flags: {
  readonly format: "mermaid" | "svg" | "json"
  readonly file: string
}) {
  const terminal = yield* Terminal.Terminal
  const { compile } = yield* WorkflowFile.compiler
  const given = yield* WorkflowFile.read(flags.file)
  // The picture is the same whichever models there are.
  const plan = yield* WorkflowFile.planOf(compile(given.text, { file: given.shown }), given)
  const graph = Graph.graph(plan)
  const show = (text: string) => Effect.orDie(terminal.display(text))
  switch (flags.format) {
    case "mermaid":
      return yield* show(Mermaid.render(graph))
    case "svg": {
      const svg = yield* Effect.promise(() => import("../graph/Svg.ts"))
      return yield* show(svg.render(graph, plan.name))
    }
    case "json":
      return yield* show(`${JSON.stringify(graph, null, 2)}\n`)
  }
})

export const command = Command.make("graph", options, draw).pipe(Command.withDescription("Draw a workflow"))
