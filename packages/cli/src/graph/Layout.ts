/**
 * Where the boxes of a graph go. Each list of steps is laid out on its own, from the innermost out, so that a step with
 * steps inside is one box to those around it. Sizes are pixels; places are absolute, from the top left corner.
 */
import { Graph as Layered, layout } from "@dagrejs/dagre"
import type { Graph, GraphNode } from "@penstock/workflow/compiler/Graph"

export interface Point {
  readonly x: number
  readonly y: number
}

export interface Size {
  readonly width: number
  readonly height: number
}

export interface Box extends Point, Size {
  readonly node: GraphNode
}

export interface Drawing extends Size {
  /** The outer ones first, so that inner ones are drawn over them. */
  readonly boxes: ReadonlyArray<Box>
  readonly lines: ReadonlyArray<ReadonlyArray<Point>>
}

const gap = 24
const padding = 12
/** Of the id and the type, and of a block's name. */
const headHeight = { step: 44, block: 24 }
/** Of a monospaced character at the size that labels have. */
const characterWidth = 7.8
const leastWidth = 96

const empty: Drawing = { width: 0, height: 0, boxes: [], lines: [] }

const moved = (drawing: Drawing, dx: number, dy: number): Drawing => ({
  ...drawing,
  boxes: drawing.boxes.map((box) => ({ ...box, x: box.x + dx, y: box.y + dy })),
  lines: drawing.lines.map((line) => line.map(({ x, y }) => ({ x: x + dx, y: y + dy })))
})

const over = (upper: Drawing, lower: Drawing): Drawing => {
  if (upper.boxes.length === 0) return lower
  if (lower.boxes.length === 0) return upper
  const below = moved(lower, 0, upper.height + gap)
  return {
    width: Math.max(upper.width, lower.width),
    height: upper.height + gap + lower.height,
    boxes: [...upper.boxes, ...below.boxes],
    lines: [...upper.lines, ...below.lines]
  }
}

const row = (drawings: ReadonlyArray<Drawing>): Drawing =>
  drawings.reduce((left, right) => {
    if (left.boxes.length === 0) return right
    const beside = moved(right, left.width + gap, 0)
    return {
      width: left.width + gap + right.width,
      height: Math.max(left.height, right.height),
      boxes: [...left.boxes, ...beside.boxes],
      lines: [...left.lines, ...beside.lines]
    }
  }, empty)

/** A box around what is inside of it. */
const framed = (node: GraphNode, inside: Drawing): Drawing => {
  const head = node.type === "block" ? headHeight.block : headHeight.step
  const text = Math.max(node.label.length, node.type.length) * characterWidth + 2 * padding
  const width = Math.max(leastWidth, text, inside.width === 0 ? 0 : inside.width + 2 * padding)
  const height = inside.height === 0 ? head : head + inside.height + padding
  const within = moved(inside, (width - inside.width) / 2, head)
  return { width, height, boxes: [{ node, x: 0, y: 0, width, height }, ...within.boxes], lines: within.lines }
}

export const drawing = ({ edges, nodes }: Graph): Drawing => {
  const inside = (parent: string | null): Drawing => {
    const here = nodes
      .filter((node) => node.parent === parent)
      .map((node) => ({ node, drawn: framed(node, inside(node.key)) }))
    const steps = here.filter(({ node }) => node.type !== "block")
    const blocks = here.filter(({ node }) => node.type === "block")
    return over(layered(steps), row(blocks.map(({ drawn }) => drawn)))
  }

  const layered = (steps: ReadonlyArray<{ readonly node: GraphNode; readonly drawn: Drawing }>): Drawing => {
    if (steps.length === 0) return empty
    const graph = new Layered()
    graph.setGraph({ rankdir: "TB", nodesep: gap, ranksep: gap * 1.5 })
    for (const { drawn, node } of steps) graph.setNode(node.key, { width: drawn.width, height: drawn.height })
    // What waits for each other is in one list.
    const between = edges.filter(({ from, to }) => steps.some(({ node }) => node.key === from || node.key === to))
    for (const { from, to } of between) graph.setEdge(from, to, {})
    layout(graph)
    const placed = steps.map(({ drawn, node }) => {
      const { x, y }: Point = graph.node(node.key)
      return moved(drawn, x - drawn.width / 2, y - drawn.height / 2)
    })
    const lines = between.map(({ from, to }): ReadonlyArray<Point> => graph.edge(from, to).points)
    const { height, width }: Size = graph.graph()
    return {
      width,
      height,
      boxes: placed.flatMap(({ boxes }) => boxes),
      lines: [...lines, ...placed.flatMap((one) => one.lines)]
    }
  }

  return inside(null)
}
