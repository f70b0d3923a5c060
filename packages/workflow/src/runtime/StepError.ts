/** Why a step failed, in the words of the language, and how the gateway's failures are put into them. */
import type { GatewayError, Reason as GatewayReason } from "@penstock/schema/GatewayError"
import { Failure } from "@penstock/schema/Run"
import * as Schema from "effect/Schema"

/** The reasons that the runtime gives. A `fail` step may give any other as its `code`. */
export type Reason =
  | "rate_limit"
  | "server"
  | "timeout"
  | "network"
  | "context_length"
  | "content_filter"
  | "invalid_request"
  | "authentication"
  | "invalid_output"
  | "tool_error"
  | "budget"
  | "rejected"
  | "cancelled"
  | "failed"

export class StepError extends Schema.TaggedError<StepError>("@penstock/workflow/runtime/StepError")("StepError", {
  ...Failure.fields,
  /** How long the provider asks to wait, in milliseconds. */
  retryAfterMillis: Schema.optional(Schema.Number),
  /** Nobody was asked: the model's provider is not set up here. Another model may be. */
  notSetUp: Schema.optional(Schema.Boolean)
}) {}

export const make = (step: string, reason: Reason, message: string, attempt = 1): StepError =>
  new StepError({ step, reason, message, attempt })

export const failureOf = ({ attempt, message, reason, step }: StepError): Failure => ({
  step,
  reason,
  message,
  attempt
})

/** What a failure says to whoever may try again. */
export const adviceOf = ({
  notSetUp,
  retryAfterMillis
}: {
  readonly notSetUp?: boolean | undefined
  readonly retryAfterMillis?: number | undefined
}) => ({
  ...(notSetUp === undefined ? {} : { notSetUp }),
  ...(retryAfterMillis === undefined ? {} : { retryAfterMillis })
})

/** What nothing in the file can handle: the run is to end. */
export const isFinal = ({ reason }: StepError): boolean => reason === "cancelled"

const reasons: { readonly [R in GatewayReason]: Reason } = {
  invalid_request: "invalid_request",
  unauthenticated: "authentication",
  forbidden: "authentication",
  not_found: "invalid_request",
  model_not_found: "invalid_request",
  method_not_allowed: "invalid_request",
  conflict: "invalid_request",
  too_large: "invalid_request",
  unprocessable: "invalid_request",
  budget_exceeded: "budget",
  not_configured: "authentication",
  unreachable: "network",
  authentication: "authentication",
  rate_limit: "rate_limit",
  context_length: "context_length",
  content_filter: "content_filter",
  server: "server",
  timeout: "timeout",
  network: "network",
  invalid_response: "server",
  shutting_down: "server",
  internal: "server"
}

export const reasonOf = (reason: GatewayReason): Reason => reasons[reason]

export const fromGateway = (step: string, { message, reason, retryAfterMillis }: GatewayError): StepError =>
  new StepError({
    step,
    reason: reasons[reason],
    message,
    attempt: 1,
    ...(reason === "not_configured" ? { notSetUp: true } : {}),
    ...(retryAfterMillis === undefined ? {} : { retryAfterMillis })
  })
