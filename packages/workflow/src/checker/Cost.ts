/**
 * What a run costs, in nano-dollars: the most that it can, and what it usually does. Null wherever a price, a context
 * window or a number of rounds is not known, because a bound that leaves something out is none.
 */
import { NanoDollars } from "@penstock/schema/Money"
import { isReadonlyRecord } from "effect/Predicate"
import type { Retry } from "../document/Fields.ts"
import type { Step, StepList } from "../document/Step.ts"
import type { Workflow } from "../document/Workflow.ts"
import { blocksOf } from "./Blocks.ts"
import type { Catalogues } from "./Catalogues.ts"
import { withPart } from "./Fallbacks.ts"
import * as Models from "./Models.ts"

export interface Cost {
  readonly worst: NanoDollars | null
  readonly expected: NanoDollars | null
}

const amount = (value: number): NanoDollars => NanoDollars.make(Math.min(Math.ceil(value), Number.MAX_SAFE_INTEGER))

const free: Cost = { worst: amount(0), expected: amount(0) }
const unknown: Cost = { worst: null, expected: null }

type Amount = NanoDollars | null

const plus = (left: Amount, right: Amount): Amount => (left === null || right === null ? null : amount(left + right))

const times = (value: Amount, factor: number | null): Amount =>
  value === 0 ? value : value === null || factor === null ? null : amount(value * factor)

const most = (values: ReadonlyArray<Amount>): Amount =>
  values.reduce<Amount>(
    (max, value) => (max === null || value === null ? null : amount(Math.max(max, value))),
    amount(0)
  )

const sum = (costs: ReadonlyArray<Cost>): Cost =>
  costs.reduce((all, one) => ({ worst: plus(all.worst, one.worst), expected: plus(all.expected, one.expected) }), free)

export interface Context {
  readonly workflow: Workflow
  readonly catalogues: Catalogues
}

/** Attempts at most: the first and what `retry` allows. */
export const attempts = (retry: Retry | undefined): number =>
  1 + (retry === undefined ? 0 : typeof retry === "number" ? retry : retry.max)

export const ofSteps = (steps: StepList, context: Context): Cost => sum(steps.map((step) => ofStep(step, context)))

export const ofWorkflow = (context: Context): Cost => {
  const { workflow } = context
  const failing = [...(workflow.catch ?? []), ...workflow.steps.flatMap((step) => step.undo ?? [])]
  const always = sum([ofSteps(workflow.steps, context), ofSteps(workflow.finally ?? [], context)])
  return { worst: plus(always.worst, ofSteps(failing, context).worst), expected: always.expected }
}

/** With its retries, its fallbacks and what a failure starts. */
export const ofStep = (step: Step, context: Context): Cost => {
  const own = ofKind(step, context)
  const caught = ofSteps(step.catch ?? [], context)
  return { worst: plus(own.worst, caught.worst), expected: own.expected }
}

const ofKind = (step: Step, context: Context): Cost => {
  const { catalogues, workflow } = context
  const tries = attempts(step.retry ?? workflow.defaults?.retry)
  switch (step.type) {
    case "llm":
    case "agent":
      return ofModelStep(step, tries, context)
    case "workflow": {
      const costs = waysOf(step).map((way) =>
        way.type === "workflow" ? (catalogues.workflows?.find(way.uses)?.worstCost ?? null) : null
      )
      const worst = costs.reduce<Amount>((all, one) => plus(all, times(one, tries)), amount(0))
      return { worst, expected: costs[0] ?? null }
    }
    case "parallel":
      return sum(blocksOf(step).flatMap((block) => (block.kind === "body" ? [ofSteps(block.steps, context)] : [])))
    case "switch": {
      const cases = blocksOf(step).flatMap((block) => (block.kind === "body" ? [ofSteps(block.steps, context)] : []))
      return { worst: most(cases.map(({ worst }) => worst)), expected: most(cases.map(({ expected }) => expected)) }
    }
    case "foreach": {
      const count = Array.isArray(step.in) ? step.in.length : knownLength(step.in, workflow)
      const round = ofSteps(step.steps, context)
      return { worst: times(round.worst, count), expected: times(round.expected, count) }
    }
    case "loop": {
      const round = ofSteps(step.steps, context)
      return { worst: times(round.worst, step.max), expected: times(round.expected, Math.ceil(step.max / 2)) }
    }
    case "mcp_tool":
    case "http":
    case "set":
    case "approve":
    case "wait":
    case "emit":
    case "fail":
      return free
  }
}

/** The most items of `${input.x}`, where the inputs say so. */
const knownLength = (source: unknown, workflow: Workflow): number | null => {
  const name = /^\$?\{?\s*input\.(\w+)\s*\}?$/.exec(String(source))?.[1]
  const properties = isReadonlyRecord(workflow.inputs) ? workflow.inputs["properties"] : undefined
  const property = name !== undefined && isReadonlyRecord(properties) ? properties[name] : undefined
  const max = isReadonlyRecord(property) ? property["maxItems"] : undefined
  return typeof max === "number" ? max : null
}

/** The step, and what its fallbacks make of it. */
const waysOf = (step: Step): ReadonlyArray<Step> => [
  step,
  ...(step.fallback ?? []).flatMap((part) => (part.value === undefined ? [withPart(step, part)] : []))
]

const usualTurns = 3

const ofModelStep = (step: Models.ModelStep, tries: number, { catalogues, workflow }: Context): Cost => {
  const { models } = catalogues
  if (models === undefined || Models.chainOf(workflow, step.model).length === 0) return unknown
  // A workflow that a model may call is called as often as the model likes.
  if ((step.tools ?? []).some((tool) => tool.startsWith("workflow:"))) return unknown
  const calls = waysOf(step).flatMap((way) =>
    way.type !== "llm" && way.type !== "agent"
      ? []
      : Models.chainOf(workflow, way.model).map((name) => {
          const facts = models.find(name)
          return facts === null ? unknown : Models.callCost(Models.withDefaults(way, workflow), facts)
        })
  )
  // An `llm` step with tools has one round of them, and then the answer.
  const turns = step.type === "agent" ? step.max_turns : (step.tools ?? []).length === 0 ? 1 : 2
  const worst = calls.reduce<Amount>((all, one) => plus(all, times(one.worst, tries * turns)), amount(0))
  return { worst, expected: times(calls[0]?.expected ?? null, Math.min(turns, usualTurns)) }
}
