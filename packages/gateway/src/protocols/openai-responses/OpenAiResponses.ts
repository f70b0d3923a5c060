/** OpenAI's Responses API, as a provider speaks it and as a caller does. */
import * as Either from "effect/Either"
import { dialect as chatDialect, protocol as chat } from "../openai-chat/OpenAiChat.ts"
import type { Dialect } from "../Dialect.ts"
import type { Protocol } from "../Protocol.ts"
import { decode } from "./DecodeAnswer.ts"
import { decoder } from "./DecodeStream.ts"
import { lower } from "./LowerRequest.ts"
import { passThrough } from "./PassThrough.ts"
import { read } from "./ReadRequest.ts"
import { write } from "./WriteAnswer.ts"
import * as WriteFailure from "./WriteFailure.ts"
import { encoder } from "./WriteStream.ts"

/** The same server as chat completions, at another path: keys, models and failures are alike. */
export const protocol: Protocol = {
  ...chat,
  id: "openai-responses",
  chatPath: "/responses",
  lower: (request, options) => Either.right(lower(request, options)),
  decode,
  decoder
}

export const dialect: Dialect = {
  id: "openai-responses",
  endpoint: "responses",
  read,
  write,
  encoder,
  failure: chatDialect.failure,
  failureFrame: WriteFailure.frame,
  passThrough
}
