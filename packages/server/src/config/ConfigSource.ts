/**
 * A configuration file as a tree of values that know where they stand. All mistakes of syntax are collected; a file
 * with any of them has no values.
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, Scalar, type Alias, type Node } from "yaml"
import type { ConfigIssue } from "./ConfigIssue.ts"
import { renderPath } from "./ConfigIssue.ts"
import { interpolate } from "./Interpolation.ts"
import { isSecretPath, maskLine, maskRanges } from "./SecretPaths.ts"

export interface Stretch {
  readonly start: number
  readonly end: number
}

export interface Located extends Stretch {
  readonly key: Stretch | null
  readonly value: unknown
  readonly children: ReadonlyMap<string, Located>
  /** Environment variables that the text names. */
  readonly variables: ReadonlyArray<string>
  /** Those of them that are not set. */
  readonly unset: ReadonlyArray<string>
}

export type Path = ReadonlyArray<string | number>

export interface ConfigSource {
  readonly name: string
  /** Null for a file that is empty or has mistakes of syntax. */
  readonly root: Located | null
  readonly issues: ReadonlyArray<ConfigIssue>
  readonly at: (path: ReadonlyArray<PropertyKey>) => Located | null
  /** An issue at a value, at its key, or, where the path leads nowhere, at what is nearest above. */
  readonly issue: (
    path: ReadonlyArray<PropertyKey>,
    message: string,
    hint?: string | null,
    where?: "key" | "value"
  ) => ConfigIssue
}

const maxBytes = 1024 * 1024
const maxAliases = 100
const maxDepth = 32

/** An API key from a variable that is not set means that the provider is not configured; it stops nothing. */
const mayBeUnset = (path: Path): boolean => path.length === 3 && path[0] === "providers" && path[2] === "api_key"

const isIdentifierTag = (tag: string | undefined): boolean =>
  tag === undefined || /^tag:yaml\.org,2002:(?:str|int|float|bool|null|map|seq)$/.test(tag)

export const read = (name: string, text: string, lookup: (variable: string) => string | undefined): ConfigSource => {
  const lines = new LineCounter()
  const problems: Array<{ offset: number; path: ReadonlyArray<PropertyKey>; message: string; hint: string | null }> = []
  const secrets: Array<Stretch> = []

  /** The lines as an excerpt may show them: made when every secret's place is known. */
  let masked: ReadonlyArray<string> | null = null
  const frameAt = (offset: number): Pick<ConfigIssue, "line" | "column" | "frame"> => {
    const { col, line } = lines.linePos(Math.min(offset, text.length))
    masked ??= maskRanges(text, secrets).split(/\r?\n/)
    const shown = masked
    const first = Math.max(1, line - 1)
    const width = String(line + 1).length
    const frame = shown.slice(first - 1, line + 1).flatMap((content, index) => {
      const number = first + index
      if (number > line && content.trim() === "") return []
      const row = `${number === line ? ">" : " "} ${String(number).padStart(width)} | ${maskLine(content).slice(0, 160)}`
      return number === line
        ? [row, `  ${" ".repeat(width)} | ${" ".repeat(Math.max(0, Math.min(col, 160) - 1))}^`]
        : [row]
    })
    return { line: Math.max(1, line), column: Math.max(1, col), frame: frame.join("\n") }
  }
  const issueAt = (offset: number, path: ReadonlyArray<PropertyKey>, message: string, hint: string | null) => ({
    source: name,
    path: renderPath(path),
    message,
    hint,
    ...frameAt(offset)
  })
  const report = (offset: number, path: ReadonlyArray<PropertyKey>, message: string, hint: string | null = null) =>
    problems.push({ offset, path, message, hint })

  const tooLarge = text.length > maxBytes
  const document = parseDocument(tooLarge ? "" : text, {
    lineCounter: lines,
    prettyErrors: false,
    resolveKnownTags: false,
    stringKeys: true,
    logLevel: "error"
  })
  if (tooLarge) report(0, [], "the file is larger than 1 MB", "a configuration file is a few kilobytes")
  for (const problem of [...document.errors, ...document.warnings]) {
    switch (problem.code) {
      case "DUPLICATE_KEY":
        report(problem.pos[0], [], "this key was given before in the same mapping", "remove one of the two")
        break
      case "TAG_RESOLVE_FAILED":
        report(problem.pos[0], [], "tags are not accepted here", "remove the word that begins with !")
        break
      default:
        // The parser quotes the text at fault after a colon; the excerpt shows it with its secrets masked.
        report(problem.pos[0], [], `not valid YAML: ${problem.message.replace(/: ".*$/s, "")}`)
    }
  }

  let aliases = 0
  const stretch = (node: Node): Stretch => ({ start: node.range?.[0] ?? 0, end: node.range?.[1] ?? 0 })

  const scalar = (node: Scalar, key: Stretch | null, path: Path): Located => {
    const where = stretch(node)
    const located = { ...where, key, children: new Map<string, Located>() }
    if (isSecretPath(path)) secrets.push(where)
    if (typeof node.value !== "string" || !node.value.includes("${")) {
      return { ...located, value: node.value, variables: [], unset: [] }
    }
    const { text: result, unknown, unset, variables } = interpolate(node.value, lookup)
    for (const placeholder of unknown) {
      const inner = /^\$\{\s*([A-Za-z_]\w*)\s*\}$/.exec(placeholder)?.[1]
      const hint = inner === undefined ? "write $${ for a plain ${" : `write \${env.${inner}}, or $\${ for a plain \${`
      report(where.start, path, `expected \${env.NAME}, found ${placeholder}`, hint)
    }
    if (!mayBeUnset(path)) {
      for (const variable of unset) {
        report(where.start, path, `the environment variable ${variable} is not set`, `set ${variable}, also in .env`)
      }
    }
    const missing = unset.length > 0
    // An unquoted text reads as YAML would read it with the variable's value in its place: a port is a number.
    const typed = node.type === Scalar.PLAIN && !isSecretPath(path) ? plain(result) : result
    return { ...located, value: missing ? undefined : typed, variables, unset }
  }

  const locate = (node: Node | null, key: Stretch | null, path: Path, above: ReadonlyArray<Node>): Located => {
    if (node === null) {
      const where = key ?? { start: 0, end: 0 }
      return { ...where, key, value: null, children: new Map(), variables: [], unset: [] }
    }
    if (!isIdentifierTag(isAlias(node) ? undefined : node.tag)) {
      report(stretch(node).start, path, "tags are not accepted here", "remove the word that begins with !")
    }
    if (isAlias(node)) return { ...resolveAlias(node, key, path, above), ...stretch(node) }
    if (isScalar(node)) return scalar(node, key, path)
    const children = new Map<string, Located>()
    const leaf = { ...stretch(node), key, variables: [], unset: [] }
    if (above.length >= maxDepth) {
      report(stretch(node).start, path, `nested more than ${maxDepth} levels deep`)
      return { ...leaf, value: null, children }
    }
    const below = [...above, node]
    if (isSeq<Node | null>(node)) {
      node.items.forEach((item, index) => children.set(String(index), locate(item, null, [...path, index], below)))
      return { ...leaf, children, value: Array.from(children.values(), (child) => child.value) }
    }
    if (isMap<Node, Node | null>(node)) {
      const value: Record<string, unknown> = {}
      for (const pair of node.items) {
        const name = isScalar(pair.key) ? String(pair.key.value) : ""
        if (!isScalar(pair.key) || name === "__proto__") {
          report(stretch(pair.key).start, path, "expected a plain name as key")
          continue
        }
        const child = locate(pair.value, stretch(pair.key), [...path, name], below)
        children.set(name, child)
        if (child.value !== undefined) value[name] = child.value
      }
      return { ...leaf, children, value }
    }
    return { ...leaf, children, value: null }
  }

  const resolveAlias = (node: Alias, key: Stretch | null, path: Path, above: ReadonlyArray<Node>): Located => {
    const target = node.resolve(document)
    aliases += 1
    if (target === undefined || aliases > maxAliases || above.includes(target)) {
      const reason =
        target === undefined
          ? `no anchor &${node.source} stands before this alias`
          : aliases > maxAliases
            ? `more than ${maxAliases} aliases`
            : "this alias contains itself"
      // Past the limit only the first one is told.
      if (aliases <= maxAliases + 1) report(stretch(node).start, path, reason)
      return { ...stretch(node), key, value: null, children: new Map(), variables: [], unset: [] }
    }
    return locate(target, key, path, above)
  }

  const tree = problems.length === 0 && document.contents !== null ? locate(document.contents, null, [], []) : null
  const root = tree !== null && tree.value !== null ? tree : null

  // Excerpts are made last, when every secret's place is known.
  const issues = problems.map(({ hint, message, offset, path }) => issueAt(offset, path, message, hint))

  const at = (path: ReadonlyArray<PropertyKey>): Located | null =>
    path.reduce<Located | null>((node, key) => node?.children.get(String(key)) ?? null, root)

  return {
    name,
    root: issues.length === 0 ? root : null,
    issues,
    at,
    issue: (path, message, hint = null, where = "value") => {
      const exact = at(path)
      const above = path.map((_, index) => at(path.slice(0, path.length - index - 1))).find((node) => node !== null)
      const node = exact ?? above ?? null
      // What is missing is missing from a mapping, which its key names best.
      const offset = node === null ? 0 : exact === null || where === "key" ? (node.key ?? node).start : node.start
      return issueAt(offset, path, message, hint)
    }
  }
}

const plain = (text: string): unknown => {
  if (/^[-+]?\d+(?:\.\d+)?$/.test(text)) return Number(text)
  return text === "true" ? true : text === "false" ? false : text
}
