/** How the last minutes went: what an operator looks at while it happens. */
import * as Schema from "effect/Schema"
import { Breaker } from "./Explanation.ts"

const Millis = Schema.NullOr(Schema.Int).annotations({
  description: "Milliseconds, within 5 %; null without an answer"
})

const figures = {
  requests: Schema.Int,
  errors: Schema.Int.annotations({ description: "Those with the status `error` or `interrupted`" }),
  total_tokens: Schema.Int,
  cost_usd: Schema.Number.annotations({ description: "Of the requests whose cost is known" }),
  unpriced: Schema.Int.annotations({ description: "Requests whose cost is unknown" }),
  p50_ms: Millis,
  p95_ms: Millis
}

/** Settled requests of a span of time, by when they started. */
export const TrafficFigures = Schema.Struct(figures).annotations({ identifier: "TrafficFigures" })
export type TrafficFigures = typeof TrafficFigures.Type

export const TrafficPoint = Schema.Struct({
  at: Schema.String.annotations({ description: "Where its span begins: ISO 8601, UTC" }),
  ...figures
}).annotations({ identifier: "TrafficPoint" })
export type TrafficPoint = typeof TrafficPoint.Type

export const ProviderTraffic = Schema.Struct({
  provider: Schema.String,
  ...figures
}).annotations({ identifier: "ProviderTraffic" })
export type ProviderTraffic = typeof ProviderTraffic.Type

export const TargetBreaker = Schema.Struct({
  provider: Schema.String,
  model: Schema.String,
  ...Breaker.fields
}).annotations({ identifier: "TargetBreaker" })

export class TrafficReport extends Schema.Class<TrafficReport>("TrafficReport")({
  from: Schema.String.annotations({ description: "ISO 8601, UTC; inclusive" }),
  to: Schema.String.annotations({ description: "Now" }),
  step_minutes: Schema.Int.annotations({ description: "How much time a point stands for" }),
  open: Schema.Int.annotations({ description: "Requests under way, of all processes on this database" }),
  total: TrafficFigures,
  points: Schema.Array(TrafficPoint).annotations({ description: "In the order of time, without gaps" }),
  providers: Schema.Array(ProviderTraffic).annotations({ description: "Those that were asked, busiest first" }),
  breakers: Schema.Array(TargetBreaker).annotations({ description: "Targets that have failed lately" })
}) {}
