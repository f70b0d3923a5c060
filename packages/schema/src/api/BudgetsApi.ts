/** What may be spent, and what of it was. */
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import { BudgetState } from "../LedgerEntry.ts"
import * as ApiError from "./ApiError.ts"
import { AdminAuth } from "./Authorization.ts"

/** The gateway's budget first, then those of keys, declared ones before made ones. */
export class BudgetList extends Schema.Class<BudgetList>("BudgetList")({ budgets: Schema.Array(BudgetState) }) {}

export const BudgetsApi = HttpApiGroup.make("budgets")
  .add(
    HttpApiEndpoint.get("list", "/v1/budgets")
      .addSuccess(BudgetList)
      .annotate(OpenApi.Summary, "List budgets")
      .annotate(
        OpenApi.Description,
        "The budgets of the gateway and of every key, with what was spent and what is held back in its present window. What a " +
          "request may cost at most is held back until it is settled. Windows are those of the calendar in UTC; a week " +
          "begins on Monday."
      )
  )
  .addError(ApiError.Internal)
  .middleware(AdminAuth)
  .annotate(OpenApi.Description, "For the admin")
