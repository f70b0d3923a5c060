/** The error answer that a provider is made to give, in its protocol's own shape. */
import type { FaultConfig } from "@penstock/schema/config/Fault"
import type { Headers, ProtocolId } from "../../protocols/Protocol.ts"

const message = (status: number): string => `This provider is made to answer ${status} on purpose (\`fault.status\`).`

/** What the vendors themselves call it: clients and our own classification read this word. */
const openAiType = (status: number): string => {
  if (status === 429) return "rate_limit_error"
  return status < 500 ? "invalid_request_error" : "server_error"
}

const anthropicTypes: ReadonlyMap<number, string> = new Map([
  [401, "authentication_error"],
  [403, "permission_error"],
  [404, "not_found_error"],
  [413, "request_too_large"],
  [429, "rate_limit_error"],
  [504, "timeout_error"],
  [529, "overloaded_error"]
])

const openAi = (status: number): object => ({
  error: { message: message(status), type: openAiType(status), param: null, code: null }
})

const bodies: { readonly [P in ProtocolId]: (status: number) => object } = {
  "openai-chat": openAi,
  "openai-responses": openAi,
  "openai-completions": openAi,
  "anthropic-messages": (status) => {
    const type = anthropicTypes.get(status) ?? (status < 500 ? "invalid_request_error" : "api_error")
    return { type: "error", error: { type, message: message(status) } }
  },
  "ollama-chat": (status) => ({ error: message(status) })
}

export const body = (protocol: ProtocolId, status: number): Buffer =>
  Buffer.from(JSON.stringify(bodies[protocol](status)))

/** Whole seconds are all that `Retry-After` can say; the second header is OpenAI's, and exact. */
export const headers = ({ retry_after }: FaultConfig): Headers => ({
  "content-type": "application/json",
  ...(retry_after === undefined
    ? {}
    : { "retry-after": String(Math.ceil(retry_after / 1000)), "retry-after-ms": String(retry_after) })
})
