/** `POST /v1/chat/completions`: from a request's bytes to a call, and its answer into the response. */
import { Gateway } from "@penstock/gateway/Gateway"
import type { Call } from "@penstock/gateway/exchange/Call"
import * as Lanes from "@penstock/gateway/exchange/Lanes"
import { PriceBook } from "@penstock/gateway/ledger/PriceBook"
import * as Envelope from "@penstock/gateway/protocols/openai-chat/Envelope"
import { dialect } from "@penstock/gateway/protocols/openai-chat/OpenAiChat"
import { wantsUsage } from "@penstock/gateway/protocols/openai-chat/PassThrough"
import * as Needs from "@penstock/gateway/routing/Needs"
import { Settings } from "@penstock/gateway/Settings"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Endpoint } from "./DataPlane.ts"
import * as BodyLog from "./BodyLog.ts"
import * as ResponseSink from "./ResponseSink.ts"

export const make = Effect.gen(function* () {
  const gateway = yield* Gateway
  const prices = yield* PriceBook
  const settings = yield* Settings
  const endpoint: Endpoint = {
    path: "/v1/chat/completions",
    dialect,
    handle: ({ arrivedAt, body, caller, id, response }) =>
      Effect.flatMap(Envelope.read(body.json), (envelope) => {
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
        const sink = stream ? ResponseSink.streamed(response, id) : ResponseSink.whole(response, id)
        return BodyLog.around(settings.current().logging.bodies, id, body.bytes, sink, (to) => gateway.run(call, to))
      })
  }
  return endpoint
})
