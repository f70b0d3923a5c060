/** The `penstock` command and its subcommands. What they need is loaded when they run. */
import * as Command from "@effect/cli/Command"
import * as ConfigCommand from "./ConfigCommand.ts"
import * as ServeCommand from "./ServeCommand.ts"
import { version } from "./Version.ts"

const penstock = Command.make("penstock").pipe(
  Command.withDescription("An AI gateway: one metered address for every model"),
  Command.withSubcommands([ServeCommand.command, ConfigCommand.command])
)

/** Takes the whole `process.argv`. */
export const run = Command.run(penstock, { name: "Penstock", version })
