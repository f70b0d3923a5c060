/** A whole `response`. */
import type { Completion } from "@penstock/schema/Completion"
import * as GatewayError from "@penstock/schema/GatewayError"
import * as Either from "effect/Either"
import { isObject, listIn, stringIn } from "../../wire/Json.ts"
import * as Failure from "../openai-chat/ClassifyFailure.ts"
import * as Content from "./Content.ts"
import * as Ending from "./Ending.ts"
import * as Usage from "./Usage.ts"

export const decode = (body: unknown): Either.Either<Completion, GatewayError.GatewayError> => {
  if (isObject(body) && Failure.isError(body)) return Either.left(Failure.inBand(body))
  if (!isObject(body) || !Array.isArray(body["output"])) {
    const message = "The provider's answer has no output: is this OpenAI's Responses API?"
    return Either.left(GatewayError.make("invalid_response", message))
  }
  const content = listIn(body["output"]).filter(isObject).flatMap(Content.partsOf)
  const hasCalls = content.some((part) => part.type === "tool-call")
  return Either.map(Ending.read(body, hasCalls), (finishReason) => ({
    id: stringIn(body["id"]),
    model: stringIn(body["model"]),
    content,
    finishReason,
    usage: Usage.read(body["usage"])
  }))
}
