/** Sections that are part of the format but do nothing in this version: accepted with a warning. */
import { isRecord } from "effect/Predicate"

const reserved: ReadonlyArray<string> = ["telemetry"]

/** The tree without its reserved sections, and which of them it had. */
export const take = (tree: unknown): { readonly rest: unknown; readonly found: ReadonlyArray<string> } => {
  if (!isRecord(tree) || Array.isArray(tree)) return { rest: tree, found: [] }
  return {
    rest: Object.fromEntries(Object.entries(tree).filter(([key]) => !reserved.includes(key))),
    found: Object.keys(tree).filter((key) => reserved.includes(key))
  }
}

/** The reserved names that may stand beside the keys of a mapping, for suggestions. */
export const keysAt = (path: ReadonlyArray<PropertyKey>): ReadonlyArray<string> => (path.length === 0 ? reserved : [])
