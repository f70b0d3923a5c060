import type { AssistantPart } from "@penstock/schema/ChatRequest"
import type { Completion } from "@penstock/schema/Completion"
import * as GatewayError from "@penstock/schema/GatewayError"
import * as Either from "effect/Either"
import { finishReason, idOf, toolCalls } from "./Answer.ts"
import { isObject, stringIn } from "../../wire/Json.ts"
import * as Usage from "./Usage.ts"

const invalid = (message: string) => Either.left(GatewayError.make("invalid_response", message))

export const decode = (body: unknown): Either.Either<Completion, GatewayError.GatewayError> => {
  if (!isObject(body)) return invalid("Ollama's answer is not a JSON object")
  const error = stringIn(body["error"])
  if (error !== "") {
    return Either.left(
      new GatewayError.GatewayError({ reason: "server", message: error, upstream: { status: 200, code: null } })
    )
  }
  if (body["done"] !== true) return invalid('Ollama\'s answer is incomplete: it lacks "done": true')
  const message = body["message"]
  if (!isObject(message)) return invalid('Ollama\'s answer lacks "message"')
  const thinking = stringIn(message["thinking"])
  const text = stringIn(message["content"])
  const calls = toolCalls(message, 0)
  const content: Array<AssistantPart> = []
  if (thinking !== "") content.push({ type: "reasoning", text: thinking })
  if (text !== "") content.push({ type: "text", text })
  content.push(...calls)
  return Either.right({
    id: idOf(body),
    model: stringIn(body["model"]),
    content,
    finishReason: finishReason(body, calls.length > 0),
    usage: Usage.read(body)
  })
}
