/**
 * What is run: a finite tree of steps, each with a path that no other has, with every default filled in and every
 * expression compiled. Plain data. Durations are milliseconds, money is nano-dollars, and null is "none" or "unknown".
 */
import type { NanoDollars } from "@penstock/schema/Money"
import type { Cost } from "../checker/Cost.ts"
import type { RetryReason } from "../document/Fields.ts"
import type { StepType } from "../document/Step.ts"
import type { DataTemplate } from "../expression/DataTemplate.ts"
import type { JsonSchema } from "../types/Shape.ts"

export interface Plan {
  readonly name: string
  readonly description: string | null
  readonly version: string | null
  /** SHA-256 of what the file says: blanks, comments and the order of keys do not count. */
  readonly hash: string
  /** What a run takes; null where the file does not say. */
  readonly inputSchema: JsonSchema | null
  /** What a run gives. */
  readonly outputSchema: JsonSchema
  readonly output: DataTemplate
  readonly timeoutMillis: number | null
  readonly budget: Limit
  /** The first of these that there is is what the cost of a run is compared with; empty for nothing. */
  readonly baseline: ReadonlyArray<string>
  readonly steps: ReadonlyArray<PlanStep>
  readonly catch: ReadonlyArray<PlanStep>
  readonly finally: ReadonlyArray<PlanStep>
  readonly cost: Cost
  /** Paths of the top level's steps along the longest way, by the number of calls that wait for each other. */
  readonly criticalPath: ReadonlyArray<string>
  /** Workflows that this one calls. */
  readonly calls: ReadonlyArray<string>
}

export interface Limit {
  readonly nanoDollars: NanoDollars | null
  readonly tokens: number | null
}

export interface PlanStep {
  readonly id: string
  /** `steps/each/steps[*]/judge`: the lists and ids that lead to it, `[*]` where a round's number belongs. */
  readonly path: string
  /** The variable that holds what it gives. */
  readonly output: string | null
  /** Whether it runs; it always does where this is null. */
  readonly condition: DataTemplate | null
  /** Paths of the steps of its list that have to end first. */
  readonly waitsFor: ReadonlyArray<string>
  readonly action: Action
  readonly retry: RetryPlan
  /** For one attempt. */
  readonly timeoutMillis: number | null
  /** For all attempts together. */
  readonly deadlineMillis: number | null
  /** Tried in order after the last attempt. */
  readonly fallbacks: ReadonlyArray<Fallback>
  readonly onError: "fail" | "continue"
  readonly catch: ReadonlyArray<PlanStep>
  readonly undo: ReadonlyArray<PlanStep>
  readonly cache: CachePlan | null
  readonly budget: Limit
  readonly idempotencyKey: DataTemplate | null
  /** What it gives in a rehearsal; absent where the file has none. */
  readonly mock?: unknown
  readonly cost: Cost
}

export interface RetryPlan {
  /** Further attempts after the first. */
  readonly max: number
  readonly delayMillis: number
  readonly factor: number
  readonly maxDelayMillis: number
  readonly jitter: "full" | "none"
  readonly on: ReadonlyArray<RetryReason>
}

export type Fallback =
  | { readonly _tag: "Value"; readonly value: DataTemplate }
  /** The step's action with a part of it changed. */
  | { readonly _tag: "Action"; readonly action: Action }

export interface CachePlan {
  /** Null: what the step is given. */
  readonly key: DataTemplate | null
  readonly ttlMillis: number
  readonly scope: "workflow" | "global"
}

export type ToolChoice =
  | { readonly _tag: "Tool"; readonly server: string; readonly tool: string }
  | { readonly _tag: "Server"; readonly server: string }
  | { readonly _tag: "Workflow"; readonly name: string }

interface ModelCall {
  /** Tried in order, each with its own retries. */
  readonly models: ReadonlyArray<string>
  readonly prompt: DataTemplate | null
  readonly system: DataTemplate | null
  readonly outputSchema: JsonSchema | null
  readonly temperature: number | null
  readonly maxTokens: number | null
  readonly tools: ReadonlyArray<ToolChoice>
}

export interface LlmAction extends ModelCall {
  readonly type: "llm"
  readonly messages: DataTemplate | null
  readonly stream: boolean
}

export interface AgentAction extends ModelCall {
  readonly type: "agent"
  readonly maxTurns: number
  readonly stopWhen: DataTemplate | null
}

export interface Branch {
  readonly name: string
  readonly steps: ReadonlyArray<PlanStep>
}

export interface Case {
  readonly when: DataTemplate
  readonly steps: ReadonlyArray<PlanStep>
}

export type Action =
  | LlmAction
  | AgentAction
  | { readonly type: "mcp_tool"; readonly server: string; readonly tool: string; readonly params: DataTemplate }
  | {
      readonly type: "http"
      readonly method: string
      readonly url: DataTemplate
      readonly headers: DataTemplate
      readonly body: DataTemplate | null
    }
  | { readonly type: "workflow"; readonly uses: string; readonly with: DataTemplate }
  | { readonly type: "set"; readonly values: DataTemplate }
  | { readonly type: "parallel"; readonly join: "all" | "any" | "settled"; readonly branches: ReadonlyArray<Branch> }
  | {
      readonly type: "foreach"
      readonly in: DataTemplate
      readonly as: string
      readonly concurrency: number
      readonly onItemError: "fail" | "skip" | "collect"
      readonly steps: ReadonlyArray<PlanStep>
    }
  | { readonly type: "switch"; readonly cases: ReadonlyArray<Case>; readonly else: ReadonlyArray<PlanStep> | null }
  | {
      readonly type: "loop"
      readonly until: DataTemplate
      readonly max: number
      readonly steps: ReadonlyArray<PlanStep>
    }
  | {
      readonly type: "approve"
      readonly prompt: DataTemplate
      readonly formSchema: JsonSchema | null
      readonly onTimeout: "approve" | "reject" | "fail"
    }
  | {
      readonly type: "wait"
      readonly forMillis: number | null
      readonly until: DataTemplate | null
      readonly event: string | null
    }
  | { readonly type: "emit"; readonly event: string; readonly data: DataTemplate }
  | { readonly type: "fail"; readonly message: DataTemplate; readonly code: string | null }

export type ActionOf<Type extends StepType> = Extract<Action, { readonly type: Type }>

/** The lists of steps inside of a step, as the checker calls them. */
export const innerSteps = (
  step: PlanStep
): ReadonlyArray<{ readonly label: string; readonly steps: ReadonlyArray<PlanStep> }> => [
  ...actionSteps(step.action),
  ...(step.catch.length === 0 ? [] : [{ label: "catch", steps: step.catch }]),
  ...(step.undo.length === 0 ? [] : [{ label: "undo", steps: step.undo }])
]

const actionSteps = (action: Action): ReturnType<typeof innerSteps> => {
  switch (action.type) {
    case "parallel":
      return action.branches.map(({ name, steps }) => ({ label: `branches.${name}`, steps }))
    case "foreach":
    case "loop":
      return [{ label: "steps", steps: action.steps }]
    case "switch": {
      const cases = action.cases.map(({ steps }, at) => ({ label: `cases[${at}]`, steps }))
      return action.else === null ? cases : [...cases, { label: "else", steps: action.else }]
    }
    default:
      return []
  }
}

/** Every step of a plan. */
export const allSteps = (plan: Plan): ReadonlyArray<PlanStep> => {
  const below = (steps: ReadonlyArray<PlanStep>): ReadonlyArray<PlanStep> =>
    steps.flatMap((step) => [step, ...innerSteps(step).flatMap((inner) => below(inner.steps))])
  return [...below(plan.steps), ...below(plan.catch), ...below(plan.finally)]
}
