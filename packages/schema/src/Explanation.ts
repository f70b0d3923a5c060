/** Why a model name goes where it goes. */
import * as Schema from "effect/Schema"
import { EndpointName } from "./config/Endpoints.ts"
import { FallbackReason, Strategy } from "./config/Failover.ts"

/** How the name was understood. */
export const MatchedBy = Schema.Literal("model", "alias", "provider", "route", "none")
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

/** The routing plan of a request that was not sent. */
export class Explanation extends Schema.Class<Explanation>("Explanation")({
  model: Schema.String,
  matched_by: MatchedBy,
  /** The entry that matched: a name in `models`, a pattern of `routes`, or a provider. */
  matched: Schema.NullOr(Schema.String),
  /** In the order of the configuration. */
  candidates: Schema.Array(Candidate),
  /** How they are ordered for a request. */
  strategy: Schema.optional(Strategy),
  policy: Schema.optional(Policy)
}) {}
