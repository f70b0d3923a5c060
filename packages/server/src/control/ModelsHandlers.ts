/** `GET /v1/models` and `GET /v1/models/{model}`. */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import { mayNotUse, mayUse } from "@penstock/gateway/keys/Keys"
import { ProviderRegistry } from "@penstock/gateway/providers/ProviderRegistry"
import { Router } from "@penstock/gateway/routing/Router"
import { CurrentCaller } from "@penstock/schema/api/Caller"
import { PenstockApi } from "@penstock/schema/api/PenstockApi"
import { Workflows } from "@penstock/workflow/runtime/Workflows"
import * as Effect from "effect/Effect"
import * as ModelList from "./ModelList.ts"

export const layer = HttpApiBuilder.group(PenstockApi, "models", (handlers) =>
  Effect.gen(function* () {
    const sources: ModelList.Sources = {
      router: yield* Router,
      registry: yield* ProviderRegistry,
      workflows: yield* Workflows
    }
    return handlers
      .handle("list", () => Effect.flatMap(CurrentCaller, (caller) => ModelList.list(sources, caller, caller.admin)))
      .handle("get", ({ path: { model } }) =>
        Effect.flatMap(CurrentCaller, (caller) =>
          mayUse(caller, model) ? ModelList.lookup(sources, model, caller.admin) : Effect.fail(mayNotUse(caller, model))
        )
      )
  })
)
