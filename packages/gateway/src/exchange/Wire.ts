/** What every lane does with a provider's wire: a request in its words, and what a whole answer says. */
import type { ChatRequest } from "@penstock/schema/ChatRequest"
import type { Completion } from "@penstock/schema/Completion"
import * as GatewayError from "@penstock/schema/GatewayError"
import * as Either from "effect/Either"
import type { ModelFacts } from "../ledger/PriceBook.ts"
import type { Protocol } from "../protocols/Protocol.ts"
import type { Provider } from "../providers/Provider.ts"
import * as Json from "../wire/Json.ts"

export const lowered = (request: ChatRequest, provider: Provider, model: string, facts: ModelFacts) =>
  Either.map(provider.protocol.lower(request, { model, maxOutputTokens: facts.maxOutputTokens }), (lower) => ({
    protocol: provider.protocol,
    body: JSON.stringify(lower.body),
    headers: lower.headers,
    dropped: lower.dropped
  }))

const notJson = Either.left(GatewayError.make("invalid_response", "The provider's answer is not valid JSON."))

/** A whole answer's JSON and what it says. */
export const decode = (protocol: Protocol, body: Buffer): Either.Either<Completion, GatewayError.GatewayError> => {
  const json = Json.parse(body.toString("utf8"))
  return json === undefined ? notJson : protocol.decode(json)
}
