/** What the endpoints for models share: from a request's bytes to a call, and its answer into the response. */
import * as Demand from "@penstock/gateway/budgets/Demand"
import type { Call, Lane } from "@penstock/gateway/exchange/Call"
import * as Lanes from "@penstock/gateway/exchange/Lanes"
import { PriceBook } from "@penstock/gateway/ledger/PriceBook"
import type { AnswerContext, Dialect } from "@penstock/gateway/protocols/Dialect"
import type { Original } from "@penstock/gateway/protocols/PassThrough"
import type { Protocol } from "@penstock/gateway/protocols/Protocol"
import * as ChooseProtocol from "@penstock/gateway/providers/ChooseProtocol"
import { speaking } from "@penstock/gateway/providers/Provider"
import * as Needs from "@penstock/gateway/routing/Needs"
import type { JsonObject } from "@penstock/gateway/wire/Json"
import type { GatewayError } from "@penstock/schema/GatewayError"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { IncomingHttpHeaders } from "node:http"
import * as Answering from "./Answering.ts"
import type { Endpoint } from "./DataPlane.ts"
import * as ResponseSink from "./ResponseSink.ts"

/** What routing and the ledger read of a request. */
export interface Envelope {
  readonly model: string
  readonly stream?: boolean | null | undefined
}

export interface Speech {
  readonly path: string
  readonly dialect: Dialect
  /** The dialect as a provider speaks it. */
  readonly protocol: Protocol
  readonly envelope: (json: JsonObject) => Either.Either<Envelope, GatewayError>
  /** What the answer's writer needs of the request; `created` in seconds since the epoch. */
  readonly context: (json: JsonObject, created: number) => AnswerContext
  /** Headers that change what the body means, for a provider that gets the body as it is. */
  readonly headers?: (headers: IncomingHttpHeaders) => { readonly [name: string]: string }
}

export const make = ({ dialect, headers, path, protocol, ...speech }: Speech) =>
  Effect.gen(function* () {
    const prices = yield* PriceBook
    const answer = yield* Answering.make
    const endpoint: Endpoint = {
      path,
      dialect,
      handle: (exchange) =>
        Effect.flatMap(speech.envelope(exchange.body.json), (envelope) => {
          const { arrivedAt, body, caller, id, response } = exchange
          const stream = envelope.stream === true
          const context = speech.context(body.json, Math.floor(arrivedAt / 1000))
          const original: Original = headers === undefined ? body : { ...body, headers: headers(response.req.headers) }
          const lane: Call<Uint8Array>["lane"] = (provider, model) => {
            const own = ChooseProtocol.native(provider.spoken, dialect.id)
            if (own !== null) {
              return Either.right(Lanes.passThrough(dialect, speaking(provider, own), model, original, context))
            }
            return Either.flatMap(dialect.read(body.json), (request): Either.Either<Lane<Uint8Array>, GatewayError> => {
              const facts = prices.facts({ provider: provider.name, model })
              const fittest = ChooseProtocol.fittest(provider.spoken, request, {
                model,
                maxOutputTokens: facts.maxOutputTokens
              })
              return Lanes.translated(dialect, speaking(provider, fittest), model, request, facts, context)
            })
          }
          const call: Call<Uint8Array> = {
            id,
            arrivedAt,
            caller,
            endpoint: dialect.endpoint,
            workflowName: null,
            model: envelope.model,
            stream,
            demand: () => Demand.ofBody(body.bytes.length, body.json),
            standing: (standing) => ResponseSink.limits(response, standing),
            needs: () => Either.match(dialect.read(body.json), { onLeft: () => Needs.none, onRight: Needs.of }),
            lane
          }
          return answer(exchange, call, { path, dialect, protocol, context })
        })
    }
    return endpoint
  })
