/**
 * What an OpenAI-style failure means: by `error.code` and `error.type` where they say more than the status, else by the
 * status. Never by the message.
 */
import { GatewayError, type Reason } from "@penstock/schema/GatewayError"
import type { StreamEvent } from "@penstock/schema/StreamEvent"
import type { Headers } from "../Protocol.ts"
import { isObject, objectIn, stringIn, type JsonObject } from "../../wire/Json.ts"
import * as RetryAfter from "../../wire/RetryAfter.ts"

/** Codes and types that overrule the status, which is 400 for most of them. */
const decisive: ReadonlyMap<string, Reason> = new Map([
  ["context_length_exceeded", "context_length"],
  // llama.cpp
  ["exceed_context_size_error", "context_length"],
  ["content_filter", "content_filter"],
  ["content_policy_violation", "content_filter"],
  ["moderation_blocked", "content_filter"],
  ["model_not_found", "model_not_found"],
  ["invalid_api_key", "authentication"],
  ["insufficient_quota", "rate_limit"]
])

/** Types that only repeat the status: for failures that come without one, inside a stream. */
const typical: ReadonlyMap<string, Reason> = new Map([
  ["invalid_request_error", "invalid_request"],
  ["authentication_error", "authentication"],
  ["permission_error", "authentication"],
  ["not_found_error", "model_not_found"],
  ["rate_limit_exceeded", "rate_limit"],
  ["rate_limit_error", "rate_limit"],
  ["too_many_requests", "rate_limit"],
  ["timeout_error", "timeout"],
  ["timeout", "timeout"]
])

const byStatus = (status: number): Reason => {
  switch (status) {
    case 401:
    case 403:
      return "authentication"
    case 404:
      return "model_not_found"
    case 408:
      return "timeout"
    case 413:
      return "too_large"
    // The account at the provider has no money left: to a caller the same as an exhausted quota.
    case 402:
    case 429:
      return "rate_limit"
    default:
      return status >= 400 && status < 500 ? "invalid_request" : "server"
  }
}

const word = (value: unknown): string | null =>
  typeof value === "string" && value !== "" ? value : typeof value === "number" ? String(value) : null

/** The error object: `{error: {…}}`, `{error: "…"}`, the fields at the top, or any of these in an array (Google). */
const errorOf = (body: unknown): JsonObject => {
  const whole = objectIn(Array.isArray(body) ? body[0] : body)
  return typeof whole["error"] === "string"
    ? { ...whole, message: whole["error"] }
    : isObject(whole["error"])
      ? whole["error"]
      : whole
}

const messageOf = (body: unknown, error: JsonObject): string => {
  const detail = error["detail"]
  const said = stringIn(error["message"]) || stringIn(detail) || (detail === undefined ? "" : JSON.stringify(detail))
  return (said || stringIn(body)).trim().slice(0, 2000)
}

const classify = (status: number | null, code: string | null, type: string | null): Reason => {
  const words = [code, type].filter((each) => each !== null)
  for (const each of words) {
    const reason = decisive.get(each)
    if (reason !== undefined) return reason
  }
  if (status !== null) return byStatus(status)
  for (const each of words) {
    const reason = typical.get(each)
    if (reason !== undefined) return reason
  }
  return "server"
}

const build = (status: number | null, body: unknown, headers: Headers): GatewayError => {
  const error = errorOf(body)
  const code = word(error["code"])
  const type = word(error["type"])
  const reason = classify(status, code, type)
  const wait = RetryAfter.millis(headers)
  return new GatewayError({
    reason,
    message: messageOf(body, error) || `The provider answered with status ${status ?? "unknown"} and no message.`,
    ...(typeof error["param"] === "string" ? { param: error["param"] } : {}),
    // A number only repeats the status.
    ...(typeof error["code"] === "string" && code !== null ? { code } : {}),
    upstream: { status, code: code ?? type },
    ...(wait === undefined ? {} : { retryAfterMillis: wait })
  })
}

/** A failed answer. */
export const failure = (status: number, body: unknown, headers: Headers): GatewayError => build(status, body, headers)

/** Whether a body that came with status 200, or a chunk, is a failure in disguise. */
export const isError = (body: JsonObject): boolean => isObject(body["error"]) || typeof body["error"] === "string"

const statusIn = (body: unknown): number | null => {
  const error = errorOf(body)
  for (const value of [error["status"], error["status_code"], error["code"]]) {
    const status = typeof value === "string" && /^\d{3}$/.test(value) ? Number(value) : value
    if (typeof status === "number" && Number.isInteger(status) && status >= 400 && status < 600) return status
  }
  return null
}

/** A failure inside an answer that began with status 200. */
export const inBand = (body: unknown): GatewayError => build(statusIn(body), body, {})

/** An answer whose `finish_reason` says that it failed. */
export const brokenOff = (finishReason: string): GatewayError =>
  new GatewayError({
    reason: "server",
    message: `The provider broke off its answer with finish_reason "${finishReason}".`,
    upstream: { status: null, code: finishReason }
  })

/** The same as an event of a stream. */
export const event = (error: GatewayError): StreamEvent => ({ type: "error", error })
