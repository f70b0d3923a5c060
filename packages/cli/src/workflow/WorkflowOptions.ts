/** What the commands take that look at workflow files. */
import * as Args from "@effect/cli/Args"
import * as Options from "@effect/cli/Options"
import { configFile } from "../ConfigOption.ts"

export const workflowsFolder = Options.text("workflows").pipe(
  Options.withPseudoName("directory"),
  Options.optional,
  Options.withDescription("Folder of the workflow files (PENSTOCK_WORKFLOWS, workflows; workflows)")
)

/** Of whatever checks against a configuration. */
export const checking = {
  config: configFile,
  workflows: workflowsFolder,
  offline: Options.boolean("offline").pipe(
    Options.withDescription("Ask neither providers for their models nor MCP servers for their tools")
  )
}

export const jsonOrText = Options.choice("format", ["text", "json"]).pipe(
  Options.withDefault("text"),
  Options.withDescription("How to print it")
)

export const workflowFile = Args.text({ name: "file" }).pipe(Args.withDescription("A workflow file"))
