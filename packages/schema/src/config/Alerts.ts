/** When somebody is to be told, and where. */
import * as Schema from "effect/Schema"
import { optionalWith, strictStruct } from "./Fields.ts"
import { HttpAddress } from "./Telemetry.ts"
import { DurationMillis, PositiveTimerMillis } from "./Units.ts"

const Percent = Schema.Number.pipe(Schema.between(1, 100, { description: "a percentage from 1 to 100" }))

export const AlertsConfig = strictStruct({
  webhook: optionalWith(Schema.NullOr(HttpAddress), () => null).annotations({
    description: "Where alerts are sent, as JSON; none are without it"
  }),
  secret: Schema.optional(Schema.Redacted(Schema.String.pipe(Schema.minLength(8)))).annotations({
    description: "Signs them (HMAC-SHA256 in x-penstock-signature)"
  }),
  budget_percent: optionalWith(Schema.Array(Percent), () => [80, 100]).annotations({
    description: "Shares of a budget that are told of when they are spent"
  }),
  error_percent: optionalWith(Percent, () => 50).annotations({
    description: "The share of failed requests, of the last five minutes, that is told of"
  }),
  error_requests: optionalWith(
    Schema.Int.pipe(Schema.between(1, 1_000_000, { description: "a number of requests from 1 to 1000000" })),
    () => 20
  ).annotations({ description: "Of fewer requests no share is taken" }),
  every: optionalWith(PositiveTimerMillis, () => 15_000).annotations({
    description: "How long between two looks at what alerts are about"
  }),
  stuck_after: optionalWith(DurationMillis, () => 600_000).annotations({
    description: "How long a run may make no progress although nothing keeps it"
  })
})
export type AlertsConfig = typeof AlertsConfig.Type
