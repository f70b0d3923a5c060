/** Where the steps of a workflow would go, and what a run of it costs: `workflow/NAME` explained. */
import type { Service as Breakers } from "@penstock/gateway/failover/Breakers"
import * as Explain from "@penstock/gateway/routing/Explain"
import type { Service as Router } from "@penstock/gateway/routing/Router"
import { Explanation, type WorkflowExplanation } from "@penstock/schema/Explanation"
import type { GatewayError } from "@penstock/schema/GatewayError"
import { toUsd } from "@penstock/schema/Money"
import type { Cost } from "@penstock/workflow/checker/Cost"
import { allSteps, type PlanStep } from "@penstock/workflow/compiler/Plan"
import type { Service as Workflows } from "@penstock/workflow/runtime/Workflows"
import * as Effect from "effect/Effect"
import * as Starting from "./Starting.ts"

export interface Sources {
  readonly workflows: Workflows
  readonly router: Router
  readonly breakers: Breakers
}

const bounds = ({ expected, worst }: Cost) => ({
  worst_usd: worst === null ? null : toUsd(worst),
  expected_usd: expected === null ? null : toUsd(expected)
})

const unknown = { worst_usd: null, expected_usd: null, steps: [] }

/** What a step asks; null for one that asks nobody. */
const asks = ({ action }: PlanStep): { readonly models: ReadonlyArray<string>; readonly calls?: string } | null => {
  if (action.type === "llm" || action.type === "agent") return { models: action.models }
  return action.type === "workflow" ? { models: [], calls: action.uses } : null
}

/** `model` as it was asked for, `name` the workflow's. */
export const explain = Effect.fnUntraced(function* (
  { breakers, router, workflows }: Sources,
  model: string,
  name: string
): Effect.fn.Return<Explanation> {
  const answer = (matched: string | null, workflow: WorkflowExplanation) =>
    new Explanation({ model, matched_by: matched === null ? "none" : "workflow", matched, candidates: [], workflow })
  const refusal = (error: GatewayError) => answer(null, { problem: error.message, ...unknown })

  const found = yield* Effect.either(Starting.find(workflows, name))
  if (found._tag === "Left") return refusal(found.left)
  const { plan } = found.right
  if (plan === null) {
    return answer(found.right.name, { problem: Starting.invalid(found.right).message, ...unknown })
  }
  const steps = yield* Effect.forEach(
    allSteps(plan).flatMap((step) => {
      const asked = asks(step)
      return asked === null ? [] : [{ step, asked }]
    }),
    ({ asked: { calls, models }, step }) =>
      Effect.map(
        Effect.forEach(models, (name) =>
          Effect.map(router.plan(name), (routed) => Explain.explanation(name, routed, breakers))
        ),
        (models) => ({
          path: step.path,
          type: step.action.type,
          ...(calls === undefined ? {} : { calls }),
          ...bounds(step.cost),
          models
        })
      )
  )
  return answer(plan.name, { problem: null, ...bounds(plan.cost), steps })
})
