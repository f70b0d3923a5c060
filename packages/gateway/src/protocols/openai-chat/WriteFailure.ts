/** A failure in OpenAI's words: the same ones that the control plane uses. */
import { toOpenAiError } from "@penstock/schema/api/ApiError"
import type { GatewayError } from "@penstock/schema/GatewayError"

export const body = (error: GatewayError) => toOpenAiError(error)

/**
 * The same inside a stream, where the caller has no header to read the request's id from. No `[DONE]` follows: the
 * answer did not end well.
 */
export const frame = (error: GatewayError, requestId: string): string =>
  `data: ${JSON.stringify(toOpenAiError(error, requestId))}\n\n`
