/** `penstock mcp`: Penstock as an MCP server on stdin and stdout; and what is to be done with MCP servers by hand. */
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { CommandFailed } from "../CommandFailed.ts"
import { configFile } from "../ConfigOption.ts"
import { workflowsFolder } from "../workflow/WorkflowOptions.ts"
import * as AddCommand from "./AddCommand.ts"
import * as CallCommand from "./CallCommand.ts"
import * as ImportCommand from "./ImportCommand.ts"
import * as InspectCommand from "./InspectCommand.ts"
import * as ListCommand from "./ListCommand.ts"

const serve = Effect.fn("mcp")(function* (flags: {
  readonly config: Option.Option<string>
  readonly workflows: Option.Option<string>
}) {
  const app = yield* Effect.promise(() => import("@penstock/server/App"))
  const issues = yield* Effect.promise(() => import("@penstock/server/config/ConfigIssue"))
  // Nobody else reaches stdin: who may listen where is no question here.
  const unused = { host: Option.none(), port: Option.none(), database: Option.none(), insecure: true }
  yield* app.serveStdio({ ...flags, ...unused }).pipe(
    Effect.catchTags({
      ConfigError: (error) => new CommandFailed({ exitCode: 2, text: issues.renderError(error) }),
      StartFailure: ({ hint, message }) =>
        new CommandFailed({ exitCode: 1, text: hint === null ? message : `${message}\n${hint}` })
    })
  )
})

export const command = Command.make("mcp", { config: configFile, workflows: workflowsFolder }, serve).pipe(
  Command.withDescription("Speak MCP on stdin and stdout: the tools of all configured servers, and every workflow"),
  Command.withSubcommands([
    AddCommand.command,
    ListCommand.command,
    CallCommand.command,
    InspectCommand.command,
    ImportCommand.command
  ])
)
