/** What the commands take that work with runs, and the session that it leads to. */
import * as Options from "@effect/cli/Options"
import * as FilePath from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { configFile } from "../ConfigOption.ts"
import { workflowsFolder } from "../workflow/WorkflowOptions.ts"

/** Where runs of this machine are kept. */
export const keptOptions = {
  config: configFile,
  workflows: workflowsFolder,
  database: Options.text("database").pipe(
    Options.optional,
    Options.withDescription("The SQLite file; runs are kept beside it (PENSTOCK_DATABASE, database; penstock.db)")
  )
}

export const sessionOptions = {
  server: Options.text("server").pipe(
    Options.withPseudoName("url"),
    Options.optional,
    Options.withDescription("A running Penstock, whose workflows and runs are meant; without it, this process")
  ),
  key: Options.redacted("key").pipe(Options.optional, Options.withDescription("The virtual key for the server")),
  ...keptOptions
}

export interface KeptFlags {
  readonly config: Option.Option<string>
  readonly workflows: Option.Option<string>
  readonly database: Option.Option<string>
}

export interface SessionFlags extends KeptFlags {
  readonly server: Option.Option<string>
  readonly key: Option.Option<Redacted.Redacted>
}

/** Both ways are loaded when they are taken: they take a while. */
const remote = Effect.fnUntraced(function* (server: string, key: SessionFlags["key"]) {
  const { make } = yield* Effect.promise(() => import("./RemoteSession.ts"))
  return yield* make(server, Option.getOrNull(Option.map(key, Redacted.value)))
})

const localSession = Effect.promise(() => import("./LocalSession.ts"))

/** At the server where one is named. Runs of this process are kept in the file, or in memory alone. */
export const session = Effect.fnUntraced(function* (flags: SessionFlags, keep: "file" | "memory") {
  if (Option.isSome(flags.server)) return yield* remote(flags.server.value, flags.key)
  const paths = yield* FilePath.Path
  return yield* (yield* localSession).make({ ...flags, directory: paths.resolve(".") }, keep)
})

/** To read only: nothing goes on by it. */
export const records = Effect.fnUntraced(function* (flags: SessionFlags) {
  if (Option.isSome(flags.server)) return yield* remote(flags.server.value, flags.key)
  const paths = yield* FilePath.Path
  return yield* (yield* localSession).records({ ...flags, directory: paths.resolve(".") })
})
