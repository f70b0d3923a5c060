/** The lists of steps inside of a step, and the walk over all of them. */
import type { Step, StepList } from "../document/Step.ts"
import type { Workflow } from "../document/Workflow.ts"
import type { Path } from "../parser/Node.ts"

/** - `body`: may run once; `repeat`: any number of times; `catch`, `undo`: after a failure. */
export type BlockKind = "body" | "repeat" | "catch" | "undo"

export interface Block {
  readonly kind: BlockKind
  /** How it is called in the path of a step: `steps`, `branches.left`, `cases[0]`, `else`, `catch`. */
  readonly label: string
  /** Where its list stands, from the step on. */
  readonly at: Path
  readonly steps: StepList
}

const block = (kind: BlockKind, label: string, at: Path, steps: StepList | undefined): ReadonlyArray<Block> =>
  steps === undefined ? [] : [{ kind, label, at, steps }]

const own = (step: Step): ReadonlyArray<Block> => {
  switch (step.type) {
    case "foreach":
    case "loop":
      return block("repeat", "steps", ["steps"], step.steps)
    case "parallel":
      return Object.entries(step.branches).flatMap(([name, steps]) =>
        block("body", `branches.${name}`, ["branches", name], steps)
      )
    case "switch":
      return [
        ...step.cases.flatMap((one, at) => block("body", `cases[${at}]`, ["cases", at, "steps"], one.steps)),
        ...block("body", "else", ["else"], step.else)
      ]
    default:
      return []
  }
}

export const blocksOf = (step: Step): ReadonlyArray<Block> => [
  ...own(step),
  ...block("catch", "catch", ["catch"], step.catch),
  ...block("undo", "undo", ["undo"], step.undo)
]

/** A block by the step that it belongs to. */
export interface Enclosure {
  readonly owner: string
  readonly label: string
}

export interface Place {
  readonly step: Step
  readonly path: Path
  /** The blocks around it, the outermost first. */
  readonly inside: ReadonlyArray<Enclosure>
}

const below = (steps: StepList, path: Path, inside: ReadonlyArray<Enclosure>): ReadonlyArray<Place> =>
  steps.flatMap((step, at) => {
    const here = [...path, at]
    return [
      { step, path: here, inside },
      ...blocksOf(step).flatMap((block) =>
        below(block.steps, [...here, ...block.at], [...inside, { owner: step.id, label: block.label }])
      )
    ]
  })

/** Every step of a workflow, in the order of the file. */
export const allSteps = (workflow: Workflow): ReadonlyArray<Place> => [
  ...below(workflow.steps, ["steps"], []),
  ...below(workflow.catch ?? [], ["catch"], []),
  ...below(workflow.finally ?? [], ["finally"], [])
]
