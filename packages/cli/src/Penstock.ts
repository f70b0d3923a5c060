/** The `penstock` command and its subcommands. What they need is loaded when they run. */
import * as Command from "@effect/cli/Command"
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as Suggestion from "@penstock/schema/Suggestion"
import * as HashMap from "effect/HashMap"
import * as ConfigCommand from "./ConfigCommand.ts"
import * as DoctorCommand from "./DoctorCommand.ts"
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

const examples = [
  ["penstock init", "write a configuration to begin with"],
  ["penstock serve --port 9000", "serve the gateway"],
  ["penstock doctor --format json", "what is wrong, for a program"],
  ["penstock run summarize --input text=@README.md", "run a workflow"],
  ["penstock --completions zsh", "completions for a shell"]
] as const

const width = Math.max(...examples.map(([line]) => line.length))

const penstock = Command.make("penstock").pipe(
  Command.withDescription(
    HelpDoc.blocks([
      HelpDoc.p("An AI gateway and workflow engine: one metered address for every model"),
      HelpDoc.p("Examples"),
      ...examples.map(([line, meaning]) => HelpDoc.p(`  ${line.padEnd(width)}  ${meaning}`))
    ])
  ),
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

/** Takes the whole `process.argv`. */
export const run = Command.run(penstock, { name: "Penstock", version })

/** What was probably meant by a subcommand that there is not; null where there is nothing to say. */
export const suggestion = (argv: ReadonlyArray<string>): string | null => {
  const names = [...HashMap.keys(Command.getSubcommands(penstock))]
  const [, , word = ""] = argv
  return word.startsWith("-") || names.includes(word) ? null : Suggestion.didYouMean(word, names)
}
