/** The longest way through a list of steps, by the calls that have to wait for each other. */
import type { PlanStep } from "./Plan.ts"

interface Way {
  readonly length: number
  readonly last: PlanStep | null
  readonly before: Way | null
}

const nowhere: Way = { length: 0, last: null, before: null }

const longest = (ways: ReadonlyArray<Way>): Way =>
  ways.reduce((best, way) => (way.length > best.length ? way : best), nowhere)

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

/** Without recursion along the way: a list may have thousands of steps that wait for each other. */
const criticalWay = (steps: ReadonlyArray<PlanStep>): Way => {
  const byPath = new Map(steps.map((step) => [step.path, step]))
  const ways = new Map<string, Way>()
  const open = [...steps]
  for (let step = open.pop(); step !== undefined; step = open.pop()) {
    if (ways.has(step.path)) continue
    const waited = step.waitsFor.flatMap((path) => byPath.get(path) ?? [])
    const missing = waited.filter(({ path }) => !ways.has(path))
    if (missing.length > 0) {
      open.push(step, ...missing)
      continue
    }
    const before = longest(waited.flatMap(({ path }) => ways.get(path) ?? []))
    ways.set(step.path, { length: before.length + callsIn(step), last: step, before })
  }
  return longest([...ways.values()])
}

/** Paths of the steps along the longest way, in order. */
export const criticalPath = (steps: ReadonlyArray<PlanStep>): ReadonlyArray<string> => {
  const paths: Array<string> = []
  for (let way: Way | null = criticalWay(steps); way !== null; way = way.before) {
    if (way.last !== null) paths.unshift(way.last.path)
  }
  return paths
}
