/**
 * `/audio/transcriptions` and `/audio/translations`: what is said in a file of sound, as JSON, as text or as subtitles,
 * whole or as events. The request is a form.
 */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as Envelopes from "./Envelopes.ts"
import type { Operation } from "./Operation.ts"
import * as PassOn from "./PassOn.ts"
import * as Tokens from "./Tokens.ts"

/** A form's fields are texts. */
const fields = Schema.Struct({
  model: Envelopes.model,
  stream: Schema.optional(Schema.Literal("true", "false"))
})

/**
 * Tokens of sound for a byte of the file, at most: Opus is still speech at 750 bytes a second, OpenAI hears 10 tokens in
 * it, and others up to 32.
 */
const heardPerByte = 1 / 20

const demand: Operation["demand"] = (length) => ({
  ...Tokens.reading(0),
  media: { most: Math.ceil(length * heardPerByte), likely: Math.ceil(length / 1000), bytes: length, audio: true },
  // The longest answer is the model's: as much as it can write.
  answers: 1
})

const operation = (name: "transcriptions" | "translations"): Operation => {
  const path = `/audio/${name}`
  return {
    name,
    endpoint: `audio.${name}`,
    path,
    envelope: Envelopes.reader(fields, ({ stream }) => stream === "true"),
    demand,
    isRepeatable: false,
    lane: (asked, provider, model) => {
      const passing = {
        path,
        usage: Tokens.read(),
        ending: { type: "transcript.text.done", count: 1 },
        takesText: true
      }
      return Either.right(PassOn.lane(passing, asked, provider, model))
    }
  }
}

export const transcriptions = operation("transcriptions")
export const translations = operation("translations")
