/**
 * What the gateway itself must know of a request for a response before it is sent on: the fields that routing, the
 * ledger and the store of responses read, and the types of those that everybody knows. The rest is the provider's to
 * judge, so that nothing new is refused here.
 */
import type { GatewayError } from "@penstock/schema/GatewayError"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as InvalidRequest from "../InvalidRequest.ts"
import { envelope, optionalInEnvelope } from "../WireSchema.ts"

const ResponsesEnvelope = Schema.Struct({
  ...envelope,
  input: optionalInEnvelope(
    Schema.Union(Schema.String, Schema.Array(Schema.Object)).annotations({
      description: "a string or an array of items"
    })
  ),
  max_output_tokens: optionalInEnvelope(Schema.Int),
  previous_response_id: optionalInEnvelope(Schema.String),
  store: optionalInEnvelope(Schema.Boolean)
})
export type ResponsesEnvelope = typeof ResponsesEnvelope.Type

const decode = Schema.decodeUnknownEither(ResponsesEnvelope)

/** Fails with `invalid_request`, naming the field at fault. */
export const read = (json: unknown): Either.Either<ResponsesEnvelope, GatewayError> =>
  Either.mapLeft(decode(json), InvalidRequest.fromParseError)
