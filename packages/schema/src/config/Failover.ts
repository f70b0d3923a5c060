/**
 * What happens when a target fails, as a person writes it: every key is optional, under a model and under `defaults`.
 * What neither of them says is `builtIn`.
 */
import * as Schema from "effect/Schema"
import { strictStruct } from "./Fields.ts"
import { PositiveTimerMillis, TimerMillis } from "./Units.ts"

export const RetryConfig = strictStruct({
  max: Schema.optional(
    Schema.Int.pipe(Schema.between(0, 20, { description: "a number of further attempts from 0 to 20" }))
  ).annotations({ description: "Further attempts at the same target" }),
  delay: Schema.optional(TimerMillis).annotations({ description: "Before the first further attempt" }),
  factor: Schema.optional(
    Schema.Number.pipe(Schema.between(1, 100, { description: "a factor from 1 to 100" }))
  ).annotations({ description: "How much longer each wait is than the one before" }),
  max_delay: Schema.optional(TimerMillis).annotations({ description: "The longest wait between two attempts" }),
  jitter: Schema.optional(Schema.Literal("full", "none")).annotations({
    description: "full: a random wait between 0 and the delay, so that callers do not come back all at once"
  })
})
export type RetryConfig = typeof RetryConfig.Type

export const TimeoutConfig = strictStruct({
  connect: Schema.optional(PositiveTimerMillis).annotations({ description: "Until the connection is there" }),
  first_token: Schema.optional(PositiveTimerMillis).annotations({
    description: "Until the first token, or a whole answer's head"
  }),
  idle: Schema.optional(PositiveTimerMillis).annotations({ description: "Between two pieces of an answer" }),
  total: Schema.optional(PositiveTimerMillis).annotations({
    description: "For everything, all attempts together; a phase without a limit beside it gets at most half"
  })
})
export type TimeoutConfig = typeof TimeoutConfig.Type

export const StreamConfig = strictStruct({
  commit: Schema.optional(Schema.Literal("first_token", "complete")).annotations({
    description: "From when on the caller gets the answer: at once, or when it is whole"
  })
})
export type StreamConfig = typeof StreamConfig.Type

/** The failures after which another target may be tried. Those of the caller's own making only where named. */
export const FallbackReason = Schema.Literal(
  "rate_limit",
  "server",
  "timeout",
  "network",
  "context_length",
  "content_filter",
  "invalid_request",
  "authentication"
)
export type FallbackReason = typeof FallbackReason.Type

export const BreakerConfig = strictStruct({
  failures: Schema.optional(
    Schema.Int.pipe(Schema.between(1, 10_000, { description: "a number of failures from 1 to 10000" }))
  ).annotations({ description: "Failures within the window that open the breaker" }),
  window: Schema.optional(PositiveTimerMillis).annotations({ description: "How long a failure counts" }),
  cooldown: Schema.optional(TimerMillis).annotations({
    description: "How long a target is left alone before one request tries it again"
  })
})
export type BreakerConfig = typeof BreakerConfig.Type

export const HedgeConfig = strictStruct({
  after: Schema.propertySignature(TimerMillis).annotations({
    description: "How long the first target may be silent before the next is asked as well"
  }),
  max_share: Schema.optional(
    Schema.Number.pipe(Schema.between(0, 1, { description: "a share from 0 to 1" }))
  ).annotations({ description: "The most hedged requests, as a share of all; default 0.05" })
})
export type HedgeConfig = typeof HedgeConfig.Type

/** Under a model and under `defaults`. */
export const failoverFields = {
  retry: Schema.optional(RetryConfig).annotations({
    description: "How often the same target is tried again, and when"
  }),
  timeout: Schema.optional(TimeoutConfig).annotations({ description: "How long each phase of a call may take" }),
  stream: Schema.optional(StreamConfig).annotations({ description: "How streams are answered" }),
  fallback_on: Schema.optional(Schema.Array(FallbackReason)).annotations({
    description: "Failures after which the next target is tried"
  }),
  breaker: Schema.optional(BreakerConfig).annotations({
    description: "When a target that keeps failing is left alone"
  }),
  hedge: Schema.optional(HedgeConfig).annotations({ description: "Off unless it is written" })
}

export const FailoverConfig = strictStruct(failoverFields)
export type FailoverConfig = typeof FailoverConfig.Type

/** What is in force where neither a model nor `defaults` says otherwise. Durations in milliseconds. */
export const builtIn = {
  retry: { max: 2, delay: 500, factor: 2, max_delay: 10_000, jitter: "full" },
  timeout: { connect: 5000, first_token: 30_000, idle: 15_000, total: 600_000 },
  stream: { commit: "first_token" },
  fallback_on: ["rate_limit", "server", "timeout", "network", "context_length"],
  breaker: { failures: 5, window: 30_000, cooldown: 10_000 }
} as const satisfies FailoverConfig

export const Strategy = Schema.Literal("ordered", "weighted", "cheapest", "fastest")
export type Strategy = typeof Strategy.Type

/** What a target can do, where nothing else tells: `true` and `false` overrule what is known of the model. */
export const Capabilities = strictStruct({
  prefill: Schema.optional(Schema.Boolean).annotations({
    description: "Goes on from the beginning of an answer: a broken stream is continued here"
  }),
  tools: Schema.optional(Schema.Boolean).annotations({ description: "Calls tools" }),
  vision: Schema.optional(Schema.Boolean).annotations({ description: "Sees pictures" }),
  json_schema: Schema.optional(Schema.Boolean).annotations({ description: "Keeps to a JSON Schema" }),
  reasoning: Schema.optional(Schema.Boolean).annotations({ description: "Thinks before it answers" }),
  context_window: Schema.optional(
    Schema.Int.pipe(Schema.positive({ description: "a number of tokens above 0" }))
  ).annotations({
    description: "Tokens that fit into the model, prompt and answer"
  })
})
export type Capabilities = typeof Capabilities.Type
