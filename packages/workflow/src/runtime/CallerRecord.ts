/** Who started a run, kept with it: after a restart it may use what it might use before. */
import { BudgetConfig, RateConfig } from "@penstock/schema/config/Limits"
import { McpAccess } from "@penstock/schema/config/Mcp"
import * as Schema from "effect/Schema"

export const CallerRecord = Schema.Struct({
  key: Schema.NullOr(Schema.String),
  models: Schema.Array(Schema.String),
  admin: Schema.Boolean,
  budget: Schema.NullOr(BudgetConfig),
  rate: Schema.NullOr(RateConfig),
  mcp: Schema.optionalWith(McpAccess, { exact: true })
})
