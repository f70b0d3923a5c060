/**
 * Workflows that know of each other: the texts of a folder as the catalogue that each of them is checked against. A
 * workflow is called by its `name` or by its file's. Compiled when asked for, each once.
 */
import type { Catalogues, WorkflowCatalogue, WorkflowFacts } from "../checker/Catalogues.ts"
import { allSteps } from "../checker/Blocks.ts"
import * as Checker from "../checker/Checker.ts"
import * as Tools from "../checker/Tools.ts"
import * as Shape from "../types/Shape.ts"
import * as Type from "../types/Type.ts"
import { compile, toFacts } from "./Compiler.ts"

export interface Source {
  /** The name that diagnostics carry. */
  readonly file: string
  readonly text: string | Uint8Array
}

/** `translate` of `flows/translate.yaml`. */
export const stemOf = (file: string): string => file.replace(/^.*[\\/]/, "").replace(/\.ya?ml$/, "")

interface Entry {
  readonly source: Source
  readonly name: string
  /** What the text alone says. */
  readonly shallow: WorkflowFacts
}

/** Null for a text that is too wrong to be read. */
const entryOf = (source: Source): Entry | null => {
  const { document, outputType } = Checker.check(source.text, { file: source.file })
  if (document === undefined) return null
  return {
    source,
    name: document.name,
    shallow: {
      inputs: document.inputs === undefined ? null : Shape.read(document.inputs).schema,
      outputType: outputType ?? Type.any,
      calls: [...new Set(allSteps(document).flatMap(({ step }) => Tools.callsOf(step).map(({ name }) => name)))],
      worstCost: null
    }
  }
}

/** The first of two that have the same name is meant. */
export const make = (
  sources: ReadonlyArray<Source>,
  catalogues: Omit<Catalogues, "workflows"> = {}
): WorkflowCatalogue => {
  const entries = sources.flatMap((source) => entryOf(source) ?? [])
  const byName = new Map<string, Entry>()
  for (const entry of entries) if (!byName.has(entry.name)) byName.set(entry.name, entry)
  for (const entry of entries) {
    const stem = stemOf(entry.source.file)
    if (!byName.has(stem)) byName.set(stem, entry)
  }
  /** Null while an entry is being compiled: whoever asks then is part of a cycle, and gets what the text alone says. */
  const facts = new Map<Entry, WorkflowFacts | null>()
  const catalogue: WorkflowCatalogue = {
    names: [...byName.keys()],
    find: (name) => {
      const entry = byName.get(name)
      if (entry === undefined) return null
      const known = facts.get(entry)
      if (known !== undefined) return known ?? entry.shallow
      facts.set(entry, null)
      const { file, text } = entry.source
      const { plan } = compile(text, { ...catalogues, workflows: catalogue, file })
      const found = plan === null ? entry.shallow : toFacts(plan)
      facts.set(entry, found)
      return found
    }
  }
  return catalogue
}
