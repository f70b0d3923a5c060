/** A graph as Mermaid text: Markdown viewers draw it. */
import type { Graph, GraphNode } from "@penstock/workflow/compiler/Graph"

/** Mermaid reads entities with `#` in quoted labels; anything else in them is text. */
const escape = (text: string): string =>
  text.replaceAll("#", "#35;").replaceAll('"', "#quot;").replaceAll("<", "#lt;").replaceAll(">", "#gt;")

/** Brackets by what a step is: a person's part leans, what runs on its own is doubled. */
const shape = (type: GraphNode["type"]): readonly [string, string] => {
  switch (type) {
    case "approve":
    case "wait":
      return ["[/", "/]"]
    case "agent":
    case "workflow":
      return ["[[", "]]"]
    case "llm":
      return ["(", ")"]
    default:
      return ["[", "]"]
  }
}

const label = ({ label, type }: GraphNode): string =>
  type === "block" ? `"${escape(label)}"` : `"${escape(label)}<br/><small>${type}</small>"`

export const render = ({ edges, nodes }: Graph): string => {
  const names = new Map(nodes.map(({ key }, at) => [key, `n${at}`]))
  const name = (key: string): string => names.get(key) ?? key
  const draw = (parent: string | null, indent: string): ReadonlyArray<string> =>
    nodes
      .filter((node) => node.parent === parent)
      .flatMap((node) => {
        const inner = draw(node.key, `${indent}  `)
        const [open, close] = inner.length > 0 ? ["[", "]"] : shape(node.type)
        const drawn = `${name(node.key)}${open}${label(node)}${close}`
        return inner.length > 0 ? [`${indent}subgraph ${drawn}`, ...inner, `${indent}end`] : [`${indent}${drawn}`]
      })
  const conditional = nodes.filter((node) => node.conditional).map(({ key }) => name(key))
  return [
    "flowchart TD",
    ...draw(null, "  "),
    ...edges.map(({ from, to }) => `  ${name(from)} --> ${name(to)}`),
    ...(conditional.length === 0
      ? []
      : ["  classDef conditional stroke-dasharray: 4 3", `  class ${conditional.join(",")} conditional`]),
    ""
  ].join("\n")
}
