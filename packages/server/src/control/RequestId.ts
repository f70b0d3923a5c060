/** Each answer carries an id: the caller's own when it is one, else a new one. */
import * as RequestId from "@penstock/gateway/RequestId"
import * as Effect from "effect/Effect"

const wellFormed = /^[A-Za-z0-9._:-]{8,128}$/

/** The id of a request with this `x-request-id`. Anything that could upset a log or a header is replaced. */
export const of = (presented: string | undefined): Effect.Effect<string> =>
  presented !== undefined && wellFormed.test(presented) ? Effect.succeed(presented) : RequestId.next
