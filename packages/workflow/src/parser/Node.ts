/** A YAML value that knows where it stands. Aliases are resolved, tags are gone, keys are plain names. */
import type { Range } from "../diagnostic/Diagnostic.ts"

/** Offsets into the text, in UTF-16 units; the end is behind the last one. */
export interface Span {
  readonly start: number
  readonly end: number
}

interface Located {
  readonly span: Span
  readonly range: Range
}

export interface Scalar extends Located {
  readonly _tag: "Scalar"
  readonly value: string | number | boolean | null
  readonly style: "plain" | "single" | "double" | "block"
}

export interface Sequence extends Located {
  readonly _tag: "Sequence"
  readonly items: ReadonlyArray<Node>
}

export interface Entry {
  readonly key: Located
  readonly value: Node
}

export interface Mapping extends Located {
  readonly _tag: "Mapping"
  readonly entries: ReadonlyMap<string, Entry>
}

export type Node = Scalar | Sequence | Mapping

/** Keys and indices that lead from the root to a value. */
export type Path = ReadonlyArray<string | number>

const child = (node: Node, key: string | number): Node | null => {
  switch (node._tag) {
    case "Scalar":
      return null
    case "Sequence":
      return typeof key === "number" ? (node.items[key] ?? null) : null
    case "Mapping":
      return node.entries.get(String(key))?.value ?? null
  }
}

/** The node at a path, or null where the path leads nowhere. */
export const at = (root: Node, path: ReadonlyArray<string | number>): Node | null =>
  path.reduce<Node | null>((node, key) => (node === null ? null : child(node, key)), root)

/** Where the last key of a path is written; null for the root, an item of a sequence and what is not there. */
export const keyAt = (root: Node, path: ReadonlyArray<string | number>): Range | null => {
  const parent = at(root, path.slice(0, -1))
  return parent?._tag === "Mapping" ? (parent.entries.get(String(path.at(-1)))?.key.range ?? null) : null
}

/** The place that a path names best: the value, its key, or the nearest of what is above. */
export const rangeAt = (root: Node, path: ReadonlyArray<string | number>, prefer: "key" | "value" = "value"): Range => {
  for (let length = path.length; length > 0; length--) {
    const here = path.slice(0, length)
    const node = at(root, here)
    if (node === null) continue
    // What is missing is missing from a mapping, which its key names best.
    return prefer === "key" || length < path.length ? (keyAt(root, here) ?? startOf(node)) : node.range
  }
  return startOf(root)
}

/** A mapping may fill the screen; its first character is enough. */
const startOf = (node: Node): Range => {
  const { start } = node.range
  return node._tag === "Scalar" ? node.range : { start, end: { line: start.line, column: start.column + 1 } }
}

/** The node as plain data: what the document's schema decodes. */
export const toValue = (node: Node): unknown => {
  switch (node._tag) {
    case "Scalar":
      return node.value
    case "Sequence":
      return node.items.map(toValue)
    case "Mapping":
      return Object.fromEntries(Array.from(node.entries, ([name, entry]) => [name, toValue(entry.value)]))
  }
}
