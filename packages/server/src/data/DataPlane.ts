/**
 * The short way for requests to models: one fiber per request on Node's own objects, beside the control plane on the
 * same listener and the same runtime. A router, a tracer and a body parser per request would cost more CPU than
 * everything that a proxied call needs (`bench/RESULTS.md`).
 */
import { Keys, presentedKey } from "@penstock/gateway/keys/Keys"
import { shutdown } from "@penstock/gateway/exchange/Call"
import * as Tracing from "@penstock/gateway/exchange/Tracing"
import type { FailureWriter } from "@penstock/gateway/protocols/Dialect"
import * as RequestIds from "@penstock/gateway/RequestId"
import { Settings } from "@penstock/gateway/Settings"
import type { Caller } from "@penstock/schema/api/Caller"
import * as GatewayError from "@penstock/schema/GatewayError"
import type { RequestId } from "@penstock/schema/Ids"
import type { Trace } from "@penstock/schema/Trace"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import type { IncomingMessage, ServerResponse } from "node:http"
import * as BrowserGuard from "../http/BrowserGuard.ts"
import * as Running from "./Running.ts"
import * as RequestBody from "./RequestBody.ts"
import * as ResponseSink from "./ResponseSink.ts"

/** A request whose caller is known and whose body was read. */
export interface Exchange {
  readonly id: RequestId
  /** Milliseconds since the epoch. */
  readonly arrivedAt: number
  readonly caller: Caller
  readonly body: RequestBody.Body
  readonly response: ServerResponse
  /** Where it belongs in a distributed trace; absent where nobody traces. */
  readonly trace?: Trace | undefined
}

export interface Endpoint {
  readonly path: string
  readonly dialect: FailureWriter
  /** What a body says; absent where it is JSON. */
  readonly parse?: RequestBody.Parse
  /** Answers through the response; a failure is written by the data plane, in the endpoint's dialect. */
  readonly handle: (exchange: Exchange) => Effect.Effect<void, GatewayError.GatewayError>
}

export interface DataPlane {
  /** Takes the request if it is one for a model, else says `false`. */
  readonly accept: (request: IncomingMessage, response: ServerResponse) => boolean
  /** Completes when no request is running. */
  readonly idle: Effect.Effect<void>
  /** Ends every running request with an answer that says why. */
  readonly interruptAll: Effect.Effect<void>
}

const clientLeft = FiberId.none

const shuttingDown = GatewayError.make(
  "shutting_down",
  "The gateway is shutting down and could not finish this request in time. Send it again."
)

const pathOf = (url: string): string => {
  const query = url.indexOf("?")
  return query === -1 ? url : url.slice(0, query)
}

/** What the caller is told, while there is one. */
const told = (
  cause: Cause.Cause<GatewayError.GatewayError>,
  id: RequestId,
  response: ServerResponse
): GatewayError.GatewayError | null => {
  const failure = Cause.failureOption(cause)
  if (failure._tag === "Some") return failure.value
  // The caller left, and there is nobody to tell; or the gateway stops, and there is.
  if (Cause.isInterruptedOnly(cause)) return response.destroyed ? null : shuttingDown
  return GatewayError.make("internal", `Penstock failed. Its log has the cause under ${id}.`)
}

const logDefect = (path: string, id: RequestId, cause: Cause.Cause<unknown>) =>
  Effect.annotateLogs(Effect.logError(`${path} failed`, Cause.keepDefects(cause)), "request_id", id)

/** Requests run in the given scope: when it closes, those that still run are interrupted. */
export const make = Effect.fnUntraced(function* (endpoints: ReadonlyArray<Endpoint>) {
  const keys = yield* Keys
  const settings = yield* Settings
  const byPath = new Map(endpoints.map((endpoint) => [endpoint.path, endpoint]))
  const clock = yield* Clock.clockWith(Effect.succeed)
  const running = yield* Running.make<GatewayError.GatewayError>()

  const traceOf = (header: string | ReadonlyArray<string> | undefined, id: RequestId): Trace | undefined => {
    const recorded = Tracing.isRecorded(settings.current())
    if (header === undefined && !recorded) return undefined
    return Tracing.parse(header, recorded) ?? (recorded ? Tracing.beginning(id) : undefined)
  }

  const answer = (
    { handle, parse = RequestBody.parse }: Endpoint,
    request: IncomingMessage,
    { arrivedAt, id, response }: Omit<Exchange, "caller" | "body">
  ): Effect.Effect<void, GatewayError.GatewayError> =>
    Effect.suspend(() => {
      const { headers } = request
      // Browsers say where a page's request comes from; programs do not, and are asked no more.
      const foreign = headers.origin === undefined ? null : BrowserGuard.refusal(headers, settings.current())
      if (foreign !== null) return foreign
      const caller = keys.authenticate(presentedKey(headers))
      if (Either.isLeft(caller)) return caller
      return Effect.flatMap(RequestBody.read(request, settings.current().server.max_body), (bytes) => {
        const body = parse(bytes, headers)
        return Either.isLeft(body)
          ? body
          : handle({
              id,
              arrivedAt,
              caller: caller.right,
              body: body.right,
              response,
              trace: traceOf(headers["traceparent"], id)
            })
      })
    })

  const plane: DataPlane = {
    accept: (request, response) => {
      if (request.method !== "POST") return false
      const endpoint = byPath.get(pathOf(request.url ?? ""))
      if (endpoint === undefined) return false
      const arrivedAt = clock.unsafeCurrentTimeMillis()
      const id = RequestIds.at(arrivedAt)
      const { dialect } = endpoint
      if (dialect.requestIdHeader !== undefined) response.setHeader(dialect.requestIdHeader, id)
      const fiber = running.fork(answer(endpoint, request, { id, arrivedAt, response }), (exit) => {
        if (Exit.isSuccess(exit)) return
        const { cause } = exit
        const error = told(cause, id, response)
        if (error !== null) ResponseSink.fail(response, dialect, id, error)
        if (Cause.isDie(cause)) running.fork(logDefect(endpoint.path, id, cause))
      })
      response.once("close", () => {
        if (!response.writableFinished) fiber.unsafeInterruptAsFork(clientLeft)
      })
      return true
    },
    idle: running.idle,
    interruptAll: running.interruptAll(shutdown)
  }
  return plane
})
