/** The few fields of an operation's request that the gateway itself must know. The rest is the provider's to judge. */
import type { GatewayError } from "@penstock/schema/GatewayError"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as InvalidRequest from "../protocols/InvalidRequest.ts"
import { envelope, optionalInEnvelope } from "../protocols/WireSchema.ts"
import type { JsonObject } from "../wire/Json.ts"
import type { Envelope } from "./Operation.ts"

export const model = envelope.model

/** `null` means absent. */
export const optional = optionalInEnvelope

/** A number of answers, within what anybody gives. */
export const Count = Schema.Int.pipe(Schema.between(1, 128, { description: "a number from 1 to 128" }))

/** Text that is read: not empty, as no provider takes it. */
export const Text = Schema.NonEmptyString.annotations({ description: "a text that is not empty" })

/**
 * Reads with a schema. `otherwise` is the model of a request that names none, where OpenAI's API has one for it;
 * `streams` says whether the answer is written as it comes.
 */
export const reader = <A extends { readonly model?: string | null | undefined }, I>(
  schema: Schema.Schema<A, I>,
  streams: (fields: A) => boolean,
  otherwise?: string
) => {
  const decode = Schema.decodeUnknownEither(schema)
  return (json: JsonObject): Either.Either<Envelope, GatewayError> =>
    Either.mapBoth(decode(otherwise === undefined ? json : { ...json, model: json["model"] ?? otherwise }), {
      onLeft: InvalidRequest.fromParseError,
      onRight: (fields) => ({ model: fields.model ?? "", stream: streams(fields) })
    })
}
