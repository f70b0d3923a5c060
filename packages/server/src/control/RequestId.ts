/** Each answer carries an id: the caller's own when it is one, else a new one. */
import { RequestId } from "@penstock/schema/Ids"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"

const wellFormed = /^[A-Za-z0-9._:-]{8,128}$/

const word = Effect.map(Random.nextIntBetween(0, 0x1_0000_0000), (bits) => bits.toString(16).padStart(8, "0"))

/** A new id: `req_` and 24 hexadecimal digits. */
export const make: Effect.Effect<RequestId> = Effect.map(Effect.all([word, word, word]), (words) =>
  RequestId.make(`req_${words.join("")}`)
)

/** The id of a request with this `x-request-id`. Anything that could upset a log or a header is replaced. */
export const of = (presented: string | undefined): Effect.Effect<string> =>
  presented !== undefined && wellFormed.test(presented) ? Effect.succeed(presented) : make
