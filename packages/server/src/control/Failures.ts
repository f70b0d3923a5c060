/** Every failure leaves in one shape, with a body that says what to do: ours, the router's and the framework's. */
import type * as HttpApp from "@effect/platform/HttpApp"
import { HttpApiDecodeError } from "@effect/platform/HttpApiError"
import { RouteNotFound } from "@effect/platform/HttpServerError"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { toOpenAiError } from "@penstock/schema/api/ApiError"
import { GatewayError, make } from "@penstock/schema/GatewayError"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Paths from "./Paths.ts"
import * as RequestId from "./RequestId.ts"

interface Issue {
  readonly path: ReadonlyArray<PropertyKey>
  readonly message: string
}

/** Enough of a value to find it by; it may be as large as a body. */
const maxShown = 200
const shown = (value: string): string => (value.length > maxShown ? `${value.slice(0, maxShown)}…` : value)

/** One sentence for what a union expected, instead of one for each member; a field that may be absent is no hint. */
const merged = (messages: ReadonlyArray<string>): string => {
  const expected = new Set<string>()
  const others = new Set<string>()
  let actual = ""
  for (const message of messages) {
    const [, one, found] = /^Expected ([\s\S]+?), actual ([\s\S]+)$/.exec(message) ?? []
    if (one === undefined || found === undefined) others.add(message)
    else if (one !== "undefined") {
      expected.add(one)
      actual = shown(found)
    }
  }
  if (expected.size === 0) return [...others].join("; ")
  return [`Expected ${[...expected].join(" or ")}, actual ${actual}`, ...others].join("; ")
}

/** What a decoder found, in words for the caller: the first field at fault, and what it should be. */
export const invalidRequest = (issues: ReadonlyArray<Issue>): GatewayError => {
  const pathOf = ({ path }: Issue) => path.map(String).join(".")
  const param = issues[0] === undefined ? "" : pathOf(issues[0])
  const text = merged(issues.filter((issue) => pathOf(issue) === param).map(({ message }) => message))
  return make("invalid_request", param === "" ? text : `${param}: ${text}`, param === "" ? {} : { param })
}

const pathOf = (url: string): string => {
  const path = url.split(/[?#]/, 1)[0] ?? "/"
  return path === "" ? "/" : path
}

const response = (
  error: GatewayError,
  headers: { readonly [name: string]: string } = {}
): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.unsafeJson(toOpenAiError(error), {
    status: error.status,
    headers: {
      ...headers,
      ...(error.status === 401 ? { "www-authenticate": 'Bearer realm="penstock"' } : {}),
      ...(error.retryAfterMillis === undefined
        ? {}
        : { "retry-after": String(Math.max(1, Math.ceil(error.retryAfterMillis / 1000))) })
    }
  })

const respond = (
  cause: Cause.Cause<unknown>,
  request: HttpServerRequest.HttpServerRequest,
  requestId: string
): Effect.Effect<HttpServerResponse.HttpServerResponse> => {
  const failure = Cause.squash(cause)
  // Whoever made an `internal` one has logged what it comes from.
  if (failure instanceof GatewayError) return Effect.succeed(response(failure))
  if (failure instanceof HttpApiDecodeError) return Effect.succeed(response(invalidRequest(failure.issues)))
  if (failure instanceof RouteNotFound) {
    const { allow, error } = Paths.missed(request.method, pathOf(request.url))
    return Effect.succeed(response(error, allow.length === 0 ? {} : { allow: allow.join(", ") }))
  }
  const error = make("internal", `Penstock failed. Its log has the cause under the request's id, ${requestId}.`)
  return Effect.as(
    Effect.logError(`${request.method} ${pathOf(request.url)} failed`, cause).pipe(
      Effect.annotateLogs("request_id", requestId)
    ),
    response(error)
  )
}

/** A name with slashes is one segment for the router, escaped by the client or not. */
const models = "/v1/models/"
const asOneSegment = (url: string): string => {
  if (!url.startsWith(models)) return url
  const path = pathOf(url)
  return models + path.slice(models.length).replaceAll("/", "%2F") + url.slice(path.length)
}

/** Around the whole API: gives each answer its id, and each failure its shape. */
export const middleware = <E, R>(
  app: HttpApp.Default<E, R>
): HttpApp.Default<never, R | HttpServerRequest.HttpServerRequest> =>
  Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
    Effect.flatMap(RequestId.of(request.headers["x-request-id"]), (requestId) =>
      app.pipe(
        Effect.provideService(HttpServerRequest.HttpServerRequest, request.modify({ url: asOneSegment(request.url) })),
        Effect.catchAllCause((cause) =>
          Cause.isInterruptedOnly(cause)
            ? Effect.failCause(Cause.stripFailures(cause))
            : respond(cause, request, requestId)
        ),
        Effect.map(HttpServerResponse.setHeader("x-request-id", requestId))
      )
    )
  )
