/** Why a model name goes where it goes. */
import * as Schema from "effect/Schema"
import { EndpointName } from "./config/Endpoints.ts"
import { FallbackReason, Strategy } from "./config/Failover.ts"

/** How the name was understood. */
export const MatchedBy = Schema.Literal("model", "alias", "provider", "route", "workflow", "none")
export type MatchedBy = typeof MatchedBy.Type

/** What keeps requests away from a target that keeps failing. */
export const Breaker = Schema.Struct({
  state: Schema.Literal("closed", "open", "half_open"),
  /** Failures that no success has made up for. */
  failures: Schema.Int,
  /** ISO 8601; when one request tries it again. Null when it is closed. */
  retry_at: Schema.NullOr(Schema.String)
})

/** What is done when a target fails. Durations in milliseconds. */
export const Policy = Schema.Struct({
  retry: Schema.Struct({
    max: Schema.Int,
    delay: Schema.Number,
    factor: Schema.Number,
    max_delay: Schema.Number,
    jitter: Schema.Literal("full", "none")
  }),
  timeout: Schema.Struct({
    connect: Schema.Number,
    first_token: Schema.Number,
    idle: Schema.Number,
    total: Schema.Number
  }),
  commit: Schema.Literal("first_token", "complete"),
  fallback_on: Schema.Array(FallbackReason),
  breaker: Schema.Struct({ failures: Schema.Int, window: Schema.Number, cooldown: Schema.Number }),
  /** Null when it is off. */
  hedge: Schema.NullOr(Schema.Struct({ after: Schema.Number, max_share: Schema.Number }))
})

/** One target that was looked at, kept or not, and why. */
export class Candidate extends Schema.Class<Candidate>("Candidate")({
  provider: Schema.String,
  /** The model's name at the provider. */
  model: Schema.String,
  protocol: Schema.NullOr(Schema.String),
  /** What its provider can be asked for, in its own words; empty where there is no such provider. */
  endpoints: Schema.Array(EndpointName),
  kept: Schema.Boolean,
  /** For a person: "first match", "OPENAI_API_KEY is not set". */
  reason: Schema.String,
  breaker: Schema.optional(Breaker)
}) {}

const routing = {
  model: Schema.String,
  matched_by: MatchedBy,
  /** The entry that matched: a name in `models`, a pattern of `routes`, a provider, or a workflow. */
  matched: Schema.NullOr(Schema.String),
  /** In the order of the configuration. */
  candidates: Schema.Array(Candidate),
  /** How they are ordered for a request. */
  strategy: Schema.optional(Strategy),
  policy: Schema.optional(Policy)
}

/** In USD; null where a price or a limit that it depends on is not known. */
const bounds = {
  worst_usd: Schema.NullOr(Schema.Number),
  expected_usd: Schema.NullOr(Schema.Number)
}

export const WorkflowExplanation = Schema.Struct({
  /** Why it cannot be run, for a person; null when it can. */
  problem: Schema.NullOr(Schema.String),
  ...bounds,
  /** Those that ask a model, or call another workflow. */
  steps: Schema.Array(
    Schema.Struct({
      path: Schema.String,
      type: Schema.String,
      /** The workflow that it calls. */
      calls: Schema.optional(Schema.String),
      ...bounds,
      /** Tried in order. */
      models: Schema.Array(Schema.Struct(routing))
    })
  )
}).annotations({ identifier: "WorkflowExplanation" })
export type WorkflowExplanation = typeof WorkflowExplanation.Type

/** The routing plan of a request that was not sent. */
export class Explanation extends Schema.Class<Explanation>("Explanation")({
  ...routing,
  /** Of the model `workflow/NAME`: what its steps ask. */
  workflow: Schema.optional(WorkflowExplanation)
}) {}
