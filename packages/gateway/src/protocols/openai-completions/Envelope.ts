/** What the gateway itself must know of a legacy completion's request before it is sent on, and what it may use. */
import type { GatewayError } from "@penstock/schema/GatewayError"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as Demand from "../../budgets/Demand.ts"
import { listIn, numberIn, type JsonObject } from "../../wire/Json.ts"
import * as InvalidRequest from "../InvalidRequest.ts"
import { envelope, optionalInEnvelope } from "../WireSchema.ts"

const Envelope = Schema.Struct({
  ...envelope,
  max_tokens: optionalInEnvelope(Schema.Int),
  n: optionalInEnvelope(Schema.Int),
  best_of: optionalInEnvelope(Schema.Int),
  stream_options: optionalInEnvelope(Schema.Object)
})

const decode = Schema.decodeUnknownEither(Envelope)

/** Fails with `invalid_request`, naming the field at fault. */
export const read = (json: unknown): Either.Either<typeof Envelope.Type, GatewayError> =>
  Either.mapLeft(decode(json), InvalidRequest.fromParseError)

/** What is written when the caller sets no limit; OpenAI's, and part of the API. */
export const defaultMaxTokens = 16

/** A prompt is a text, a text's tokens, or several of either. */
const promptsIn = (json: JsonObject): number => {
  const prompts = listIn(json["prompt"])
  return prompts.length === 0 || typeof prompts[0] === "number" ? 1 : prompts.length
}

/** Each of the prompts is answered, as often as the best is to be chosen from. */
export const demand = (length: number, json: JsonObject): Demand.Demand => {
  const { maxTokens, ...rest } = Demand.ofBody(length, json)
  const candidates = Math.max(1, numberIn(json["n"]) ?? 1, numberIn(json["best_of"]) ?? 1)
  return { ...rest, maxTokens: maxTokens ?? defaultMaxTokens, answers: candidates * promptsIn(json) }
}
