/** The workflows of a folder: read, checked, and read again when a file changes. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import type { Options } from "../checker/Checker.ts"
import * as Compiler from "../compiler/Compiler.ts"
import type { Plan } from "../compiler/Plan.ts"
import type { Diagnostic } from "../diagnostic/Diagnostic.ts"

export interface Workflow {
  /** What the file calls it; the file's own name where it cannot be read. */
  readonly name: string
  readonly file: string
  readonly source: string
  /** Null where a diagnostic is an error. */
  readonly plan: Plan | null
  readonly diagnostics: ReadonlyArray<Diagnostic>
}

export interface Service {
  /** By name. A name that two files use is the first file's, in the order of file names. */
  readonly list: Effect.Effect<ReadonlyArray<Workflow>>
  /** By its name, or else by its file's name without the ending. */
  readonly find: (name: string) => Effect.Effect<Workflow | null>
  /** Reads what has changed since. It is done every second, too. */
  readonly reload: Effect.Effect<void>
}

export class Workflows extends Context.Tag("@penstock/workflow/runtime/Workflows")<Workflows, Service>() {}

const ending = /\.ya?ml$/

/** `options`: what the files are checked against. A folder that is not there holds no workflows. */
export const layer = (
  folder: string,
  options: Options = {}
): Layer.Layer<Workflows, never, FileSystem.FileSystem | Path.Path> =>
  Layer.scoped(
    Workflows,
    Effect.gen(function* () {
      const files = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const loaded = yield* Ref.make<ReadonlyMap<string, Workflow>>(new Map())

      const read = Effect.fnUntraced(function* (file: string, before: Workflow | undefined) {
        const source = yield* files.readFileString(path.join(folder, file))
        if (before?.source === source) return before
        const { diagnostics, document, plan } = Compiler.compile(source, { ...options, file })
        const name = document?.name ?? file.replace(ending, "")
        return { name, file, source, plan, diagnostics } satisfies Workflow
      })

      const reload = Effect.gen(function* () {
        const before = yield* Ref.get(loaded)
        const names = yield* Effect.orElseSucceed(files.readDirectory(folder), (): Array<string> => [])
        const found = yield* Effect.forEach(
          names.filter((name) => ending.test(name)).sort(),
          // A file that goes away while it is read is not there.
          (file) => Effect.option(read(file, before.get(file)))
        )
        const workflows = found.flatMap((one) => (one._tag === "Some" ? [one.value] : []))
        yield* Ref.set(loaded, new Map(workflows.map((workflow) => [workflow.file, workflow])))
      })

      yield* reload
      yield* Effect.forkScoped(Effect.forever(Effect.delay(reload, "1 second")))

      const list = Effect.map(Ref.get(loaded), (all) => {
        const byName = new Map<string, Workflow>()
        for (const workflow of all.values()) if (!byName.has(workflow.name)) byName.set(workflow.name, workflow)
        return [...byName.values()].toSorted((one, other) => (one.name < other.name ? -1 : 1))
      })
      return {
        list,
        reload,
        find: (name) =>
          Effect.map(
            list,
            (all) =>
              all.find((workflow) => workflow.name === name) ??
              all.find(({ file }) => file.replace(ending, "") === name) ??
              null
          )
      }
    })
  )
