/** `GET /v1/budgets`. */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import { Budgets } from "@penstock/gateway/budgets/Budgets"
import { BudgetList } from "@penstock/schema/api/BudgetsApi"
import { PenstockApi } from "@penstock/schema/api/PenstockApi"
import * as Effect from "effect/Effect"
import { unreadable } from "./LedgerHandlers.ts"

export const layer = HttpApiBuilder.group(PenstockApi, "budgets", (handlers) =>
  Effect.map(Budgets, ({ states }) =>
    handlers.handle("list", () =>
      states.pipe(
        Effect.map((budgets) => new BudgetList({ budgets })),
        Effect.catchAll(unreadable)
      )
    )
  )
)
