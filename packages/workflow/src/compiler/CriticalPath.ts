/** The longest way through a list of steps, by the calls that have to wait for each other. */
import type { PlanStep } from "./Plan.ts"

interface Way {
  readonly length: number
  readonly paths: ReadonlyArray<string>
}

const longest = (ways: ReadonlyArray<Way>): Way =>
  ways.reduce<Way>((best, way) => (way.length > best.length ? way : best), { length: 0, paths: [] })

/** How many calls in a row a step makes: rounds count once, because their number is not known. */
const callsIn = ({ action }: PlanStep): number => {
  switch (action.type) {
    case "llm":
    case "agent":
    case "mcp_tool":
    case "http":
    case "workflow":
    case "approve":
    case "wait":
      return 1
    case "parallel":
      return Math.max(0, ...action.branches.map(({ steps }) => criticalWay(steps).length))
    case "foreach":
    case "loop":
      return criticalWay(action.steps).length
    case "switch":
      return Math.max(
        0,
        ...[...action.cases.map(({ steps }) => steps), action.else ?? []].map((steps) => criticalWay(steps).length)
      )
    case "set":
    case "emit":
    case "fail":
      return 0
  }
}

/** Steps in an order in which each comes behind those that it waits for. */
const criticalWay = (steps: ReadonlyArray<PlanStep>): Way => {
  const ways = new Map<string, Way>()
  const byPath = new Map(steps.map((step) => [step.path, step]))
  const wayTo = (step: PlanStep): Way => {
    const known = ways.get(step.path)
    if (known !== undefined) return known
    const before = longest(
      step.waitsFor.flatMap((path) => {
        const waited = byPath.get(path)
        return waited === undefined ? [] : [ways.get(path) ?? wayTo(waited)]
      })
    )
    const way = { length: before.length + callsIn(step), paths: [...before.paths, step.path] }
    ways.set(step.path, way)
    return way
  }
  return longest(steps.map(wayTo))
}

export const criticalPath = (steps: ReadonlyArray<PlanStep>): ReadonlyArray<string> => criticalWay(steps).paths
