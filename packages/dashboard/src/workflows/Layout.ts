/** A workflow as boxes and arrows, laid out from left to right; blocks inside of steps are laid out flat beside them. */
import { Graph as Layout, layout as place } from "@dagrejs/dagre"
import type { RunStep } from "@penstock/schema/api/RunsApi"
import type { StepStatus } from "@penstock/schema/Run"
import type { Graph, GraphNode } from "@penstock/workflow/compiler/Graph"

export const boxWidth = 168
export const boxHeight = 46

export interface Box {
  readonly node: GraphNode
  readonly x: number
  readonly y: number
}

export interface Arrow {
  readonly from: string
  readonly to: string
  /** Leads into a block, and not on to the next step. */
  readonly inner: boolean
}

export interface Drawing {
  readonly boxes: ReadonlyArray<Box>
  readonly arrows: ReadonlyArray<Arrow>
}

/** What is inside of a node hangs on it: a block on its step, a block's first steps on the block. */
const arrowsOf = ({ edges, nodes }: Graph): ReadonlyArray<Arrow> => {
  const reached = new Set(edges.map(({ to }) => to))
  return [
    ...edges.map(({ from, to }) => ({ from, to, inner: false })),
    ...nodes.flatMap(({ key, parent }) =>
      parent === null || reached.has(key) ? [] : [{ from: parent, to: key, inner: true }]
    )
  ]
}

export const draw = (graph: Graph): Drawing => {
  const arrows = arrowsOf(graph)
  const layout = new Layout()
  layout.setGraph({ rankdir: "LR", nodesep: 18, ranksep: 40 })
  layout.setDefaultEdgeLabel(() => ({}))
  for (const { key } of graph.nodes) layout.setNode(key, { width: boxWidth, height: boxHeight })
  for (const { from, to } of arrows) layout.setEdge(from, to)
  place(layout)
  return {
    boxes: graph.nodes.map((node) => {
      const { x = 0, y = 0 } = layout.node(node.key)
      return { node, x: x - boxWidth / 2, y: y - boxHeight / 2 }
    }),
    arrows
  }
}

/** `steps/each/steps[2]/judge` is the third round of `steps/each/steps/judge`. */
export const drawnAs = (path: string): string => path.replaceAll(/\[[^\]]*\]/g, "")

/** How each box stands: of several rounds, the last one to begin. */
export const statuses = (steps: ReadonlyArray<RunStep>): ReadonlyMap<string, StepStatus> =>
  new Map(steps.map(({ path, status }) => [drawnAs(path), status]))
