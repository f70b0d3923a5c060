/**
 * What the gateway itself must know of a Messages request before it is sent on: the fields that routing and the ledger
 * read, and the types of those that everybody knows. The rest is the provider's to judge, so that nothing new is
 * refused here.
 */
import type { GatewayError } from "@penstock/schema/GatewayError"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as InvalidRequest from "../InvalidRequest.ts"
import { envelope, optionalInEnvelope } from "../WireSchema.ts"

const MessagesEnvelope = Schema.Struct({
  ...envelope,
  messages: Schema.NonEmptyArray(
    Schema.Struct({ role: Schema.String }).annotations({ description: "an object with a role" })
  ).annotations({ description: "an array of at least one message" }),
  max_tokens: optionalInEnvelope(Schema.Int)
})
export type MessagesEnvelope = typeof MessagesEnvelope.Type

const decode = Schema.decodeUnknownEither(MessagesEnvelope)

/** Fails with `invalid_request`, naming the field at fault. `max_tokens` may be absent: counting tokens needs none. */
export const read = (json: unknown): Either.Either<MessagesEnvelope, GatewayError> =>
  Either.mapLeft(decode(json), InvalidRequest.fromParseError)
