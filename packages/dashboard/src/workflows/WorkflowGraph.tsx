/** A workflow drawn; with a run's steps, each box shows how it stands. */
import type { RunStep } from "@penstock/schema/api/RunsApi"
import { compile } from "@penstock/workflow/compiler/Compiler"
import { graph } from "@penstock/workflow/compiler/Graph"
import { Background, Controls, type Edge, Handle, type Node, type NodeProps, Position, ReactFlow } from "@xyflow/react"
import { useMemo } from "react"
import { Empty } from "../design/Parts.tsx"
import { toneOf } from "../runs/Tones.ts"
import { boxHeight, boxWidth, draw, drawnAs, statuses } from "./Layout.ts"

type StepNode = Node<
  { readonly label: string; readonly type: string; readonly status: string; readonly tone: string },
  "step"
>

const Box = ({ data: { label, status, tone, type } }: NodeProps<StepNode>) => (
  <div className={`box ${tone} ${status}`}>
    <Handle type="target" position={Position.Left} isConnectable={false} />
    <strong>{label}</strong>
    <small>
      {type}
      {status === "" ? "" : `, ${status}`}
    </small>
    <Handle type="source" position={Position.Right} isConnectable={false} />
  </div>
)

const nodeTypes = { step: Box }

const none: ReadonlyArray<RunStep> = []

export const WorkflowGraph = ({
  onChoose,
  source,
  steps = none
}: {
  readonly source: string
  readonly steps?: ReadonlyArray<RunStep>
  /** Told the path of the latest run of the step that was chosen. */
  readonly onChoose?: (path: string) => void
}) => {
  const drawing = useMemo(() => {
    const { plan } = compile(source)
    return plan === null ? null : draw(graph(plan))
  }, [source])
  if (drawing === null) {
    return <Empty title="It cannot be drawn">It is, as soon as its file has no mistakes.</Empty>
  }
  const now = statuses(steps)
  const nodes = drawing.boxes.map(({ node, x, y }): StepNode => {
    const status = now.get(node.key)
    return {
      id: node.key,
      type: "step",
      position: { x, y },
      width: boxWidth,
      height: boxHeight,
      ariaLabel: `${node.label}, ${node.type}${status === undefined ? "" : `, ${status}`}`,
      data: {
        label: node.label,
        type: node.type,
        status: status ?? "",
        tone: status === undefined ? "idle" : toneOf(status)
      }
    }
  })
  const edges = drawing.arrows.map(({ from, inner, to }): Edge => ({
    id: `${from} ${to}`,
    source: from,
    target: to,
    animated: now.get(to) === "running",
    ...(inner ? { style: { strokeDasharray: "4 3" } } : {})
  }))
  return (
    <div className="graph">
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={nodeTypes}
        nodesDraggable={false}
        nodesConnectable={false}
        edgesFocusable={false}
        zoomOnScroll={false}
        fitView
        fitViewOptions={{ maxZoom: 1.1 }}
        minZoom={0.2}
        onNodeClick={(_, { id }) => {
          const step = steps.findLast(({ path }) => drawnAs(path) === id)
          if (step !== undefined) onChoose?.(step.path)
        }}
      >
        <Background />
        <Controls showInteractive={false} />
      </ReactFlow>
    </div>
  )
}
