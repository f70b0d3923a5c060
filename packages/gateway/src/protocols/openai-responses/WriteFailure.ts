/** A failure inside a stream, in OpenAI's words: the same ones that chat completions and the control plane use. */
import { toOpenAiError } from "@penstock/schema/api/ApiError"
import type { GatewayError, Reason } from "@penstock/schema/GatewayError"
import { millisOf } from "../../RequestId.ts"
import { failed } from "./WriteResponse.ts"

/** Events are numbered; whoever breaks a stream off does not know how far it had come. This is after all others. */
const last = 2 ** 31 - 2

/** What a response fails with has words of its own. Codex tells a prompt that is too long by one that is not among them. */
const codes: { readonly [R in Reason]?: string } = {
  invalid_request: "invalid_prompt",
  rate_limit: "rate_limit_exceeded",
  context_length: "context_length_exceeded"
}

const sse = (type: string, fields: object): string => `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`

/**
 * As OpenAI itself ends a stream: an `error`, which its own clients raise, and `response.failed`, which others wait for.
 * OpenAI's description has the fields of the error at its top, OpenAI itself has them in `error`, where clients look.
 */
export const frame = (failure: GatewayError, requestId: string): string => {
  const { error } = toOpenAiError(failure, requestId)
  const { code, message, param } = error
  const created = Math.floor(millisOf(requestId) / 1000)
  const response = failed(
    { code: codes[failure.reason] ?? "server_error", message },
    { created: Number.isNaN(created) ? 0 : created, includeUsage: true, requestId }
  )
  return (
    sse("error", { sequence_number: last, code, message, param, error }) +
    sse("response.failed", { sequence_number: last + 1, response })
  )
}
