/** `/moderations`: whether a text or a picture is harmful. Nobody counts tokens for it: its cost is what is not known. */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as Demand from "../budgets/Demand.ts"
import * as Envelopes from "./Envelopes.ts"
import type { Operation } from "./Operation.ts"
import * as PassOn from "./PassOn.ts"
import * as Tokens from "./Tokens.ts"

const fields = Schema.Struct({
  model: Envelopes.model,
  input: Schema.Union(Schema.String, Schema.NonEmptyArray(Schema.Union(Schema.String, Schema.Object))).annotations({
    description: "a text, or an array of texts or parts"
  })
})

const path = "/moderations"

export const moderations: Operation = {
  name: "moderations",
  endpoint: "moderations",
  path,
  envelope: Envelopes.reader(fields, () => false, "omni-moderation-latest"),
  demand: (length, json) => ({ ...Demand.ofBody(length, json), answers: 0 }),
  isRepeatable: true,
  lane: (asked, provider, model) =>
    Either.right(PassOn.lane({ path, usage: Tokens.read(), ending: null, takesText: false }, asked, provider, model))
}
