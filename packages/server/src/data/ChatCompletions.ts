/** `POST /v1/chat/completions`: from a request's bytes to a call, and its answer into the response. */
import * as Demand from "@penstock/gateway/budgets/Demand"
import type { Call } from "@penstock/gateway/exchange/Call"
import * as Lanes from "@penstock/gateway/exchange/Lanes"
import { PriceBook } from "@penstock/gateway/ledger/PriceBook"
import * as Envelope from "@penstock/gateway/protocols/openai-chat/Envelope"
import { dialect, protocol } from "@penstock/gateway/protocols/openai-chat/OpenAiChat"
import { wantsUsage } from "@penstock/gateway/protocols/openai-chat/PassThrough"
import * as Needs from "@penstock/gateway/routing/Needs"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Answering from "./Answering.ts"
import type { Endpoint } from "./DataPlane.ts"
import * as ResponseSink from "./ResponseSink.ts"

export const make = Effect.gen(function* () {
  const prices = yield* PriceBook
  const answer = yield* Answering.make
  const endpoint: Endpoint = {
    path: "/v1/chat/completions",
    dialect,
    handle: (exchange) =>
      Effect.flatMap(Envelope.read(exchange.body.json), (envelope) => {
        const { arrivedAt, body, caller, id } = exchange
        const stream = envelope.stream === true
        const context = { created: Math.floor(arrivedAt / 1000), includeUsage: wantsUsage(body.json) }
        const call: Call<Uint8Array> = {
          id,
          arrivedAt,
          caller,
          endpoint: dialect.endpoint,
          workflowName: null,
          model: envelope.model,
          stream,
          demand: () => Demand.ofBody(body.bytes.length, body.json),
          standing: (standing) => ResponseSink.limits(exchange.response, standing),
          needs: () => Either.match(dialect.read(body.json), { onLeft: () => Needs.none, onRight: Needs.of }),
          lane: (provider, model) =>
            provider.protocol.id === dialect.id
              ? Either.right(Lanes.passThrough(dialect, provider, model, body, context))
              : Either.flatMap(dialect.read(body.json), (request) =>
                  Lanes.translated(
                    dialect,
                    provider,
                    model,
                    request,
                    prices.facts({ provider: provider.name, model }),
                    context
                  )
                )
        }
        return answer(exchange, call, { path: endpoint.path, dialect, protocol, context })
      })
  }
  return endpoint
})
