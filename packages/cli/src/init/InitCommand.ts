/** `penstock init`: a few questions, and a configuration that is right. */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as FileSystem from "@effect/platform/FileSystem"
import * as FilePath from "@effect/platform/Path"
import * as Terminal from "@effect/platform/Terminal"
import type { Found } from "@penstock/server/config/Discovery"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import { randomBytes } from "node:crypto"
import { CommandFailed } from "../CommandFailed.ts"
import { configFile } from "../ConfigOption.ts"
import * as ConfigText from "../mcp/ConfigText.ts"
import { jsonOrText } from "../workflow/WorkflowOptions.ts"
import * as ConfigDraft from "./ConfigDraft.ts"
import * as Interview from "./Interview.ts"

const options = {
  config: configFile,
  format: jsonOrText,
  yes: Options.boolean("yes").pipe(Options.withAlias("y"), Options.withDescription("Ask nothing: take the defaults")),
  force: Options.boolean("force").pipe(Options.withDescription("Write over a file that is there")),
  auth: Options.choice("auth", ["none", "keys"]).pipe(
    Options.optional,
    Options.withDescription("Whether a request needs a key; none by default")
  ),
  budget: Options.float("budget").pipe(
    Options.withPseudoName("usd"),
    Options.optional,
    Options.withDescription("USD per day for everybody together; no limit by default, and with 0")
  )
}

interface Flags extends Interview.Given {
  readonly config: Option.Option<string>
  readonly format: "text" | "json"
  readonly yes: boolean
  readonly force: boolean
}

const describe = ({ ollama, vendors }: Found): string => {
  const names = [
    ...vendors.map(({ name, variable }) => `${name} (${variable})`),
    ...(ollama === null ? [] : [`ollama (${ollama.length} models)`])
  ]
  return names.length === 0 ? "Found no provider's key and no Ollama: the demo answers." : `Found ${names.join(", ")}.`
}

const unwritable = (file: string) => (error: { readonly message: string }) =>
  new CommandFailed({ exitCode: 1, text: `${file} cannot be written: ${error.message}` })

/** Secrets go into `.env`, which nobody commits: those that are set nowhere yet. Gives their names. */
const writeSecrets = Effect.fn("init.writeSecrets")(function* (file: string, found: Found) {
  const files = yield* FileSystem.FileSystem
  const lacking = ConfigDraft.secrets.filter((name) => !found.isSet(name))
  if (lacking.length === 0) return lacking
  const made = new Map(lacking.map((name) => [name, `sk-penstock-${randomBytes(24).toString("base64url")}`]))
  const before = yield* Effect.orElseSucceed(files.readFileString(file), () => "")
  yield* files
    .writeFileString(file, ConfigDraft.withSecrets(before, made), { mode: 0o600 })
    .pipe(Effect.mapError(unwritable(".env")))
  yield* Console.error(`Wrote ${lacking.join(" and ")} into .env: keep it to yourself.`)
  return lacking
})

const init = Effect.fn("init")(function* (flags: Flags) {
  const loader = yield* Effect.promise(() => import("@penstock/server/config/ConfigLoader"))
  const issues = yield* Effect.promise(() => import("@penstock/server/config/ConfigIssue"))
  const discovery = yield* Effect.promise(() => import("@penstock/server/config/Discovery"))
  const files = yield* FileSystem.FileSystem
  const paths = yield* FilePath.Path
  const directory = paths.resolve(".")
  const wrong = (error: Parameters<typeof issues.renderError>[0]) =>
    new CommandFailed({ exitCode: 2, text: issues.renderError(error) })
  const place = yield* loader.locate(ConfigText.flagsOf(flags.config), directory).pipe(Effect.mapError(wrong))
  const { envFile, file, fileName } = place
  const isThere = yield* Effect.mapError(files.exists(file), unwritable(fileName))
  if (isThere && !flags.force) {
    const text = `${fileName} exists already, and stays as it is. Write over it with --force, or elsewhere with --config.`
    return yield* new CommandFailed({ exitCode: 2, text })
  }
  const terminal = yield* Terminal.Terminal
  if (!flags.yes && !(yield* terminal.isTTY)) {
    const text = "There is no terminal to ask questions at. Take the defaults with --yes, beside --auth and --budget."
    return yield* new CommandFailed({ exitCode: 2, text })
  }

  const found = yield* discovery.discover(directory, ConfigDraft.secrets)
  yield* Console.error(describe(found))
  const choices = yield* flags.yes ? Effect.succeed(Interview.defaults(flags)) : Interview.ask(flags)
  if (!Interview.isBudget(choices.budget)) {
    return yield* new CommandFailed({ exitCode: 2, text: `--budget: ${Interview.wantedBudget}` })
  }
  const secrets = choices.auth === "keys" ? yield* writeSecrets(envFile, found) : []
  yield* files.writeFileString(file, ConfigDraft.render(choices, found)).pipe(Effect.mapError(unwritable(fileName)))
  // Read as every other command does: what is told here is what is in force.
  yield* loader.load(place, ConfigText.flagsOf(flags.config)).pipe(Effect.mapError(wrong))
  yield* Console.log(
    flags.format === "json"
      ? JSON.stringify({ file: fileName, secrets }, null, 2)
      : `Wrote ${fileName}. Look at what is in force: penstock config. Begin: penstock serve`
  )
})

export const command = Command.make("init", options, init).pipe(
  Command.withDescription("Write a penstock.yaml to begin with, from what this machine has and a few answers")
)
