/** What every lane does with a provider's wire: a request in its words, and what a whole answer says. */
import type { ChatRequest } from "@penstock/schema/ChatRequest"
import type { Completion } from "@penstock/schema/Completion"
import * as GatewayError from "@penstock/schema/GatewayError"
import * as Either from "effect/Either"
import type { ModelFacts } from "../ledger/PriceBook.ts"
import type { Protocol } from "../protocols/Protocol.ts"
import * as ChooseProtocol from "../providers/ChooseProtocol.ts"
import type { Provider } from "../providers/Provider.ts"
import * as Json from "../wire/Json.ts"

/** In that of the provider's protocols in which most of it can be said. */
export const lowered = (
  request: ChatRequest,
  { cachePrompt, spoken }: Provider,
  model: string,
  { maxOutputTokens }: ModelFacts
) => {
  const options = { model, maxOutputTokens, cachePrompt }
  const protocol = ChooseProtocol.fittest(spoken, request, options)
  return Either.map(protocol.lower(request, options), ({ body, dropped, headers }) => ({
    protocol,
    body: JSON.stringify(body),
    headers,
    dropped
  }))
}

const notJson = Either.left(GatewayError.make("invalid_response", "The provider's answer is not valid JSON."))

/** A whole answer's JSON and what it says. */
export const decode = (protocol: Protocol, body: Buffer): Either.Either<Completion, GatewayError.GatewayError> => {
  const json = Json.parse(body.toString("utf8"))
  return json === undefined ? notJson : protocol.decode(json)
}
