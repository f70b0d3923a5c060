/** A plan for people and for scripts: each step with what it calls and what it may cost. */
import { formatUsd, type NanoDollars, toUsd } from "@penstock/schema/Money"
import type { Cost } from "@penstock/workflow/checker/Cost"
import { type Action, innerSteps, type Plan, type PlanStep } from "@penstock/workflow/compiler/Plan"

const seconds = (millis: number | null): number | null => (millis === null ? null : millis / 1000)
const usd = (amount: NanoDollars | null): number | null => (amount === null ? null : toUsd(amount))
const costs = ({ expected, worst }: Cost) => ({ worst_usd: usd(worst), expected_usd: usd(expected) })

interface Row {
  readonly depth: number
  readonly step: PlanStep
}

const below = (steps: ReadonlyArray<PlanStep>, depth: number): ReadonlyArray<Row> =>
  steps.flatMap((step) => [{ depth, step }, ...innerSteps(step).flatMap((inner) => below(inner.steps, depth + 1))])

const rowsOf = (plan: Plan): ReadonlyArray<Row> => [
  ...below(plan.steps, 0),
  ...below(plan.catch, 0),
  ...below(plan.finally, 0)
]

/** What a step calls, or how often it goes round. */
const calls = (action: Action): string => {
  switch (action.type) {
    case "llm":
      return action.models.join(", else ")
    case "agent":
      return `${action.models.join(", else ")}, up to ${action.maxTurns} turns`
    case "mcp_tool":
      return `${action.server}/${action.tool}`
    case "http":
      return action.method
    case "workflow":
      return action.uses
    case "parallel":
      return `${action.branches.length} branches, ${action.join}`
    case "foreach":
      return action.concurrency === 1 ? "one at a time" : `${action.concurrency} at a time`
    case "switch":
      return `${action.cases.length} ${action.cases.length === 1 ? "case" : "cases"}${action.else === null ? "" : " and else"}`
    case "loop":
      return `up to ${action.max} rounds`
    case "emit":
      return action.event
    case "wait":
      return action.event ?? ""
    case "set":
    case "approve":
    case "fail":
      return ""
  }
}

/** For scripts: money in USD, durations in seconds, null for what is not known. */
export const summary = (plan: Plan) => ({
  name: plan.name,
  version: plan.version,
  hash: plan.hash,
  ...costs(plan.cost),
  budget: { usd: usd(plan.budget.nanoDollars), tokens: plan.budget.tokens },
  timeout_s: seconds(plan.timeoutMillis),
  critical_path: plan.criticalPath,
  calls: plan.calls,
  inputs: plan.inputSchema,
  output: plan.outputSchema,
  steps: rowsOf(plan).map(({ step }) => ({
    path: step.path,
    type: step.action.type,
    calls: calls(step.action),
    waits_for: step.waitsFor,
    conditional: step.condition !== null,
    attempts: step.retry.max + 1,
    ...costs(step.cost)
  }))
})

const money = (amount: NanoDollars | null): string => (amount === null ? "not known" : `$${formatUsd(amount)}`)

/** Columns as wide as their widest cell. */
const table = (rows: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<string> => {
  const widths = rows.reduce<ReadonlyArray<number>>(
    (widest, row) => row.map((cell, at) => Math.max(widest[at] ?? 0, cell.length)),
    []
  )
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join("  ")
      .trimEnd()
  )
}

const idOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1)

const row = ({ depth, step }: Row): ReadonlyArray<string> => [
  `${"  ".repeat(depth)}${step.id}${step.condition === null ? "" : "?"}`,
  step.action.type,
  calls(step.action),
  step.waitsFor.map(idOf).join(", "),
  String(step.retry.max + 1),
  money(step.cost.worst),
  money(step.cost.expected)
]

const limits = ({ budget, timeoutMillis }: Plan): ReadonlyArray<string> => [
  ...(budget.nanoDollars === null ? [] : [`stops before more than ${money(budget.nanoDollars)} is spent`]),
  ...(budget.tokens === null ? [] : [`stops before more than ${budget.tokens} tokens are used`]),
  ...(timeoutMillis === null ? [] : [`stops after ${timeoutMillis / 1000} s`])
]

/** For a terminal. A `?` marks a step that may be skipped. */
export const render = (plan: Plan): string =>
  [
    plan.description === null ? plan.name : `${plan.name}: ${plan.description}`,
    "",
    ...table([["step", "type", "calls", "after", "attempts", "at most", "usually"], ...rowsOf(plan).map(row)]),
    "",
    `longest way  ${plan.criticalPath.map(idOf).join(" \u2192 ")}`,
    `at most      ${money(plan.cost.worst)}`,
    `usually      ${money(plan.cost.expected)}`,
    ...limits(plan).map((limit) => `limit        ${limit}`),
    ""
  ].join("\n")
