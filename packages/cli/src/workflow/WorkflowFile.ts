/** Workflow files by the names that a person gave them, and what they are checked against. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as FilePath from "@effect/platform/Path"
import { renderAll } from "@penstock/workflow/diagnostic/CodeFrame"
import type { Compiled } from "@penstock/workflow/compiler/Compiler"
import type { Plan } from "@penstock/workflow/compiler/Plan"
import type { Source } from "@penstock/workflow/compiler/Collection"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import { CommandFailed } from "../CommandFailed.ts"

export interface Checking {
  readonly config: Option.Option<string>
  readonly workflows: Option.Option<string>
  readonly offline: boolean
}

export interface Given extends Source {
  /** As it was given, for messages. */
  readonly shown: string
  readonly text: Uint8Array
}

/** Loaded when it is needed: a command that checks nothing does not wait for it. */
export const compiler = Effect.promise(() => import("@penstock/workflow/compiler/Compiler"))

/** A file that cannot be read is a wrong command line. */
export const read = Effect.fn("WorkflowFile.read")(function* (name: string) {
  const files = yield* FileSystem.FileSystem
  const paths = yield* FilePath.Path
  const file = paths.resolve(name)
  const text = yield* files.readFile(file).pipe(
    Effect.mapError((error) => {
      const reason =
        error._tag === "SystemError" && error.reason === "NotFound" ? "there is no such file" : error.message
      return new CommandFailed({ exitCode: 2, text: `${name}: ${reason}` })
    })
  )
  const given: Given = { file, shown: name, text }
  return given
})

/** The configuration's view of the world. Loaded when it is needed: models and prices take a while. */
export const workbench = Effect.fn("WorkflowFile.workbench")(function* (options: Checking) {
  const workbench = yield* Effect.promise(() => import("@penstock/server/workflows/Workbench"))
  const issues = yield* Effect.promise(() => import("@penstock/server/config/ConfigIssue"))
  const paths = yield* FilePath.Path
  return yield* workbench
    .open({ ...options, directory: paths.resolve(".") })
    .pipe(Effect.mapError((error) => new CommandFailed({ exitCode: 2, text: issues.renderError(error) })))
})

/** The files of the workflows' folder, without asking anybody for models. */
export const stored = Effect.fn("WorkflowFile.stored")(function* (options: Pick<Checking, "config" | "workflows">) {
  const workbench = yield* Effect.promise(() => import("@penstock/server/workflows/Workbench"))
  const folder = yield* Effect.promise(() => import("@penstock/server/workflows/Folder"))
  const issues = yield* Effect.promise(() => import("@penstock/server/config/ConfigIssue"))
  const paths = yield* FilePath.Path
  return yield* workbench.folder({ ...options, offline: true, directory: paths.resolve(".") }).pipe(
    Effect.mapError((error) => new CommandFailed({ exitCode: 2, text: issues.renderError(error) })),
    Effect.flatMap(folder.read)
  )
})

export const decoded = (text: string | Uint8Array): string =>
  typeof text === "string" ? text : new TextDecoder().decode(text)

/** Diagnostics for a terminal; empty where there are none. */
export const render = (diagnostics: Compiled["diagnostics"], text: string | Uint8Array): string =>
  renderAll(diagnostics, decoded(text))

/** The plan of a file that has no errors; else what is wrong with it. */
export const planOf = ({ diagnostics, plan }: Compiled, { text }: Given): Effect.Effect<Plan, CommandFailed> =>
  plan === null
    ? Effect.fail(new CommandFailed({ exitCode: 1, text: render(diagnostics, text) }))
    : Effect.succeed(plan)
