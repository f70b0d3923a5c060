/** The `penstock` command and its subcommands. What they need is loaded when they run. */
import * as Command from "@effect/cli/Command"
import * as CommandWords from "./CommandWords.ts"
import * as ConfigCommand from "./ConfigCommand.ts"
import * as DoctorCommand from "./DoctorCommand.ts"
import * as Examples from "./Examples.ts"
import * as InitCommand from "./init/InitCommand.ts"
import * as McpCommand from "./mcp/McpCommand.ts"
import * as ServeCommand from "./ServeCommand.ts"
import { version } from "./Version.ts"
import * as CheckCommand from "./workflow/CheckCommand.ts"
import * as GraphCommand from "./workflow/GraphCommand.ts"
import * as NewCommand from "./workflow/NewCommand.ts"
import * as PlanCommand from "./workflow/PlanCommand.ts"
import * as ReplayCommand from "./workflow/ReplayCommand.ts"
import * as RunCommand from "./workflow/RunCommand.ts"
import * as RunsCommand from "./workflow/RunsCommand.ts"
import * as TestCommand from "./workflow/TestCommand.ts"

export const penstock = Command.make("penstock").pipe(
  Command.withDescription("An AI gateway and workflow engine: one metered address for every model"),
  Command.withSubcommands([
    ServeCommand.command,
    InitCommand.command,
    ConfigCommand.command,
    DoctorCommand.command,
    McpCommand.command,
    CheckCommand.command,
    PlanCommand.command,
    GraphCommand.command,
    RunCommand.command,
    RunsCommand.command,
    ReplayCommand.command,
    TestCommand.command,
    NewCommand.command
  ])
)

/** What there is to be typed. */
export const commands = CommandWords.commandsOf([
  ServeCommand.command.descriptor,
  InitCommand.command.descriptor,
  ConfigCommand.command.descriptor,
  DoctorCommand.command.descriptor,
  McpCommand.command.descriptor,
  CheckCommand.command.descriptor,
  PlanCommand.command.descriptor,
  GraphCommand.command.descriptor,
  RunCommand.command.descriptor,
  RunsCommand.command.descriptor,
  ReplayCommand.command.descriptor,
  TestCommand.command.descriptor,
  NewCommand.command.descriptor
])

/** Takes the whole `process.argv`. */
export const run = (argv: ReadonlyArray<string>) => {
  const footer = Examples.footer(CommandWords.commandOf(commands, argv))
  return Command.run(penstock, { name: "Penstock", version, footer })(argv)
}
