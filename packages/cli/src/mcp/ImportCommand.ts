/** `penstock mcp import`: the servers of a desktop client's JSON file, in ours. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { CommandFailed } from "../CommandFailed.ts"
import { configFile } from "../ConfigOption.ts"
import { jsonOrText } from "../workflow/WorkflowOptions.ts"
import * as ConfigText from "./ConfigText.ts"
import * as DesktopFile from "./DesktopFile.ts"

const options = {
  config: configFile,
  replace: Options.boolean("replace").pipe(Options.withDescription("Replace servers of the same names")),
  format: jsonOrText,
  file: Args.text({ name: "file" }).pipe(Args.withDescription('A JSON file with "mcpServers"'))
}

export const command = Command.make("import", options, ({ config, file, format, replace }) =>
  Effect.gen(function* () {
    const files = yield* FileSystem.FileSystem
    const text = yield* Effect.mapError(
      files.readFileString(file),
      ({ message }) => new CommandFailed({ exitCode: 1, text: `${file} cannot be read: ${message}` })
    )
    const found = DesktopFile.read(text)
    if (found._tag === "Left") return yield* new CommandFailed({ exitCode: 2, text: `${file}: ${found.left}.` })
    const servers = found.right
    const target = yield* ConfigText.addServers(config, servers, replace)
    const secrets = servers.flatMap((server) => server.secrets)
    const names = servers.map(({ name }) => name)
    if (format === "json") {
      return yield* Console.log(JSON.stringify({ file: target, servers: names, secrets }, null, 2))
    }
    yield* Console.log(`${target} has these MCP servers now: ${names.join(", ") || "none"}`)
    if (secrets.length === 0) return
    const lines = secrets.map(({ place, variable }) => `  ${variable} (its value is at ${place})`)
    yield* Console.log(
      `Their secrets were left where they are. Set them in the environment or in .env:\n${lines.join("\n")}`
    )
  })
).pipe(Command.withDescription("Take over the servers of a desktop client"))
