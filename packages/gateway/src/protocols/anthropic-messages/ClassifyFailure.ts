/**
 * What a failure means: by `error.type` where it says more than the status, else by the status. Never by the message, but
 * for a prompt that is too long (`ContextLength.ts`). (413 is about the bytes of the request.)
 */
import { GatewayError, type Reason } from "@penstock/schema/GatewayError"
import type { StreamEvent } from "@penstock/schema/StreamEvent"
import type { Headers } from "../Protocol.ts"
import { isObject, type JsonObject, objectIn, stringIn } from "../../wire/Json.ts"
import * as RetryAfter from "../../wire/RetryAfter.ts"
import { isContextLength } from "./ContextLength.ts"

/** The status that goes with a type: a failure inside a stream has no other. */
const statuses: ReadonlyMap<string, number> = new Map([
  ["invalid_request_error", 400],
  ["authentication_error", 401],
  ["billing_error", 402],
  ["permission_error", 403],
  ["not_found_error", 404],
  ["conflict_error", 409],
  ["request_too_large", 413],
  ["rate_limit_error", 429],
  ["api_error", 500],
  ["timeout_error", 504],
  ["overloaded_error", 529]
])

const byStatus = (status: number): Reason => {
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
    // The account at the provider has no money left: to a caller the same as an exhausted quota.
    case 402:
    case 429:
      return "rate_limit"
    default:
      return status >= 400 && status < 500 && status !== 409 ? "invalid_request" : "server"
  }
}

/** Types that a proxy may send with a status of its own, and that then say more than the status. */
const decisive: ReadonlySet<string> = new Set([
  "authentication_error",
  "permission_error",
  "billing_error",
  "request_too_large",
  "rate_limit_error",
  "timeout_error",
  "overloaded_error"
])

const build = (status: number | null, body: unknown, headers: Headers): GatewayError => {
  const error = objectIn(objectIn(body)["error"])
  const type = stringIn(error["type"])
  const typical = statuses.get(type) ?? null
  const telling = status === null || decisive.has(type) ? (typical ?? status) : status
  const code = stringIn(objectIn(error["details"])["error_code"])
  const wait = RetryAfter.millis(headers)
  const message = (stringIn(error["message"]) || stringIn(body)).trim().slice(0, 2000)
  const tooLong = isContextLength(status, type, message)
  return new GatewayError({
    reason: tooLong ? "context_length" : telling === null ? "server" : byStatus(telling),
    message: message || `The provider answered with status ${status ?? "unknown"} and no message.`,
    ...(code === "" ? {} : { code }),
    upstream: { status: status ?? typical, code: type === "" ? null : type },
    ...(wait === undefined ? {} : { retryAfterMillis: wait })
  })
}

/** A failed answer. */
export const failure = (status: number, body: unknown, headers: Headers): GatewayError => build(status, body, headers)

/** Whether a body that came with status 200, or an event, is a failure in disguise. */
export const isError = (body: JsonObject): boolean => body["type"] === "error" || isObject(body["error"])

/** A failure inside an answer that began with status 200. */
export const inBand = (body: unknown): GatewayError => build(null, body, {})

/** The same as an event of a stream. */
export const event = (error: GatewayError): StreamEvent => ({ type: "error", error })
