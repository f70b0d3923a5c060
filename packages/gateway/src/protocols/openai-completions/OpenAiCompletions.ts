/**
 * OpenAI's legacy completions, of a prompt and not of a conversation. Passed through to providers that have them; for
 * others a prompt is made a conversation of one message, never a conversation a prompt.
 */
import * as GatewayError from "@penstock/schema/GatewayError"
import * as Either from "effect/Either"
import type { Dialect } from "../Dialect.ts"
import { dialect as chatDialect, protocol as chat } from "../openai-chat/OpenAiChat.ts"
import type { Protocol } from "../Protocol.ts"
import { decode } from "./DecodeAnswer.ts"
import { read } from "./ReadRequest.ts"
import { encoder, write } from "./Write.ts"

const noConversations = Either.left(
  GatewayError.make("invalid_request", "A conversation cannot be sent to an endpoint for completions of a prompt.")
)

/** The same server as chat completions, at another path. Its chunks hold texts where those have deltas. */
export const protocol: Protocol = {
  ...chat,
  id: "openai-completions",
  chatPath: "/completions",
  lower: () => noConversations,
  decode
}

export const dialect: Dialect = {
  ...chatDialect,
  id: "openai-completions",
  endpoint: "completions",
  read,
  write,
  encoder
}
