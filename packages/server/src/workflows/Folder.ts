/** The workflow files of a folder. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as FilePath from "@effect/platform/Path"
import type { Source } from "@penstock/workflow/compiler/Collection"
import * as Effect from "effect/Effect"

const isWorkflow = (name: string): boolean => /\.ya?ml$/.test(name) && !name.startsWith(".")

/** In the order of their names; empty for a folder that does not exist. What cannot be read is left out. */
export const read = Effect.fn("Folder.read")(function* (folder: string) {
  const files = yield* FileSystem.FileSystem
  const paths = yield* FilePath.Path
  const names = yield* files.readDirectory(folder).pipe(Effect.orElseSucceed((): Array<string> => []))
  const sources = yield* Effect.forEach(names.filter(isWorkflow).sort(), (name) => {
    const file = paths.join(folder, name)
    return files.readFile(file).pipe(
      Effect.map((text): ReadonlyArray<Source> => [{ file, text }]),
      Effect.orElseSucceed((): ReadonlyArray<Source> => [])
    )
  })
  return sources.flat()
})
