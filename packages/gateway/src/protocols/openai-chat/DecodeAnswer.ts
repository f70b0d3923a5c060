/** A `chat.completion`, as OpenAI and the vendors that follow it send it. Parts: reasoning, text, refusal, tool calls. */
import type { AssistantPart } from "@penstock/schema/ChatRequest"
import type { Completion } from "@penstock/schema/Completion"
import * as GatewayError from "@penstock/schema/GatewayError"
import * as Either from "effect/Either"
import { callId, callsOf, textsOf } from "./Content.ts"
import * as Failure from "./ClassifyFailure.ts"
import * as FinishReason from "./FinishReason.ts"
import { isObject, listIn, stringIn, type JsonObject } from "../../wire/Json.ts"
import * as Reasoning from "./Reasoning.ts"
import * as Usage from "./Usage.ts"

const content = (message: JsonObject, answerId: string): ReadonlyArray<AssistantPart> => {
  const { text, reasoning } = textsOf(message["content"])
  const refusal = stringIn(message["refusal"])
  return [
    ...Reasoning.read(message),
    ...(reasoning === "" ? [] : [{ type: "reasoning" as const, text: reasoning }]),
    ...(text === "" ? [] : [{ type: "text" as const, text }]),
    ...(refusal === "" ? [] : [{ type: "refusal" as const, text: refusal }]),
    ...callsOf(message).map((call, position) => ({
      type: "tool-call" as const,
      id: call.id === "" ? callId(answerId, position) : call.id,
      name: call.name,
      arguments: call.arguments
    }))
  ]
}

/** The choice that is read: the one with index 0, or without an index. */
export const choiceOf = (choices: ReadonlyArray<unknown>): JsonObject | undefined =>
  choices.filter(isObject).find((choice) => (choice["index"] ?? 0) === 0)

const invalid = (message: string) => Either.left(GatewayError.make("invalid_response", message))

export const decode = (body: unknown): Either.Either<Completion, GatewayError.GatewayError> => {
  if (!isObject(body)) return invalid("The provider's answer is not a JSON object.")
  if (Failure.isError(body)) return Either.left(Failure.inBand(body))
  const choice = choiceOf(listIn(body["choices"]))
  if (choice === undefined || !isObject(choice["message"])) {
    return invalid("The provider's answer has no choices[0].message: is this a chat completions endpoint?")
  }
  const word = stringIn(choice["finish_reason"])
  if (FinishReason.isFailure(word)) return Either.left(Failure.brokenOff(word))
  const id = stringIn(body["id"])
  const parts = content(choice["message"], id)
  return Either.right({
    id,
    model: stringIn(body["model"]),
    content: parts,
    finishReason: FinishReason.read(
      word,
      parts.some((part) => part.type === "tool-call")
    ),
    // vLLM names the stop sequence that was met.
    ...(typeof choice["stop_reason"] === "string" ? { stopSequence: choice["stop_reason"] } : {}),
    usage: Usage.read(body["usage"])
  })
}
