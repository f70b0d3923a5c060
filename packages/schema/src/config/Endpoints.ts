/** What can be asked of a model, and so what a provider may have an endpoint for. */
import * as Schema from "effect/Schema"

export const EndpointName = Schema.Literal(
  /** Chat completions, or what the provider's own protocol has in their place. */
  "chat",
  "responses",
  /** Legacy completions of a prompt. */
  "completions",
  "embeddings",
  "moderations",
  /** Made from a prompt. */
  "images",
  "speech",
  "transcriptions",
  /** Of speech, into English. */
  "translations"
)
export type EndpointName = typeof EndpointName.Type

export const Endpoints = Schema.NonEmptyArray(EndpointName).annotations({
  description: `a list of endpoints: ${EndpointName.literals.join(", ")}`
})
