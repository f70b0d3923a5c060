/**
 * `POST /v1/messages/count_tokens`: asked of a provider that counts, else estimated, and said to be. Nothing is billed,
 * so that there is no row in the ledger, and no budget is touched.
 */
import * as Demand from "@penstock/gateway/budgets/Demand"
import * as Estimate from "@penstock/gateway/budgets/Estimate"
import { mayNotUse, mayUse } from "@penstock/gateway/keys/Keys"
import { countPath, dialect, protocol } from "@penstock/gateway/protocols/anthropic-messages/AnthropicMessages"
import * as Envelope from "@penstock/gateway/protocols/anthropic-messages/Envelope"
import * as ChooseProtocol from "@penstock/gateway/providers/ChooseProtocol"
import type { Provider } from "@penstock/gateway/providers/Provider"
import { ProviderRegistry, unreachable } from "@penstock/gateway/providers/ProviderRegistry"
import { collect } from "@penstock/gateway/providers/Transport"
import { Router } from "@penstock/gateway/routing/Router"
import * as Json from "@penstock/gateway/wire/Json"
import * as GatewayError from "@penstock/schema/GatewayError"
import * as Effect from "effect/Effect"
import type { Endpoint, Exchange } from "./DataPlane.ts"
import * as Messages from "./Messages.ts"

const counts = ({ spoken }: Provider): boolean => ChooseProtocol.native(spoken, protocol.id) !== null

/** The provider's own count, in its own bytes. */
const asked = (
  { body, response }: Exchange,
  provider: Provider,
  model: string
): Effect.Effect<Buffer, GatewayError.GatewayError> =>
  collect(provider.transport, {
    method: "POST",
    path: countPath,
    headers: { ...provider.headers, ...Messages.headers(response.req.headers) },
    body: dialect.passThrough.rewrite(body, model).body
  }).pipe(
    Effect.mapError((error) => (error.reason === "unreachable" ? unreachable(provider, error) : error)),
    Effect.flatMap(({ body: answer, headers, status }) => {
      if (status >= 200 && status < 300) return Effect.succeed(answer)
      const text = answer.toString("utf8")
      return Effect.fail(protocol.failure(status, Json.parse(text) ?? text, headers))
    })
  )

/** What a request likely has in tokens: see `Estimate.likely` for how near that is. */
const estimated = ({ body: { bytes, json } }: Exchange): Buffer => {
  const demand = { ...Demand.ofBody(bytes.length, json), maxTokens: null }
  return Buffer.from(JSON.stringify({ input_tokens: Estimate.likelyTokens(demand) }))
}

export const make = Effect.gen(function* () {
  const router = yield* Router
  const registry = yield* ProviderRegistry
  const endpoint: Endpoint = {
    path: countPath,
    dialect,
    handle: Effect.fnUntraced(function* (exchange) {
      const { model } = yield* Envelope.read(exchange.body.json)
      if (!mayUse(exchange.caller, model)) return yield* mayNotUse(exchange.caller, model)
      const { candidates, targets } = yield* router.plan(model)
      if (candidates.length === 0) {
        const message = `No route for the model "${model}". GET /v1/models lists the names.`
        return yield* GatewayError.make("model_not_found", message, { param: "model" })
      }
      const [target] = targets
      const provider = target === undefined ? null : registry.get(target.provider)
      const counted =
        target === undefined || provider === null || !counts(provider)
          ? null
          : yield* asked(exchange, provider, target.model)
      const body = counted ?? estimated(exchange)
      exchange.response.writeHead(200, {
        "content-type": "application/json",
        "content-length": body.length,
        "x-request-id": exchange.id,
        ...(counted === null ? { "x-penstock-estimated": "true" } : {})
      })
      exchange.response.end(body)
    })
  }
  return endpoint
})
