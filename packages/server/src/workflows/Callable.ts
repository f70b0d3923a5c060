/** Workflow files by the names that they are called by: the `name` in the file, else the file's own. */
import { nearest } from "@penstock/schema/Suggestion"
import * as Collection from "@penstock/workflow/compiler/Collection"
import * as Checker from "@penstock/workflow/checker/Checker"

export interface Found {
  readonly file: string
  readonly text: string
}

export interface Callable {
  /** The files. */
  readonly sources: ReadonlyArray<Collection.Source>
  readonly find: (name: string) => Found | null
  readonly names: ReadonlyArray<string>
  /** The name that was probably meant. */
  readonly meant: (name: string) => string | null
}

/** The first of two with the same name is meant. */
export const of = (sources: ReadonlyArray<Collection.Source>): Callable => {
  const read = sources.map(({ file, text }) => {
    const decoded = typeof text === "string" ? text : new TextDecoder().decode(text)
    return { file, text: decoded, name: Checker.check(decoded, { file }).document?.name }
  })
  const byName = new Map<string, Found>()
  for (const { file, name, text } of read) {
    if (name !== undefined && !byName.has(name)) byName.set(name, { file, text })
  }
  const names = [...byName.keys()]
  for (const { file, text } of read) {
    const stem = Collection.stemOf(file)
    if (!byName.has(stem)) byName.set(stem, { file, text })
  }
  return { sources, find: (name) => byName.get(name) ?? null, names, meant: (name) => nearest(name, names) }
}
