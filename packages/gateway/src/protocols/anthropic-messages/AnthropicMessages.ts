/** Anthropic's Messages API, as a provider speaks it (and the vendors that follow it) and as a caller does. */
import type { Dialect } from "../Dialect.ts"
import type { Protocol } from "../Protocol.ts"
import { failure } from "./ClassifyFailure.ts"
import { decode } from "./DecodeAnswer.ts"
import { decoder } from "./DecodeStream.ts"
import { isObject, objectIn } from "../../wire/Json.ts"
import { longestAnswer } from "./LowerReasoning.ts"
import { lowerRequest } from "./LowerRequest.ts"
import { model } from "./Model.ts"
import { passThrough } from "./PassThrough.ts"
import { read } from "./ReadRequest.ts"
import { write } from "./WriteAnswer.ts"
import * as WriteFailure from "./WriteFailure.ts"
import { encoder } from "./WriteStream.ts"

/** The version of the API that everything here is written for. */
const version = "2023-06-01"

const modelNames = (body: unknown): ReadonlyArray<string> => {
  const data = objectIn(body)["data"]
  return Array.isArray(data)
    ? data.flatMap((model: unknown) => (isObject(model) && typeof model["id"] === "string" ? [model["id"]] : []))
    : []
}

export const protocol: Protocol = {
  id: "anthropic-messages",
  chatPath: "/v1/messages",
  // A page holds 20 unless more are asked for, and there are more models than that.
  modelsPath: "/v1/models?limit=1000",
  authorize: (apiKey) => ({ ...(apiKey === null ? {} : { "x-api-key": apiKey }), "anthropic-version": version }),
  framing: "sse",
  longestAnswer: (name) => longestAnswer(model(name)),
  lower: lowerRequest,
  decode,
  // The shim is told by its tool's name: nothing of the request is needed.
  decoder,
  failure,
  modelNames
}

export const dialect: Dialect = {
  id: "anthropic-messages",
  endpoint: "messages",
  read,
  write,
  encoder,
  failure: WriteFailure.body,
  failureFrame: WriteFailure.frame,
  passThrough
}
