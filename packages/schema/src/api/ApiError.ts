/**
 * How a failure looks to a caller who speaks OpenAI, and to ours: `{error: {message, type, param, code}}` with the
 * status of the reason. The data plane and the control plane write failures with the same function.
 */
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as Schema from "effect/Schema"
import { GatewayError, Reason } from "../GatewayError.ts"
import { Metrics } from "../Run.ts"

/** The words that OpenAI's clients know as `error.type`. */
export const ErrorType = Schema.Literal(
  "invalid_request_error",
  "authentication_error",
  "permission_error",
  "insufficient_quota",
  "rate_limit_error",
  "server_error"
)
export type ErrorType = typeof ErrorType.Type

const types: { readonly [R in Reason]: ErrorType } = {
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
  // The provider refused the key of this gateway, which is no fault of the caller's own.
  authentication: "server_error",
  rate_limit: "rate_limit_error",
  context_length: "invalid_request_error",
  content_filter: "invalid_request_error",
  server: "server_error",
  timeout: "server_error",
  network: "server_error",
  invalid_response: "server_error",
  shutting_down: "server_error",
  internal: "server_error"
}

/** OpenAI's `type` for a reason. */
export const openAiErrorType = (reason: Reason): ErrorType => types[reason]

/** Where OpenAI has its own word for a reason, clients compare with that word. */
const openAiCodes: { readonly [R in Reason]?: string } = {
  unauthenticated: "invalid_api_key",
  rate_limit: "rate_limit_exceeded",
  context_length: "context_length_exceeded"
}

const Position = Schema.Struct({ line: Schema.Positive, column: Schema.Positive })

/** One finding about a workflow's file. Lines and columns count from 1. */
export const Diagnostic = Schema.Struct({
  code: Schema.String,
  severity: Schema.Literal("error", "warning", "info"),
  file: Schema.String,
  range: Schema.Struct({ start: Position, end: Position }),
  message: Schema.String,
  hint: Schema.optional(Schema.String)
}).annotations({ identifier: "WorkflowDiagnostic" })
export type Diagnostic = typeof Diagnostic.Type

const UpstreamAnswer = Schema.Struct({ status: Schema.NullOr(Schema.Int), code: Schema.NullOr(Schema.String) })

export const OpenAiError = Schema.Struct({
  error: Schema.Struct({
    message: Schema.String.annotations({ description: "What happened and what to do about it" }),
    type: Schema.String.annotations({
      description: "OpenAI's word for the kind of error",
      jsonSchema: { type: "string", examples: ErrorType.literals }
    }),
    param: Schema.NullOr(Schema.String).annotations({ description: "The field at fault, as a path" }),
    code: Schema.NullOr(Schema.String).annotations({ description: "The reason, for programs" }),
    upstream: Schema.optional(UpstreamAnswer).annotations({ description: "What the provider itself answered" }),
    request_id: Schema.optional(Schema.String),
    step: Schema.optional(Schema.String).annotations({ description: "The step of a workflow that failed" })
  }),
  run_id: Schema.optional(Schema.String).annotations({ description: "The run of a workflow that failed" }),
  metrics: Schema.optional(Metrics).annotations({ description: "What that run came to all the same" }),
  diagnostics: Schema.optional(Schema.Array(Diagnostic)).annotations({ description: "What is wrong with a workflow" })
}).annotations({ identifier: "ApiError", title: "Error", description: "A failure in OpenAI's shape" })
export type OpenAiError = typeof OpenAiError.Type

/** The body of a failed answer. `requestId` is named where the caller cannot read the header: inside a stream. */
export const toOpenAiError = (error: GatewayError, requestId?: string): OpenAiError => ({
  error: {
    message: error.message,
    type: openAiErrorType(error.reason),
    param: error.param ?? null,
    code: error.code ?? openAiCodes[error.reason] ?? error.reason,
    ...(error.upstream === undefined ? {} : { upstream: error.upstream }),
    ...(requestId === undefined ? {} : { request_id: requestId })
  }
})

/** The first reason of a status is the one that a client reads back when the code does not tell. */
const reasonOf = (status: number, code: string | null): Reason => {
  const exact = Reason.literals.find(
    (reason) => (openAiCodes[reason] ?? reason) === code && statusOf(reason) === status
  )
  return exact ?? Reason.literals.find((reason) => statusOf(reason) === status) ?? "internal"
}

const statusOf = (reason: Reason): number => new GatewayError({ reason, message: "" }).status

/** The error that a body of this status stands for: what the client that is derived from the API fails with. */
export const fromOpenAiError = (status: number, { error }: OpenAiError): GatewayError => {
  const reason = reasonOf(status, error.code)
  return new GatewayError({
    reason,
    message: error.message,
    ...(error.param === null ? {} : { param: error.param }),
    ...(error.code === null || error.code === (openAiCodes[reason] ?? reason) ? {} : { code: error.code }),
    ...(error.upstream === undefined ? {} : { upstream: error.upstream })
  })
}

const withStatus = (
  status: 400 | 401 | 402 | 403 | 404 | 409 | 413 | 422 | 500 | 502 | 503 | 504,
  description: string
) =>
  Schema.transform(
    OpenAiError,
    Schema.typeSchema(GatewayError).pipe(Schema.filter((error) => error.status === status)),
    {
      strict: true,
      decode: (body) => fromOpenAiError(status, body),
      encode: (error) => toOpenAiError(error)
    }
  ).annotations(HttpApiSchema.annotations({ status, description }))

export const BadRequest = withStatus(400, "The request is not what the endpoint takes; `param` names the field")
export const Unauthenticated = withStatus(401, "No key, or one that is not known here")
export const PaymentRequired = withStatus(402, "A budget is spent; the message names it")
export const Forbidden = withStatus(403, "The key is known and may not do this")
export const NotFound = withStatus(404, "There is no such thing; the message names the nearest that exists")
export const Conflict = withStatus(409, "What is there already does not allow it; the message says what to do")
export const TooLarge = withStatus(413, "The body is larger than `server.max_body`")
export const Unprocessable = withStatus(422, "What was sent does not meet its schema; the message names each path")
export const Internal = withStatus(500, "Penstock failed; the log has the cause under the request's id")
export const BadGateway = withStatus(502, "Whoever was asked answered with a failure, or what nobody can read")
export const GatewayTimeout = withStatus(504, "Whoever was asked did not answer in time")
export const Unavailable = withStatus(
  503,
  "A provider is not configured or not reachable; the message says what to set"
)
