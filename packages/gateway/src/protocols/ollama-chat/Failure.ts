import { GatewayError, type Reason } from "@penstock/schema/GatewayError"
import type { Headers } from "../Protocol.ts"
import { isObject, stringIn } from "../../wire/Json.ts"
import * as RetryAfter from "../../wire/RetryAfter.ts"

const reasonOf = (status: number): Reason => {
  switch (status) {
    case 401:
    case 403:
      return "authentication"
    case 404:
      return "model_not_found"
    case 408:
    case 504:
      return "timeout"
    case 413:
      return "too_large"
    case 429:
      return "rate_limit"
    default:
      return status >= 500 ? "server" : "invalid_request"
  }
}

/** The model that a message names in quotes, for the hint only. */
const named = /model ["']([^"']+)["']/

const hint = (reason: Reason, message: string): string => {
  if (reason === "model_not_found") return `; get it with: ollama pull ${named.exec(message)?.[1] ?? "NAME"}`
  if (reason === "authentication") return "; set the provider's api_key"
  return ""
}

/** Ollama sends `{error: "text"}`; a proxy before it may send anything, and is quoted in part. */
const messageOf = (status: number, body: unknown): string => {
  if (isObject(body)) {
    const error = body["error"]
    if (typeof error === "string" && error !== "") return error
    if (isObject(error) && stringIn(error["message"]) !== "") return stringIn(error["message"])
  }
  return typeof body === "string" && body.trim() !== "" ? body.trim().slice(0, 500) : `HTTP status ${status}`
}

export const failure = (status: number, body: unknown, headers: Headers): GatewayError => {
  const reason = reasonOf(status)
  const message = messageOf(status, body)
  const retryAfterMillis = RetryAfter.millis(headers)
  return new GatewayError({
    reason,
    message: `Ollama: ${message}${hint(reason, message)}`,
    upstream: { status, code: null },
    ...(retryAfterMillis === undefined ? {} : { retryAfterMillis })
  })
}

/** A failure that Ollama tells inside a stream, by its text alone. */
export const brokenOff = (message: string): GatewayError =>
  new GatewayError({ reason: "server", message: `Ollama: ${message}`, upstream: { status: null, code: null } })
