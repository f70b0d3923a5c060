/** `GET /v1/budgets`. */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import { Budgets } from "@penstock/gateway/budgets/Budgets"
import { Keys } from "@penstock/gateway/keys/Keys"
import { BudgetList } from "@penstock/schema/api/BudgetsApi"
import { PenstockApi } from "@penstock/schema/api/PenstockApi"
import * as Effect from "effect/Effect"
import { unreadable } from "./LedgerHandlers.ts"

export const layer = HttpApiBuilder.group(PenstockApi, "budgets", (handlers) =>
  Effect.map(Effect.all([Budgets, Keys]), ([{ states }, keys]) =>
    handlers.handle("list", () =>
      Effect.flatMap(keys.list, states).pipe(
        Effect.map((budgets) => new BudgetList({ budgets })),
        Effect.catchAll(unreadable)
      )
    )
  )
)
