/** The three ways through the gateway: same wire in and out, one wire to another, and a program's neutral events. */
import type { ChatRequest } from "@penstock/schema/ChatRequest"
import type { Completion } from "@penstock/schema/Completion"
import * as GatewayError from "@penstock/schema/GatewayError"
import { unfold, type StreamEvent } from "@penstock/schema/StreamEvent"
import * as Either from "effect/Either"
import type { ModelFacts } from "../ledger/PriceBook.ts"
import type { AnswerContext, Dialect } from "../protocols/Dialect.ts"
import * as PassThrough from "../protocols/openai-chat/PassThrough.ts"
import type { Protocol } from "../protocols/Protocol.ts"
import type { Provider } from "../providers/Provider.ts"
import * as Json from "../wire/Json.ts"
import * as Relay from "../wire/Relay.ts"
import type { Lane, Whole } from "./Call.ts"

const notJson = Either.left(GatewayError.make("invalid_response", "The provider's answer is not valid JSON."))

/** A whole answer's JSON and what it says. */
const decode = (protocol: Protocol, body: Buffer): Either.Either<Completion, GatewayError.GatewayError> => {
  const json = Json.parse(body.toString("utf8"))
  return json === undefined ? notJson : protocol.decode(json)
}

/** A whole answer to a caller who asked for a stream: some servers cannot stream every answer. */
const streamed = (dialect: Dialect, context: AnswerContext, completion: Completion): Buffer => {
  const encoder = dialect.encoder(context)
  let text = ""
  for (const event of unfold(completion)) text += encoder.write(event)
  return Buffer.from(text)
}

/** The same wire format in and out: the caller's bytes, and the provider's. */
export const passThrough = (
  dialect: Dialect,
  provider: Provider,
  model: string,
  original: PassThrough.Original,
  context: AnswerContext
): Lane<Uint8Array> => ({
  body: PassThrough.rewrite(original, model),
  headers: null,
  dropped: [],
  whole: (body) =>
    Either.map(decode(provider.protocol, body), (completion): Whole<Uint8Array> => ({
      out: original.json["stream"] === true ? streamed(dialect, context, completion) : body,
      usage: completion.usage
    })),
  relay: () =>
    Relay.passThrough(
      provider.protocol,
      context.includeUsage ? () => false : PassThrough.isUsageOnly,
      PassThrough.endMark
    )
})

const lowered = (request: ChatRequest, provider: Provider, model: string, facts: ModelFacts) =>
  Either.map(provider.protocol.lower(request, { model, maxOutputTokens: facts.maxOutputTokens }), (lower) => ({
    body: JSON.stringify(lower.body),
    headers: lower.headers,
    dropped: lower.dropped
  }))

/** From the caller's wire format to the provider's and back. */
export const translated = (
  dialect: Dialect,
  provider: Provider,
  model: string,
  request: ChatRequest,
  facts: ModelFacts,
  context: AnswerContext
): Either.Either<Lane<Uint8Array>, GatewayError.GatewayError> =>
  Either.map(lowered(request, provider, model, facts), (lower) => ({
    ...lower,
    whole: (body) =>
      Either.map(decode(provider.protocol, body), (completion) => ({
        out:
          request.stream === true
            ? streamed(dialect, context, completion)
            : Buffer.from(JSON.stringify(dialect.write(completion, context))),
        usage: completion.usage
      })),
    relay: () => Relay.translate(provider.protocol, dialect.encoder(context))
  }))

/** A program's request, answered in events. */
export const neutral = (
  provider: Provider,
  model: string,
  request: ChatRequest,
  facts: ModelFacts
): Either.Either<Lane<ReadonlyArray<StreamEvent>>, GatewayError.GatewayError> =>
  Either.map(lowered(request, provider, model, facts), (lower) => ({
    ...lower,
    whole: (body) =>
      Either.map(decode(provider.protocol, body), (completion) => ({
        out: [...unfold(completion)],
        usage: completion.usage
      })),
    relay: () => Relay.toEvents(provider.protocol)
  }))
