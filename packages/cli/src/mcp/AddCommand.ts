/** `penstock mcp add`: a server more in the configuration file. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import { CommandFailed } from "../CommandFailed.ts"
import { configFile } from "../ConfigOption.ts"
import { jsonOrText } from "../workflow/WorkflowOptions.ts"
import * as ConfigText from "./ConfigText.ts"
import type { Entry } from "./ServerEntry.ts"

const options = {
  config: configFile,
  env: Options.keyValueMap("env").pipe(
    Options.optional,
    Options.withDescription("A variable of the program's environment; NAME='${env.NAME}' takes it from ours")
  ),
  header: Options.keyValueMap("header").pipe(Options.optional, Options.withDescription("A header of each request")),
  replace: Options.boolean("replace").pipe(Options.withDescription("Replace a server of that name")),
  format: jsonOrText,
  name: Args.text({ name: "name" }),
  target: Args.text({ name: "url | -- command" }).pipe(
    Args.repeated,
    Args.withDescription("An http:// or https:// address, or after -- a program with its arguments")
  )
}

const entryOf = (target: ReadonlyArray<string>, env: Entry["env"], headers: Entry["headers"]): Entry | null => {
  const [first, ...args] = target
  if (first === undefined) return null
  if (/^https?:\/\//.test(first)) {
    return args.length > 0 ? null : { url: first, ...(headers === undefined ? {} : { headers }) }
  }
  return { command: first, ...(args.length === 0 ? {} : { args }), ...(env === undefined ? {} : { env }) }
}

const record = (pairs: Option.Option<HashMap.HashMap<string, string>>) =>
  Option.getOrUndefined(Option.map(pairs, (map) => Object.fromEntries(HashMap.toEntries(map))))

export const command = Command.make("add", options, ({ config, env, format, header, name, replace, target }) =>
  Effect.gen(function* () {
    const entry = entryOf(target, record(env), record(header))
    if (entry === null) {
      const text =
        "Name an address, or after -- a program:\n" +
        "  penstock mcp add docs https://example.test/mcp\n" +
        "  penstock mcp add files -- npx -y @modelcontextprotocol/server-filesystem ."
      return yield* new CommandFailed({ exitCode: 2, text })
    }
    const file = yield* ConfigText.addServers(config, [{ name, entry }], replace)
    yield* Console.log(
      format === "json"
        ? JSON.stringify({ file, servers: [name] }, null, 2)
        : `${file} has the MCP server ${name} now. See what it offers with: penstock mcp inspect ${name}`
    )
  })
).pipe(Command.withDescription("Write a server into the configuration file"))
