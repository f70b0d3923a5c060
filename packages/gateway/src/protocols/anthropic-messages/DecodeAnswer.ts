/** A whole `message`. */
import type { AssistantPart } from "@penstock/schema/ChatRequest"
import type { Completion } from "@penstock/schema/Completion"
import * as GatewayError from "@penstock/schema/GatewayError"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as Failure from "./ClassifyFailure.ts"
import * as Content from "./Content.ts"
import * as Issuer from "../Issuer.ts"
import * as FinishReason from "./FinishReason.ts"
import { isObject, type JsonObject } from "../../wire/Json.ts"
import * as Usage from "./Usage.ts"

/** What is promised and needed; everything else is read where it is there. */
const Message = Schema.Struct({
  id: Schema.String,
  model: Schema.String,
  content: Schema.Array(Schema.Record({ key: Schema.String, value: Schema.Unknown })),
  stop_reason: Schema.String,
  stop_sequence: Schema.optional(Schema.NullOr(Schema.String)),
  usage: Schema.optional(Schema.Unknown)
})
const readMessage = Schema.decodeUnknownEither(Message)

const part = (block: JsonObject): ReadonlyArray<AssistantPart> => {
  const read = Content.read(block)
  switch (read?.type) {
    case "text":
      return [{ type: "text", text: read.text }]
    case "answer":
      return [{ type: "text", text: JSON.stringify(read.input) }]
    case "thinking":
      return [{ type: "reasoning", text: read.text, ...Issuer.read(read.signature, Content.issuer) }]
    case "redacted":
      return [{ type: "reasoning", text: "", redacted: true, ...Issuer.read(read.data, Content.issuer) }]
    case "tool-call":
      return [{ type: "tool-call", id: read.id, name: read.name, arguments: JSON.stringify(read.input) }]
    default:
      return []
  }
}

export const decode = (body: unknown): Either.Either<Completion, GatewayError.GatewayError> => {
  if (isObject(body) && Failure.isError(body)) return Either.left(Failure.inBand(body))
  const read = readMessage(body)
  if (!isObject(body) || Either.isLeft(read)) {
    const message = "The provider's answer is not a message: is this Anthropic's Messages API?"
    return Either.left(GatewayError.make("invalid_response", message))
  }
  const { id, model, content, stop_reason: word, stop_sequence: stopSequence, usage } = read.right
  const parts = content.flatMap(part)
  const explanation = FinishReason.explanation(body)
  return Either.right({
    id,
    model,
    content: explanation === "" ? parts : [...parts, { type: "refusal", text: explanation }],
    finishReason: FinishReason.read(
      word,
      parts.some((each) => each.type === "tool-call")
    ),
    ...(typeof stopSequence === "string" ? { stopSequence } : {}),
    usage: Usage.read(usage)
  })
}
