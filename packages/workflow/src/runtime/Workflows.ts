/** The workflows of a folder: read, checked, and read again when a file changes. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import type { Catalogues } from "../checker/Catalogues.ts"
import * as Compiler from "../compiler/Compiler.ts"
import type { Plan } from "../compiler/Plan.ts"
import type { Diagnostic } from "../diagnostic/Diagnostic.ts"
import type { Trigger } from "../document/Workflow.ts"

export interface Workflow {
  /** What the file calls it; the file's own name where it cannot be read. */
  readonly name: string
  readonly file: string
  readonly source: string
  /** Null where a diagnostic is an error. */
  readonly plan: Plan | null
  readonly diagnostics: ReadonlyArray<Diagnostic>
  /** What starts it, besides those who ask for it. */
  readonly triggers: ReadonlyArray<Trigger>
}

/** A file's text. */
export interface Source {
  readonly file: string
  readonly text: string
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

interface Read {
  readonly file: string
  readonly bytes: Uint8Array
  readonly text: string
}

/** What the files are checked against. */
export interface Checking {
  readonly of: (sources: ReadonlyArray<Source>) => Effect.Effect<Catalogues>
  /** What that is computed from, besides the files: all are checked again when one of these is another. */
  readonly basis: () => ReadonlyArray<unknown>
}

const unchecked: Checking = { of: () => Effect.succeed({}), basis: () => [] }

/** A folder that is not there holds no workflows. */
export const layer = (
  folder: string,
  checking: Checking = unchecked
): Layer.Layer<Workflows, never, FileSystem.FileSystem | Path.Path> =>
  Layer.scoped(
    Workflows,
    Effect.gen(function* () {
      const files = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const loaded = yield* Ref.make<ReadonlyMap<string, Workflow>>(new Map())
      let basis = checking.basis()

      /** From its bytes: the checker says which of them are no text. */
      const compile = ({ bytes, file, text }: Read, catalogues: Catalogues): Workflow => {
        const { diagnostics, document, plan } = Compiler.compile(bytes, { ...catalogues, file })
        const name = document?.name ?? file.replace(ending, "")
        return { name, file, source: text, plan, diagnostics, triggers: document?.on ?? [] }
      }

      const read = Effect.gen(function* () {
        const names = yield* Effect.orElseSucceed(files.readDirectory(folder), (): Array<string> => [])
        const found = yield* Effect.forEach(
          names.filter((name) => ending.test(name)).sort(),
          // A file that goes away while it is read is not there.
          (file) =>
            Effect.option(
              Effect.map(files.readFile(path.join(folder, file)), (bytes): Read => ({
                file,
                bytes,
                text: new TextDecoder().decode(bytes)
              }))
            )
        )
        return found.flatMap((one) => (one._tag === "Some" ? [one.value] : []))
      })

      // What a file calls may have changed, so that all are checked when one of them has.
      const reload = Effect.gen(function* () {
        const before = yield* Ref.get(loaded)
        const sources = yield* read
        const basisNow = checking.basis()
        const isSame =
          basisNow.every((part, at) => part === basis[at]) &&
          sources.length === before.size &&
          sources.every(({ file, text }) => before.get(file)?.source === text)
        if (isSame) return
        const catalogues = yield* checking.of(sources)
        basis = basisNow
        yield* Ref.set(loaded, new Map(sources.map((source) => [source.file, compile(source, catalogues)])))
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
