/** OpenAI's `/embeddings`, as most providers have it. */
import * as Either from "effect/Either"
import * as ClassifyFailure from "../../protocols/openai-chat/ClassifyFailure.ts"
import { isObject, listIn, numberIn, objectIn, type JsonObject } from "../../wire/Json.ts"
import * as Tokens from "../Tokens.ts"
import * as Vector from "./Vector.ts"
import { invalid, type Wire } from "./Wire.ts"

const usageOf = Tokens.read()

/** A batch may be answered in any order; who gives no index keeps the order. */
const indexOf = (entry: JsonObject, at: number): number => numberIn(entry["index"]) ?? at

export const wire: Wire = {
  path: "/embeddings",
  lower: (json, { items: [single] }, model) => {
    const isList = Array.isArray(json["input"]) && json["input"] !== single
    return Either.right({
      body: (items) => Buffer.from(JSON.stringify({ ...json, model, input: isList ? items : items[0] })),
      dropped: []
    })
  },
  read: (json) => {
    if (ClassifyFailure.isError(json)) return Either.left(ClassifyFailure.inBand(json))
    const { data, usage: _, ...rest } = json
    if (!Array.isArray(data)) return invalid("it has no `data`")
    const entries = listIn(data).map(objectIn)
    const sorted = entries
      .map((entry, at) => ({ entry, index: indexOf(entry, at) }))
      .sort((one, other) => one.index - other.index)
    const vectors: Array<Vector.Vector> = []
    for (const { entry, index } of sorted) {
      const vector = isObject(entry) ? Vector.read(entry["embedding"]) : null
      if (vector === null) return invalid(`data.${index}.embedding is no vector`)
      vectors.push(vector)
    }
    return Either.right({ vectors, usage: usageOf(json), rest })
  }
}
