/**
 * What the gateway itself must know of a request before it is sent on: the fields that routing and the ledger read, and
 * the types of those that everybody knows. The rest is the provider's to judge, so that nothing new is refused here.
 */
import type { GatewayError } from "@penstock/schema/GatewayError"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as InvalidRequest from "../InvalidRequest.ts"

/** `null` means absent. Kept as it is: a transformation would double the cost of looking. */
const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optional(Schema.NullOr(schema))

export const ChatEnvelope = Schema.Struct({
  // Names are kept in the ledger and in tables.
  model: Schema.NonEmptyString.pipe(
    Schema.maxLength(256, { description: "the name of a model, of 256 characters at most; GET /v1/models lists them" })
  ),
  messages: Schema.NonEmptyArray(
    Schema.Struct({ role: Schema.String }).annotations({ description: "an object with a role" })
  ).annotations({ description: "an array of at least one message" }),
  stream: optional(Schema.Boolean),
  temperature: optional(Schema.Number),
  top_p: optional(Schema.Number),
  max_tokens: optional(Schema.Int),
  max_completion_tokens: optional(Schema.Int),
  n: optional(Schema.Int),
  tools: optional(Schema.Array(Schema.Object)),
  stream_options: optional(Schema.Object)
})
export type ChatEnvelope = typeof ChatEnvelope.Type

const decode = Schema.decodeUnknownEither(ChatEnvelope)

/** Fails with `invalid_request`, naming the field at fault. */
export const read = (json: unknown): Either.Either<ChatEnvelope, GatewayError> =>
  Either.mapLeft(decode(json), InvalidRequest.fromParseError)
