/** A failure in Anthropic's words. What the provider itself answered stands beside them. */
import type { GatewayError, Reason } from "@penstock/schema/GatewayError"

/** The words that Anthropic's clients know as `error.type`. */
type ErrorType =
  | "invalid_request_error"
  | "authentication_error"
  | "billing_error"
  | "permission_error"
  | "not_found_error"
  | "conflict_error"
  | "request_too_large"
  | "rate_limit_error"
  | "api_error"
  | "timeout_error"
  | "overloaded_error"

const types: { readonly [R in Reason]: ErrorType } = {
  invalid_request: "invalid_request_error",
  unauthenticated: "authentication_error",
  forbidden: "permission_error",
  not_found: "not_found_error",
  model_not_found: "not_found_error",
  method_not_allowed: "invalid_request_error",
  conflict: "conflict_error",
  too_large: "request_too_large",
  unprocessable: "invalid_request_error",
  budget_exceeded: "billing_error",
  not_configured: "api_error",
  unreachable: "api_error",
  // The provider refused the key of this gateway, which is no fault of the caller's own.
  authentication: "api_error",
  rate_limit: "rate_limit_error",
  context_length: "invalid_request_error",
  content_filter: "invalid_request_error",
  server: "api_error",
  timeout: "timeout_error",
  network: "api_error",
  invalid_response: "api_error",
  shutting_down: "overloaded_error",
  internal: "api_error"
}

export const body = (error: GatewayError, requestId: string) => ({
  type: "error" as const,
  error: {
    type: types[error.reason],
    message: error.message,
    ...(error.upstream === undefined ? {} : { upstream: error.upstream })
  },
  request_id: requestId
})

/** The same inside a stream. No `message_stop` follows: the answer did not end well. */
export const frame = (error: GatewayError, requestId: string): string =>
  `event: error\ndata: ${JSON.stringify(body(error, requestId))}\n\n`
