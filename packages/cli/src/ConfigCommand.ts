/** `penstock config`: what is in force, without its secrets. */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as FilePath from "@effect/platform/Path"
import * as Terminal from "@effect/platform/Terminal"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { CommandFailed } from "./CommandFailed.ts"
import { configFile } from "./ConfigOption.ts"

const format = Options.choice("format", ["yaml", "json"]).pipe(
  Options.withDefault("yaml"),
  Options.withDescription("How to print it")
)

const print = Effect.fn("config")(function* (options: {
  readonly config: Option.Option<string>
  readonly format: "yaml" | "json"
}) {
  const loader = yield* Effect.promise(() => import("@penstock/server/config/ConfigLoader"))
  const issues = yield* Effect.promise(() => import("@penstock/server/config/ConfigIssue"))
  const effective = yield* Effect.promise(() => import("@penstock/server/config/EffectiveConfig"))
  const paths = yield* FilePath.Path
  const terminal = yield* Terminal.Terminal
  const flags = {
    config: options.config,
    host: Option.none(),
    port: Option.none(),
    database: Option.none(),
    workflows: Option.none(),
    // Nothing is opened to anybody by printing.
    insecure: true
  }
  const loaded = yield* loader.locate(flags, paths.resolve(".")).pipe(
    Effect.flatMap((place) => loader.load(place, flags)),
    Effect.mapError((error) => new CommandFailed({ exitCode: 2, text: issues.renderError(error) }))
  )
  if (loaded.warnings.length > 0) yield* Console.error(`${issues.renderWarnings(loaded.warnings)}\n`)
  yield* Effect.orDie(
    terminal.display(options.format === "json" ? effective.renderJson(loaded) : effective.renderYaml(loaded))
  )
})

export const command = Command.make("config", { config: configFile, format }, print).pipe(
  Command.withDescription("Check the configuration and print what is in force, secrets redacted")
)
