/**
 * `/audio/speech`: a text, spoken. The sound goes to the caller as it comes, as bytes or (`stream_format: sse`) in
 * events. Only the last event has counts: what plain sound costs is not known.
 */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as Envelopes from "./Envelopes.ts"
import type { Operation } from "./Operation.ts"
import * as PassOn from "./PassOn.ts"
import * as Tokens from "./Tokens.ts"

const fields = Schema.Struct({
  model: Envelopes.model,
  input: Envelopes.Text,
  stream_format: Envelopes.optional(Schema.String)
})

const path = "/audio/speech"

/** Tokens of sound for a byte of text, at most: gpt-4o-mini-tts has 20 a second, and nobody reads slower than a letter each. */
const tokensPerByte = 20

export const speech: Operation = {
  name: "speech",
  endpoint: "audio.speech",
  path,
  envelope: Envelopes.reader(fields, () => true),
  demand: (length) => ({
    ...Tokens.reading(length),
    maxTokens: length * tokensPerByte,
    answers: 1,
    speech: true
  }),
  isRepeatable: false,
  lane: (asked, provider, model) => {
    const passing = {
      path,
      usage: Tokens.read({ output: true }),
      ending: { type: "speech.audio.done", count: 1 },
      takesText: false
    }
    return Either.right(PassOn.lane(passing, asked, provider, model))
  }
}
