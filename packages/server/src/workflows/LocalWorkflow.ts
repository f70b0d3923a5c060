/** A workflow as somebody at a command line or in a script names it: a file, or a name of the folder. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as FilePath from "@effect/platform/Path"
import type { Sources } from "@penstock/workflow/runtime/Definitions"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type { Callable, Found } from "./Callable.ts"

export class WorkflowNotFound extends Data.TaggedError("WorkflowNotFound")<{ readonly message: string }> {}

const isFile = (name: string): boolean => /[\\/]|\.ya?ml$/.test(name)

export const find = Effect.fn("LocalWorkflow.find")(function* (callable: Callable, directory: string, name: string) {
  if (isFile(name)) {
    const files = yield* FileSystem.FileSystem
    const paths = yield* FilePath.Path
    const file = paths.resolve(directory, name)
    const text = yield* files.readFileString(file).pipe(
      Effect.mapError((error) => {
        const reason =
          error._tag === "SystemError" && error.reason === "NotFound" ? "there is no such file" : error.message
        return new WorkflowNotFound({ message: `${name}: ${reason}` })
      })
    )
    const found: Found = { file, text }
    return found
  }
  const found = callable.find(name)
  if (found !== null) return found
  const meant = callable.meant(name)
  const hint =
    meant !== null
      ? `Did you mean ${meant}?`
      : callable.names.length > 0
        ? `There are: ${callable.names.slice(0, 20).join(", ")}.`
        : "The workflows' folder holds none; name a file, or the folder."
  return yield* new WorkflowNotFound({ message: `There is no workflow "${name}". ${hint}` })
})

export const sources =
  (callable: Callable): Sources =>
  (name) =>
    callable.find(name)?.text ?? null
