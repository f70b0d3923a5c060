/** A failure in OpenAI's words. Total: every reason has a type. */
import type { GatewayError, Reason } from "@penstock/schema/GatewayError"

const types: { readonly [R in Reason]: string } = {
  invalid_request: "invalid_request_error",
  unauthenticated: "authentication_error",
  forbidden: "permission_error",
  not_found: "invalid_request_error",
  model_not_found: "invalid_request_error",
  method_not_allowed: "invalid_request_error",
  conflict: "invalid_request_error",
  too_large: "invalid_request_error",
  unprocessable: "invalid_request_error",
  budget_exceeded: "insufficient_quota",
  not_configured: "server_error",
  unreachable: "server_error",
  authentication: "authentication_error",
  rate_limit: "rate_limit_error",
  context_length: "invalid_request_error",
  content_filter: "invalid_request_error",
  server: "server_error",
  timeout: "timeout_error",
  network: "server_error",
  invalid_response: "server_error",
  shutting_down: "server_error",
  internal: "server_error"
}

/** The body of a failed answer: OpenAI's four fields, and what the provider itself answered. */
export const body = (error: GatewayError) => ({
  error: {
    message: error.message,
    type: types[error.reason],
    param: error.param ?? null,
    code: error.code ?? error.reason,
    ...(error.upstream === undefined ? {} : { upstream: error.upstream })
  }
})

/** The same inside a stream. No `[DONE]` follows: the answer did not end well. */
export const frame = (error: GatewayError): string => `data: ${JSON.stringify(body(error))}\n\n`
