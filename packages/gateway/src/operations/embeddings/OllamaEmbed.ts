/**
 * Ollama's native `/api/embed`, for the same reasons as its native chat: `keep_alive` and `options` can be said there.
 *
 * Left to itself Ollama cuts a text that does not fit into the model, and says nothing. Here that is a failure, as it is
 * with OpenAI, unless the caller asks for `truncate`.
 */
import * as GatewayError from "@penstock/schema/GatewayError"
import * as Either from "effect/Either"
import * as OllamaUsage from "../../protocols/ollama-chat/Usage.ts"
import { listIn, stringIn } from "../../wire/Json.ts"
import * as Vector from "./Vector.ts"
import { invalid, type Wire } from "./Wire.ts"

/** In Ollama's words, or with a meaning that is met here. */
const known = new Set(["model", "input", "encoding_format", "dimensions", "truncate", "options", "keep_alive"])

const tokensOnly = Either.left(
  GatewayError.make(
    "invalid_request",
    "Invalid 'input': Ollama embeds texts, and tokens of another model's tokenizer mean nothing to it. Send the texts.",
    { param: "input" }
  )
)

export const wire: Wire = {
  path: "/api/embed",
  lower: (json, { tokens }, model) => {
    if (tokens) return tokensOnly
    const { dimensions, keep_alive, options, truncate } = json
    return Either.right({
      // Without a value `JSON.stringify` leaves a field out.
      body: (input) =>
        Buffer.from(
          JSON.stringify({
            model,
            input,
            truncate: truncate ?? false,
            dimensions: dimensions ?? undefined,
            options,
            keep_alive
          })
        ),
      dropped: Object.keys(json).filter((name) => !known.has(name))
    })
  },
  read: (json) => {
    const vectors: Array<Vector.Vector> = []
    for (const [at, value] of listIn(json["embeddings"]).entries()) {
      const vector = Vector.read(value)
      if (vector === null) return invalid(`embeddings.${at} is no vector`)
      vectors.push(vector)
    }
    return Either.right({
      vectors,
      usage: OllamaUsage.read(json),
      rest: { object: "list", model: stringIn(json["model"]) }
    })
  }
}
