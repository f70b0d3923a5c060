/** `POST /v1/explain`. */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { Breakers } from "@penstock/gateway/failover/Breakers"
import { mayNotUse, mayUse } from "@penstock/gateway/keys/Keys"
import * as Explain from "@penstock/gateway/routing/Explain"
import { Router } from "@penstock/gateway/routing/Router"
import { Settings } from "@penstock/gateway/Settings"
import { CurrentCaller } from "@penstock/schema/api/Caller"
import { PenstockApi } from "@penstock/schema/api/PenstockApi"
import { ExplainRequest } from "@penstock/schema/api/RoutingApi"
import { type GatewayError, make } from "@penstock/schema/GatewayError"
import * as Effect from "effect/Effect"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { invalidRequest } from "./Failures.ts"

const decode = Schema.decodeUnknown(ExplainRequest)

const wanted = 'Send JSON that names a model: {"model": "gpt-4o-mini"}.'

const tooLarge = (limit: number) =>
  make("too_large", `The body is larger than the ${limit} bytes of \`server.max_body\`.`)

/** The body as text, never more of it in memory than the limit. */
const readText = (request: HttpServerRequest.HttpServerRequest, limit: number) => {
  if (Number(request.headers["content-length"] ?? 0) > limit) return Effect.fail(tooLarge(limit))
  const chunks: Array<Uint8Array> = []
  let size = 0
  return request.stream.pipe(
    Stream.mapError(() => make("invalid_request", `The body is missing or broke off. ${wanted}`)),
    Stream.runForEach((chunk): Effect.Effect<void, GatewayError> => {
      size += chunk.length
      if (size > limit) return Effect.fail(tooLarge(limit))
      chunks.push(chunk)
      return Effect.void
    }),
    Effect.map(() => Buffer.concat(chunks).toString("utf8"))
  )
}

const parse = (text: string): Effect.Effect<unknown, GatewayError> =>
  Effect.try({
    try: (): unknown => JSON.parse(text),
    catch: (error) =>
      make(
        "invalid_request",
        text.trim() === ""
          ? `The body is empty. ${wanted}`
          : `The body is not JSON: ${error instanceof Error ? error.message : String(error)}`
      )
  })

export const layer = HttpApiBuilder.group(PenstockApi, "routing", (handlers) =>
  Effect.gen(function* () {
    const router = yield* Router
    const breakers = yield* Breakers
    const settings = yield* Settings
    return handlers.handleRaw("explain", ({ request }) =>
      Effect.gen(function* () {
        const body = yield* Effect.flatMap(readText(request, settings.current().server.max_body), parse)
        const { model } = yield* Effect.mapError(decode(body), (error) =>
          invalidRequest(ParseResult.ArrayFormatter.formatErrorSync(error))
        )
        const caller = yield* CurrentCaller
        if (!mayUse(caller, model)) return yield* mayNotUse(caller, model)
        return Explain.explanation(model, yield* router.plan(model), breakers)
      })
    )
  })
)
