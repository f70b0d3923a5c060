/** `/images/generations`: pictures from a text, whole or as events in which they get clearer. */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { numberIn } from "../wire/Json.ts"
import * as Envelopes from "./Envelopes.ts"
import type { Operation } from "./Operation.ts"
import * as PassOn from "./PassOn.ts"
import * as Tokens from "./Tokens.ts"

const fields = Schema.Struct({
  model: Envelopes.model,
  prompt: Envelopes.Text,
  n: Envelopes.optional(Envelopes.Count),
  stream: Envelopes.optional(Schema.Boolean)
})

const path = "/images/generations"

/**
 * Tokens of one picture, at most: 6,240 with gpt-image-1 at its largest and best, and 100 for each of up to three
 * pictures on the way. Models that are paid by the picture have no price here, and hold nothing.
 */
const largest = 8192

export const images: Operation = {
  name: "images",
  endpoint: "images.generations",
  path,
  // What OpenAI takes for it when a request names none.
  envelope: Envelopes.reader(fields, ({ stream }) => stream === true, "dall-e-2"),
  demand: (length, json) => ({
    ...Tokens.reading(length),
    maxTokens: largest,
    answers: numberIn(json["n"]) ?? 1
  }),
  isRepeatable: false,
  lane: (asked, provider, model) => {
    const ending = { type: "image_generation.completed", count: numberIn(asked.json["n"]) ?? 1 }
    return Either.right(PassOn.lane({ path, usage: Tokens.read(), ending, takesText: false }, asked, provider, model))
  }
}
