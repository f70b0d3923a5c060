/** `penstock serve`: the gateway, until it is told to stop. */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { banner } from "./Banner.ts"
import { CommandFailed } from "./CommandFailed.ts"
import { configFile } from "./ConfigOption.ts"

const options = {
  config: configFile,
  host: Options.text("host").pipe(
    Options.optional,
    Options.withDescription("Address to listen on (HOST, server.host; 127.0.0.1)")
  ),
  port: Options.integer("port").pipe(
    Options.optional,
    Options.withDescription("Port to listen on, 0 for a free one (PORT, server.port; 8080)")
  ),
  database: Options.text("database").pipe(
    Options.optional,
    Options.withDescription("The SQLite file (PENSTOCK_DATABASE, database; penstock.db)")
  ),
  workflows: Options.text("workflows").pipe(
    Options.withPseudoName("directory"),
    Options.optional,
    Options.withDescription("Folder of the workflow files (PENSTOCK_WORKFLOWS, workflows; workflows)")
  ),
  insecure: Options.boolean("insecure").pipe(
    Options.withDescription("Accept auth: none on an address that others can reach")
  )
}

export const command = Command.make("serve", options, (flags) =>
  Effect.gen(function* () {
    const app = yield* Effect.promise(() => import("@penstock/server/App"))
    const issues = yield* Effect.promise(() => import("@penstock/server/config/ConfigIssue"))
    return yield* app.serve({ ...flags, onListening: (facts) => Console.log(banner(facts)) }).pipe(
      Effect.catchTags({
        ConfigError: (error) => new CommandFailed({ exitCode: 2, text: issues.renderError(error) }),
        StartFailure: (failure) =>
          new CommandFailed({
            exitCode: 1,
            text: failure.hint === null ? failure.message : `${failure.message}\n${failure.hint}`
          })
      })
    )
  })
).pipe(Command.withDescription("Serve the gateway"))
