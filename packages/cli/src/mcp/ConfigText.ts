/** The text of the configuration file, read and written by the commands that change it. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as FilePath from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { CommandFailed } from "../CommandFailed.ts"
import * as ServerEntry from "./ServerEntry.ts"

/** Flags of a command that neither listens nor opens the database. */
export const flagsOf = (config: Option.Option<string>) => ({
  config,
  host: Option.none(),
  port: Option.none(),
  database: Option.none(),
  workflows: Option.none(),
  insecure: true
})

export interface Added {
  readonly name: string
  readonly entry: ServerEntry.Entry
}

const unwritable = (file: string) => (error: { readonly message: string }) =>
  new CommandFailed({ exitCode: 1, text: `${file} cannot be written: ${error.message}` })

/** Writes the servers into the file, or none of them. Returns the file as messages call it. */
export const addServers = Effect.fn("mcp.addServers")(function* (
  config: Option.Option<string>,
  servers: ReadonlyArray<Added>,
  replace: boolean
) {
  const loader = yield* Effect.promise(() => import("@penstock/server/config/ConfigLoader"))
  const issues = yield* Effect.promise(() => import("@penstock/server/config/ConfigIssue"))
  const paths = yield* FilePath.Path
  const files = yield* FileSystem.FileSystem
  const { file, fileName } = yield* loader
    .locate(flagsOf(config), paths.resolve("."))
    .pipe(Effect.mapError((error) => new CommandFailed({ exitCode: 2, text: issues.renderError(error) })))
  const isThere = yield* Effect.mapError(files.exists(file), unwritable(fileName))
  let text = isThere ? yield* Effect.mapError(files.readFileString(file), unwritable(fileName)) : ""
  for (const { entry, name } of servers) {
    const edited = ServerEntry.add(text, name, entry, replace)
    if (edited._tag !== "Edited") {
      return yield* new CommandFailed({ exitCode: 2, text: ServerEntry.describe(edited, fileName) })
    }
    text = edited.text
  }
  // Whole or not at all: a running server reads it whenever it changes.
  const beside = `${file}.new`
  yield* files
    .writeFileString(beside, text, { mode: 0o600 })
    .pipe(Effect.zipRight(files.rename(beside, file)), Effect.mapError(unwritable(fileName)))
  return fileName
})
