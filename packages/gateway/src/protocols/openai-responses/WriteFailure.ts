/** A failure in OpenAI's words: the same ones that chat completions and the control plane use. */
import { toOpenAiError } from "@penstock/schema/api/ApiError"
import type { GatewayError } from "@penstock/schema/GatewayError"

/** Events are numbered; whoever breaks a stream off does not know how far it had come. This is after all others. */
const last = 2 ** 31 - 1

/**
 * The same inside a stream. OpenAI's description has the fields at the top, OpenAI itself has them in `error`, which is
 * where clients look.
 */
export const frame = (failure: GatewayError, requestId: string): string => {
  const { error } = toOpenAiError(failure, requestId)
  const { code, message, param } = error
  const event = { type: "error", sequence_number: last, code, message, param, error }
  return `event: error\ndata: ${JSON.stringify(event)}\n\n`
}
