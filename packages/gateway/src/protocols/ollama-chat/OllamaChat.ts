/**
 * Ollama's native chat API: `/api/chat`, answered in lines of JSON. Preferred to Ollama's OpenAI-compatible endpoint,
 * which cannot set the context window (`num_ctx`), the time a model stays loaded (`keep_alive`) or an output grammar.
 */
import type { Protocol } from "../Protocol.ts"
import { decode } from "./DecodeAnswer.ts"
import { decoder } from "./DecodeStream.ts"
import { failure } from "./Failure.ts"
import { isObject, stringIn } from "../../wire/Json.ts"
import { lower } from "./LowerRequest.ts"

const modelNames = (body: unknown): ReadonlyArray<string> => {
  const models = isObject(body) ? body["models"] : undefined
  if (!Array.isArray(models)) return []
  return models.flatMap((model: unknown) => {
    const name = isObject(model) ? stringIn(model["model"]) || stringIn(model["name"]) : ""
    return name === "" ? [] : [name]
  })
}

export const protocol: Protocol = {
  id: "ollama-chat",
  chatPath: "/api/chat",
  modelsPath: "/api/tags",
  // A local server wants no key; one behind a proxy, or Ollama's own cloud, does.
  authorize: (apiKey): { readonly [name: string]: string } =>
    apiKey === null ? {} : { authorization: `Bearer ${apiKey}` },
  framing: "ndjson",
  lower,
  decode,
  decoder,
  failure,
  modelNames
}
