/**
 * What the gateway itself must know of a request before it is sent on: the fields that routing and the ledger read, and
 * the types of those that everybody knows. The rest is the provider's to judge, so that nothing new is refused here.
 */
import type { GatewayError } from "@penstock/schema/GatewayError"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as InvalidRequest from "../InvalidRequest.ts"
import { isObject } from "../../wire/Json.ts"
import { envelope, maxModelLength, optionalInEnvelope } from "../WireSchema.ts"

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

const isAbsent = (value: unknown): boolean => value === undefined || value === null
const mayBeNumber = (value: unknown): boolean => isAbsent(value) || typeof value === "number"
const mayBeInt = (value: unknown): boolean => isAbsent(value) || Number.isSafeInteger(value)
const isMessage = (value: unknown): boolean => isObject(value) && typeof value["role"] === "string"

/**
 * Whether it is an envelope beyond doubt. Nearly every request is, and looking by hand takes a tenth of the time; the
 * schema decides in doubt, and says what is wrong.
 */
export const isEnvelope = (json: unknown): json is ChatEnvelope => {
  if (!isObject(json)) return false
  const { max_completion_tokens, max_tokens, messages, model, n, stream, stream_options, temperature, tools, top_p } =
    json
  return (
    typeof model === "string" &&
    model.length > 0 &&
    model.length <= maxModelLength &&
    Array.isArray(messages) &&
    messages.length > 0 &&
    messages.every(isMessage) &&
    (isAbsent(stream) || typeof stream === "boolean") &&
    mayBeNumber(temperature) &&
    mayBeNumber(top_p) &&
    mayBeInt(max_tokens) &&
    mayBeInt(max_completion_tokens) &&
    mayBeInt(n) &&
    (isAbsent(stream_options) || isObject(stream_options)) &&
    (isAbsent(tools) || (Array.isArray(tools) && tools.every(isObject)))
  )
}

/** Fails with `invalid_request`, naming the field at fault. */
export const read = (json: unknown): Either.Either<ChatEnvelope, GatewayError> =>
  isEnvelope(json) ? Either.right(json) : Either.mapLeft(decode(json), InvalidRequest.fromParseError)
