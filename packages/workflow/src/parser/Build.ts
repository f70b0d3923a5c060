/** The library's nodes to ours: ranges joined in, aliases resolved within bounds, keys held to the rules. */
import {
  type Alias,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node as YamlNode,
  Scalar as YamlScalar,
  type YAMLMap
} from "yaml"
import { maxDepth, maxNodes, type Report } from "./Limits.ts"
import type { Lines } from "./Lines.ts"
import type { Entry, Mapping, Node, Scalar, Span } from "./Node.ts"

const spanOf = (node: YamlNode): Span => ({ start: node.range?.[0] ?? 0, end: node.range?.[1] ?? 0 })

const styleOf = (type: string | null | undefined): Scalar["style"] => {
  switch (type) {
    case YamlScalar.QUOTE_SINGLE:
      return "single"
    case YamlScalar.QUOTE_DOUBLE:
      return "double"
    case YamlScalar.BLOCK_FOLDED:
    case YamlScalar.BLOCK_LITERAL:
      return "block"
    default:
      return "plain"
  }
}

const plainValue = (value: unknown): Scalar["value"] => {
  switch (typeof value) {
    case "string":
    case "number":
    case "boolean":
      return value
    default:
      return null
  }
}

export const build = (contents: YamlNode, lines: Lines, report: Report): Node => {
  // The library looks an anchor up by walking the whole document.
  const anchors = new Map<string, YamlNode>()
  let nodes = 0

  const located = (span: Span) => ({ span, range: lines.range(span) })
  const nothing = (span: Span): Scalar => ({ _tag: "Scalar", value: null, style: "plain", ...located(span) })

  const node = (yaml: YamlNode | null, missing: Span, above: ReadonlyArray<YamlNode>): Node => {
    if (yaml === null) return nothing(missing)
    if (isAlias(yaml)) return alias(yaml, above)
    const span = spanOf(yaml)
    if (yaml.anchor !== undefined) anchors.set(yaml.anchor, yaml)
    nodes += 1
    if (nodes > maxNodes) {
      if (nodes === maxNodes + 1) report("PS107", span.start, span.end, `more than ${maxNodes} values`)
      return nothing(span)
    }
    if (isScalar(yaml)) {
      return { _tag: "Scalar", value: plainValue(yaml.value), style: styleOf(yaml.type), ...located(span) }
    }
    // An alias may lead deeper than the text does.
    if (above.length > maxDepth) {
      report("PS104", span.start, span.start + 1, `nested more than ${maxDepth} levels deep`)
      return nothing(span)
    }
    const below = [...above, yaml]
    if (isSeq<YamlNode | null>(yaml)) {
      return { _tag: "Sequence", items: yaml.items.map((item) => node(item, span, below)), ...located(span) }
    }
    return isMap<YamlNode, YamlNode | null>(yaml) ? mapping(yaml, span, below) : nothing(span)
  }

  const mapping = (yaml: YAMLMap<YamlNode, YamlNode | null>, span: Span, below: ReadonlyArray<YamlNode>): Mapping => {
    const entries = new Map<string, Entry>()
    for (const pair of yaml.items) {
      const keySpan = spanOf(pair.key)
      const name = isScalar(pair.key) ? String(pair.key.value ?? "") : ""
      if (name === "" || name === "__proto__") {
        report("PS109", keySpan.start, Math.max(keySpan.end, keySpan.start + 1), "expected a plain name as key")
        continue
      }
      if (entries.has(name)) {
        report("PS105", keySpan.start, keySpan.end, `the key "${name}" was given before`, "remove one of the two")
        continue
      }
      const value = node(pair.value, { start: keySpan.end, end: keySpan.end }, below)
      entries.set(name, { key: located(keySpan), value })
    }
    return { _tag: "Mapping", entries, ...located(span) }
  }

  /** What an anchor names, at the alias's place: inner values keep the place where they are written. */
  const alias = (yaml: Alias, above: ReadonlyArray<YamlNode>): Node => {
    const span = spanOf(yaml)
    const target = anchors.get(yaml.source)
    if (target !== undefined && !above.includes(target)) return { ...node(target, span, above), ...located(span) }
    const message =
      target === undefined ? `no anchor &${yaml.source} stands before this alias` : "this alias contains itself"
    report("PS107", span.start, span.end, message)
    return nothing(span)
  }

  return node(contents, { start: 0, end: 0 }, [])
}
