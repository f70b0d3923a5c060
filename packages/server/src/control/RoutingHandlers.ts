/** `POST /v1/explain`. */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import { Breakers } from "@penstock/gateway/failover/Breakers"
import { mayNotUse, mayUse } from "@penstock/gateway/keys/Keys"
import * as Explain from "@penstock/gateway/routing/Explain"
import { Router } from "@penstock/gateway/routing/Router"
import { Settings } from "@penstock/gateway/Settings"
import { CurrentCaller } from "@penstock/schema/api/Caller"
import { PenstockApi } from "@penstock/schema/api/PenstockApi"
import { ExplainRequest } from "@penstock/schema/api/RoutingApi"
import * as Effect from "effect/Effect"
import * as JsonBody from "./JsonBody.ts"

const read = JsonBody.reader(ExplainRequest)

const wanted = 'Send JSON that names a model: {"model": "gpt-4o-mini"}.'

export const layer = HttpApiBuilder.group(PenstockApi, "routing", (handlers) =>
  Effect.gen(function* () {
    const router = yield* Router
    const breakers = yield* Breakers
    const settings = yield* Settings
    return handlers.handleRaw("explain", ({ request }) =>
      Effect.gen(function* () {
        const { endpoint, model } = yield* read(request, { limit: settings.current().server.max_body, wanted })
        const caller = yield* CurrentCaller
        if (!mayUse(caller, model)) return yield* mayNotUse(caller, model)
        return Explain.explanation(model, yield* router.plan(model), breakers, endpoint)
      })
    )
  })
)
