/** Why a model name goes where it goes. */
import * as Schema from "effect/Schema"

/** How the name was understood. */
export const MatchedBy = Schema.Literal("model", "alias", "provider", "route", "none")
export type MatchedBy = typeof MatchedBy.Type

/** One target that was looked at, kept or not, and why. */
export class Candidate extends Schema.Class<Candidate>("Candidate")({
  provider: Schema.String,
  /** The model's name at the provider. */
  model: Schema.String,
  protocol: Schema.NullOr(Schema.String),
  kept: Schema.Boolean,
  /** For a person: "first match", "OPENAI_API_KEY is not set". */
  reason: Schema.String
}) {}

/** The routing plan of a request that was not sent. */
export class Explanation extends Schema.Class<Explanation>("Explanation")({
  model: Schema.String,
  matched_by: MatchedBy,
  /** The entry that matched: a name in `models`, a pattern of `routes`, or a provider. */
  matched: Schema.NullOr(Schema.String),
  candidates: Schema.Array(Candidate)
}) {}
