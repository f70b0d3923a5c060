/** A plan as nodes and edges, for whoever draws it. */
import { innerSteps, type Plan, type PlanStep } from "./Plan.ts"

export interface GraphNode {
  /** The step's path, or a block's: the owner's path and the block's label. */
  readonly key: string
  readonly label: string
  /** A step's type; `block` for a list of steps inside of one. */
  readonly type: PlanStep["action"]["type"] | "block"
  /** The node that it is drawn inside of; null at the top level. */
  readonly parent: string | null
  readonly conditional: boolean
}

export interface GraphEdge {
  readonly from: string
  readonly to: string
}

export interface Graph {
  readonly nodes: ReadonlyArray<GraphNode>
  readonly edges: ReadonlyArray<GraphEdge>
}

export const graph = (plan: Plan): Graph => {
  const nodes: Array<GraphNode> = []
  const edges: Array<GraphEdge> = []
  const add = (steps: ReadonlyArray<PlanStep>, parent: string | null) => {
    for (const step of steps) {
      nodes.push({
        key: step.path,
        label: step.id,
        type: step.action.type,
        parent,
        conditional: step.condition !== null
      })
      for (const from of step.waitsFor) edges.push({ from, to: step.path })
      for (const { label, steps } of innerSteps(step)) {
        const key = `${step.path}/${label}`
        nodes.push({ key, label, type: "block", parent: step.path, conditional: false })
        add(steps, key)
      }
    }
  }
  add(plan.steps, null)
  for (const [label, steps] of [
    ["catch", plan.catch],
    ["finally", plan.finally]
  ] as const) {
    if (steps.length === 0) continue
    nodes.push({ key: label, label, type: "block", parent: null, conditional: false })
    add(steps, label)
  }
  return { nodes, edges }
}
