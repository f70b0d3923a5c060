/**
 * Keys that are part of the format but do nothing in this version. Most are accepted with a warning; a limit on money or
 * requests is refused, because one that is not enforced must not look enforced.
 */
import { isRecord } from "effect/Predicate"
import type { Path } from "./ConfigSource.ts"

interface Reserved {
  readonly path: ReadonlyArray<string>
  readonly refused?: string
}

const unenforced = (what: string) => `${what} are not enforced by this version, so none may be declared`

const reserved: ReadonlyArray<Reserved> = [
  ...["strategy", "retry", "timeout", "stream", "fallback_on", "breaker"].map((key) => ({
    path: ["models", "*", key]
  })),
  { path: ["defaults"] },
  { path: ["mcp"] },
  { path: ["telemetry"] },
  { path: ["providers", "*", "fault"] },
  { path: ["budget"], refused: unenforced("spending limits") },
  { path: ["keys", "*", "budget"], refused: unenforced("spending limits") },
  { path: ["keys", "*", "rate"], refused: unenforced("rate limits") }
]

export interface Finding {
  readonly path: Path
  readonly message: string
  readonly refused: boolean
}

const matches = (pattern: ReadonlyArray<string>, path: Path): boolean =>
  pattern.length === path.length && pattern.every((part, index) => part === "*" || part === path[index])

/** The tree without its reserved keys, and what they were. */
export const take = (tree: unknown): { readonly rest: unknown; readonly findings: ReadonlyArray<Finding> } => {
  const findings: Array<Finding> = []
  const prune = (value: unknown, path: Path): unknown => {
    // No reserved key is deeper.
    if (path.length > 2) return value
    if (Array.isArray(value)) return value.map((item, index) => prune(item, [...path, index]))
    if (!isRecord(value)) return value
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, child]) => {
        const here = [...path, key]
        const found = reserved.find((candidate) => matches(candidate.path, here))
        if (found === undefined) return [[key, prune(child, here)]]
        findings.push({
          path: here,
          message: found.refused ?? "has no effect yet: this version does not act on it",
          refused: found.refused !== undefined
        })
        return []
      })
    )
  }
  return { rest: prune(tree, []), findings }
}

/** The reserved names that may stand beside the keys of a mapping, for suggestions. */
export const keysAt = (path: ReadonlyArray<PropertyKey>): ReadonlyArray<string> =>
  reserved.flatMap((candidate) =>
    matches(
      candidate.path.slice(0, -1),
      path.map((key) => (typeof key === "symbol" ? "" : key))
    )
      ? candidate.path.slice(-1)
      : []
  )
