/**
 * In which order the steps of a list run: as listed, or, with `schedule: auto`, each as soon as what it uses is there.
 * Steps that wait for each other in a circle can never run.
 */
import type { Step, StepList } from "../document/Step.ts"
import * as DataTemplate from "../expression/DataTemplate.ts"
import * as References from "../expression/References.ts"
import { blocksOf } from "./Blocks.ts"
import * as Texts from "./Texts.ts"

export interface Schedule {
  /** Positions in the list, in an order in which each step comes behind those that it waits for. */
  readonly order: ReadonlyArray<number>
  /** For each position, the positions that it waits for. */
  readonly waitsFor: ReadonlyArray<ReadonlyArray<number>>
  /** Circles, each as the positions along it. */
  readonly cycles: ReadonlyArray<ReadonlyArray<number>>
}

/** What a step reads, with everything inside of it. */
const reads = (step: Step): ReadonlyArray<References.Reference> => [
  ...Texts.of(step, () => undefined).flatMap(({ data }) =>
    DataTemplate.templates(data).flatMap(({ value }) => References.ofTemplate(value))
  ),
  ...blocksOf(step).flatMap((block) => block.steps.flatMap(reads))
]

export const sequential = (steps: StepList): Schedule => ({
  order: steps.map((_, at) => at),
  waitsFor: steps.map((_, at) => (at === 0 ? [] : [at - 1])),
  cycles: []
})

/** By references and `needs`. A step that names none of the others waits for none. */
export const automatic = (steps: StepList): Schedule => {
  const byId = new Map(steps.map((step, at) => [step.id, at]))
  const byOutput = new Map(steps.flatMap((step, at) => (step.output === undefined ? [] : [[step.output, at] as const])))
  const waitsFor = steps.map((step, at) => {
    const used = reads(step).map(({ name, path }) =>
      name === "steps" ? byId.get(path[0]?.text ?? "") : byOutput.get(name)
    )
    const needed = (step.needs ?? []).map((id) => byId.get(id))
    const all = new Set([...used, ...needed].filter((position) => position !== undefined && position !== at))
    return [...all].filter((position) => position !== undefined).sort((left, right) => left - right)
  })
  return sort(waitsFor)
}

/** Ready steps in the order of the list, so that the result is the same each time. */
const sort = (waitsFor: ReadonlyArray<ReadonlyArray<number>>): Schedule => {
  const dependants: Array<Array<number>> = waitsFor.map(() => [])
  waitsFor.forEach((positions, at) => positions.forEach((position) => dependants[position]?.push(at)))
  const waiting = waitsFor.map((positions) => positions.length)
  const ready = waiting.flatMap((count, at) => (count === 0 ? [at] : []))
  const order: Array<number> = []
  for (let next = ready.shift(); next !== undefined; next = ready.shift()) {
    order.push(next)
    for (const dependant of dependants[next] ?? []) {
      waiting[dependant] = (waiting[dependant] ?? 0) - 1
      if (waiting[dependant] === 0) ready.push(dependant)
    }
  }
  const stuck = new Set(waiting.flatMap((count, at) => (count > 0 ? [at] : [])))
  return { order: [...order, ...stuck], waitsFor, cycles: circles(stuck, waitsFor) }
}

const circles = (
  stuck: ReadonlySet<number>,
  waitsFor: ReadonlyArray<ReadonlyArray<number>>
): ReadonlyArray<ReadonlyArray<number>> => {
  const seen = new Set<number>()
  const found: Array<ReadonlyArray<number>> = []
  for (const start of stuck) {
    const way: Array<number> = []
    // Whatever is stuck waits for something that is stuck, so that each way ends in a circle.
    for (let at: number | undefined = start; at !== undefined && !seen.has(at);) {
      seen.add(at)
      way.push(at)
      const next: number | undefined = waitsFor[at]?.find((position) => stuck.has(position))
      if (next !== undefined && way.includes(next)) found.push(way.slice(way.indexOf(next)))
      at = next
    }
  }
  return found
}
