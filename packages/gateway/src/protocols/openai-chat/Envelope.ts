/**
 * What the gateway itself must know of a request before it is sent on: the fields that routing and the ledger read, and
 * the types of those that everybody knows. The rest is the provider's to judge, so that nothing new is refused here.
 */
import type { GatewayError } from "@penstock/schema/GatewayError"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as InvalidRequest from "../InvalidRequest.ts"
import { envelope, optionalInEnvelope } from "../WireSchema.ts"

export const ChatEnvelope = Schema.Struct({
  ...envelope,
  messages: Schema.NonEmptyArray(
    Schema.Struct({ role: Schema.String }).annotations({ description: "an object with a role" })
  ).annotations({ description: "an array of at least one message" }),
  max_tokens: optionalInEnvelope(Schema.Int),
  max_completion_tokens: optionalInEnvelope(Schema.Int),
  n: optionalInEnvelope(Schema.Int),
  stream_options: optionalInEnvelope(Schema.Object)
})
export type ChatEnvelope = typeof ChatEnvelope.Type

const decode = Schema.decodeUnknownEither(ChatEnvelope)

/** Fails with `invalid_request`, naming the field at fault. */
export const read = (json: unknown): Either.Either<ChatEnvelope, GatewayError> =>
  Either.mapLeft(decode(json), InvalidRequest.fromParseError)
