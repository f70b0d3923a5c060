/** How a response ended, read from the response itself: whole, or in a stream's last event. */
import type { FinishReason } from "@penstock/schema/Completion"
import * as GatewayError from "@penstock/schema/GatewayError"
import * as Either from "effect/Either"
import { type JsonObject, isObject, objectIn, stringIn } from "../../wire/Json.ts"
import * as Failure from "../openai-chat/ClassifyFailure.ts"

const incomplete: ReadonlyMap<string, FinishReason> = new Map([
  ["max_output_tokens", "length"],
  ["max_tokens", "length"],
  ["content_filter", "content_filter"]
])

/** A response that failed, was cancelled, or is not done yet is no answer. */
export const read = (
  response: JsonObject,
  hasCalls: boolean
): Either.Either<FinishReason, GatewayError.GatewayError> => {
  if (isObject(response["error"])) return Either.left(Failure.inBand(response))
  const status = stringIn(response["status"])
  switch (status) {
    case "completed":
      return Either.right(hasCalls ? "tool_calls" : "stop")
    case "incomplete":
      return Either.right(incomplete.get(stringIn(objectIn(response["incomplete_details"])["reason"])) ?? "length")
    case "failed":
    case "cancelled":
      return Either.left(Failure.brokenOff(status))
    default: {
      const message = `The provider's response is not done: its status is "${status}".`
      return Either.left(GatewayError.make("invalid_response", message))
    }
  }
}
