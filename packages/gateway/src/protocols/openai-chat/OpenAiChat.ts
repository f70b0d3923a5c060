/** OpenAI's chat completions, as a provider speaks it and as a caller does. */
import * as Either from "effect/Either"
import type { Dialect } from "../Dialect.ts"
import type { Protocol } from "../Protocol.ts"
import { failure } from "./ClassifyFailure.ts"
import { decode } from "./DecodeAnswer.ts"
import { decoder } from "./DecodeStream.ts"
import { listIn, objectIn, stringIn } from "../../wire/Json.ts"
import { lower } from "./LowerRequest.ts"
import { passThrough } from "./PassThrough.ts"
import { read } from "./ReadRequest.ts"
import { write } from "./WriteAnswer.ts"
import * as WriteFailure from "./WriteFailure.ts"
import { encoder } from "./WriteStream.ts"

export const protocol: Protocol = {
  id: "openai-chat",
  chatPath: "/chat/completions",
  modelsPath: "/models",
  authorize: (apiKey) => (apiKey === null ? {} : { authorization: `Bearer ${apiKey}` }),
  framing: "sse",
  lower: (request, options) => Either.right(lower(request, options)),
  decode,
  decoder,
  failure,
  // Some vendors (Together) send the list bare.
  modelNames: (body) =>
    listIn(Array.isArray(body) ? body : objectIn(body)["data"])
      .map((model) => stringIn(objectIn(model)["id"]))
      .filter((name) => name !== "")
}

export const dialect: Dialect = {
  id: "openai-chat",
  endpoint: "chat.completions",
  read,
  write,
  encoder,
  failure: WriteFailure.body,
  failureFrame: WriteFailure.frame,
  passThrough
}
