/** A whole answer in no provider's words: what a stream of events folds into. */
import * as Schema from "effect/Schema"
import { AssistantPart } from "./ChatRequest.ts"
import { Usage } from "./Usage.ts"

/**
 * - `stop`: the model ended its turn or met a stop sequence
 * - `length`: the token limit was reached
 * - `tool_calls`: the model wants tools called
 * - `content_filter`: the provider, or the model itself, withheld the answer
 */
export const FinishReason = Schema.Literal("stop", "length", "tool_calls", "content_filter")
export type FinishReason = typeof FinishReason.Type

export const Completion = Schema.Struct({
  /** The provider's id of the answer. */
  id: Schema.String,
  /** The model that answered, as the provider names it. */
  model: Schema.String,
  content: Schema.Array(AssistantPart),
  finishReason: FinishReason,
  /** The stop sequence that ended the answer, where the provider says so. */
  stopSequence: Schema.optional(Schema.String),
  /** Null when the provider sent no counts. */
  usage: Schema.NullOr(Usage)
})
export type Completion = typeof Completion.Type
