/** A legacy completion, as a chat completion in which the text is a message. */
import type { Completion } from "@penstock/schema/Completion"
import type { GatewayError } from "@penstock/schema/GatewayError"
import type * as Either from "effect/Either"
import { isObject, listIn } from "../../wire/Json.ts"
import * as Chat from "../openai-chat/DecodeAnswer.ts"

const withMessage = (choice: unknown): unknown =>
  isObject(choice) && typeof choice["text"] === "string"
    ? { ...choice, message: { role: "assistant", content: choice["text"] } }
    : choice

export const decode = (body: unknown): Either.Either<Completion, GatewayError> =>
  Chat.decode(
    isObject(body) && Array.isArray(body["choices"])
      ? { ...body, choices: listIn(body["choices"]).map(withMessage) }
      : body
  )
