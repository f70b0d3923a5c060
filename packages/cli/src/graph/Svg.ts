/** A graph as an SVG image that needs nothing else: light and dark, and readable aloud. */
import type { Graph } from "@penstock/workflow/compiler/Graph"
import { type Box, drawing, type Point } from "./Layout.ts"

const escape = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;")

const margin = 16

const style = `
  text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #1f2933 }
  .type { font-size: 11px; fill: #66788a }
  rect { fill: #ffffff; stroke: #8296a8 }
  .block { fill: #eef2f6; stroke: none }
  .conditional { stroke-dasharray: 4 3 }
  path { fill: none; stroke: #8296a8; stroke-width: 1.5 }
  marker path { fill: #8296a8; stroke: none }
  @media (prefers-color-scheme: dark) {
    text { fill: #e4e9ee } .type { fill: #9fb1c1 }
    rect { fill: #1b242d; stroke: #62778a } .block { fill: #26323d }
  }`

const number = (value: number): string => String(Math.round(value * 10) / 10)

const boxText = ({ height, node, width, x, y }: Box): string => {
  const isBlock = node.type === "block"
  const kinds = [isBlock ? "block" : "step", ...(node.conditional ? ["conditional"] : [])]
  const size = `x="${number(x)}" y="${number(y)}" width="${number(width)}" height="${number(height)}"`
  const middle = number(x + width / 2)
  const title = isBlock ? node.label : `${node.label} (${node.type}${node.conditional ? ", conditional" : ""})`
  const name = `<text x="${middle}" y="${number(y + (isBlock ? 16 : 19))}" text-anchor="middle">${escape(node.label)}</text>`
  const type = `<text class="type" x="${middle}" y="${number(y + 35)}" text-anchor="middle">${node.type}</text>`
  return [
    "<g>",
    `<title>${escape(title)}</title>`,
    `<rect class="${kinds.join(" ")}" rx="6" ${size}/>`,
    name,
    ...(isBlock ? [] : [type]),
    "</g>"
  ].join("")
}

const lineText = (points: ReadonlyArray<Point>): string => {
  const way = points.map(({ x, y }, at) => `${at === 0 ? "M" : "L"}${number(x)} ${number(y)}`).join(" ")
  return `<path d="${way}" marker-end="url(#arrow)"/>`
}

export const render = (graph: Graph, title: string): string => {
  const { boxes, height, lines, width } = drawing(graph)
  const box = `${-margin} ${-margin} ${number(width + 2 * margin)} ${number(height + 2 * margin)}`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${box}" width="${number(width + 2 * margin)}" role="img">`,
    `<title>${escape(title)}</title>`,
    `<style>${style}\n</style>`,
    '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0 8 4 0 8Z"/></marker></defs>',
    ...boxes.map(boxText),
    ...lines.map(lineText),
    "</svg>",
    ""
  ].join("\n")
}
