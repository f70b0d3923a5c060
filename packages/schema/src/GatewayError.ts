/**
 * Everything that can go wrong with a request, by reason. The status is an exhaustive function of the reason, here and
 * nowhere else; what is tried after it is one in `gateway/failover/Decide.ts`. No code looks at message texts.
 */
import * as Schema from "effect/Schema"

export const Reason = Schema.Literal(
  // The caller's request.
  "invalid_request",
  "unauthenticated",
  "forbidden",
  "not_found",
  "model_not_found",
  "method_not_allowed",
  "conflict",
  "too_large",
  "unprocessable",
  "budget_exceeded",
  // The way to a provider.
  "not_configured",
  "unreachable",
  // What a provider answered.
  "authentication",
  "rate_limit",
  "context_length",
  "content_filter",
  "server",
  "timeout",
  "network",
  "invalid_response",
  // Penstock itself.
  "shutting_down",
  "internal"
)
export type Reason = typeof Reason.Type

/** HTTP status by reason, for the caller. */
const statuses: { readonly [R in Reason]: number } = {
  invalid_request: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  model_not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  too_large: 413,
  unprocessable: 422,
  budget_exceeded: 402,
  not_configured: 503,
  unreachable: 503,
  authentication: 502,
  rate_limit: 429,
  context_length: 400,
  content_filter: 400,
  server: 502,
  timeout: 504,
  network: 502,
  invalid_response: 502,
  shutting_down: 503,
  internal: 500
}

export class GatewayError extends Schema.TaggedError<GatewayError>("@penstock/schema/GatewayError")("GatewayError", {
  reason: Reason,
  /** What happened and what to do about it, for a person. Holds no secret. */
  message: Schema.String,
  /** The request's field at fault, as a path: `messages.0.content`. */
  param: Schema.optional(Schema.String),
  /** A machine-readable detail, where the reason is not enough. Defaults to the reason. */
  code: Schema.optional(Schema.String),
  /** What the provider itself answered. */
  upstream: Schema.optional(Schema.Struct({ status: Schema.NullOr(Schema.Int), code: Schema.NullOr(Schema.String) })),
  /** How long to wait before another try, in milliseconds. */
  retryAfterMillis: Schema.optional(Schema.NonNegativeInt)
}) {
  get status(): number {
    return statuses[this.reason]
  }
}

/** Shorthand for an error that has nothing but a reason and a message. */
export const make = (
  reason: Reason,
  message: string,
  more: { readonly param?: string; readonly code?: string } = {}
): GatewayError => new GatewayError({ reason, message, ...more })
