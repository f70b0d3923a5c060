/** `POST /v1/explain`. */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import { Breakers } from "@penstock/gateway/failover/Breakers"
import { mayNotUse, mayUse } from "@penstock/gateway/keys/Keys"
import { PriceBook } from "@penstock/gateway/ledger/PriceBook"
import { ProviderRegistry } from "@penstock/gateway/providers/ProviderRegistry"
import * as Explain from "@penstock/gateway/routing/Explain"
import * as Fitness from "@penstock/gateway/exchange/Fitness"
import { Router, type Target } from "@penstock/gateway/routing/Router"
import { Settings } from "@penstock/gateway/Settings"
import { CurrentCaller } from "@penstock/schema/api/Caller"
import { PenstockApi } from "@penstock/schema/api/PenstockApi"
import { ExplainRequest } from "@penstock/schema/api/RoutingApi"
import { Workflows } from "@penstock/workflow/runtime/Workflows"
import * as Effect from "effect/Effect"
import * as WorkflowModel from "../data/WorkflowModel.ts"
import * as ExplainWorkflow from "../workflows/ExplainWorkflow.ts"
import * as JsonBody from "./JsonBody.ts"

const read = JsonBody.reader(ExplainRequest)

const wanted = 'Send JSON that names a model: {"model": "gpt-4o-mini"}.'

export const layer = HttpApiBuilder.group(PenstockApi, "routing", (handlers) =>
  Effect.gen(function* () {
    const router = yield* Router
    const breakers = yield* Breakers
    const settings = yield* Settings
    const registry = yield* ProviderRegistry
    const prices = yield* PriceBook
    const workflows = yield* Workflows
    return handlers.handleRaw("explain", ({ request }) =>
      Effect.gen(function* () {
        const body = yield* read(request, { limit: settings.current().server.max_body, wanted })
        const { endpoint: asked = "chat", model } = body
        const caller = yield* CurrentCaller
        if (!mayUse(caller, model)) return yield* mayNotUse(caller, model)
        const workflow = WorkflowModel.workflowOf(model)
        if (workflow !== null) return yield* ExplainWorkflow.explain({ workflows, router, breakers }, model, workflow)
        const judge = Fitness.judge(asked, body)
        const misfit = (target: Target): string | null => {
          const provider = registry.get(target.provider)
          return provider === null ? null : judge({ ...target, provider, facts: prices.facts(target) })
        }
        return Explain.explanation(model, yield* router.plan(model), breakers, { asked, misfit })
      })
    )
  })
)
