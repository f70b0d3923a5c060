/** What the steps of the language are made of. Nothing is transformed: a document is what the file says, checked. */
import { strictStruct } from "@penstock/schema/config/Fields"
import * as Schema from "effect/Schema"

export const Id = Schema.String.pipe(
  Schema.pattern(/^[A-Za-z_][\w-]*$/, { description: "a name of letters, digits, _ and -" })
)

/** The name of a variable: it can stand in an expression as it is. */
export const Variable = Schema.String.pipe(
  Schema.pattern(/^[A-Za-z_]\w*$/, { description: "a name of letters, digits and _" })
)

export const Text = Schema.String.annotations({ description: "a text" })

/** Any JSON, with `${…}` anywhere in its texts. */
export const Data = Schema.Unknown.annotations({ description: "any value" })

export const DataRecord = Schema.Record({ key: Schema.String, value: Data }).annotations({ description: "a mapping" })

/** An expression where nothing else can stand; `${ }` around it may be left out. */
export const Condition = Schema.Union(Schema.String, Schema.Boolean).annotations({
  description: "an expression such as ${score > 3}"
})

export const Duration = Schema.String.pipe(
  Schema.pattern(/^\d+(?:\.\d+)?\s*(?:ms|s|m|h|d)$/, { description: "a duration such as 500ms, 5s, 10m, 24h or 7d" })
)

export const Count = Schema.Int.pipe(Schema.between(1, 1_000_000, { description: "a whole number from 1 to 1000000" }))

/** JSON Schema, or the short form: see `types/Shape`. */
export const Shape = Schema.Union(DataRecord, Schema.String).annotations({
  description: "JSON Schema, or a short form such as {score: number, tags: string[]}"
})

export const ModelChain = Schema.Union(Schema.NonEmptyString, Schema.NonEmptyArray(Schema.NonEmptyString)).annotations({
  description: "a model, an alias, or a list of them to try in order"
})
export type ModelChain = typeof ModelChain.Type

export const RetryReason = Schema.Literal("rate_limit", "server", "timeout", "network", "invalid_output")
export type RetryReason = typeof RetryReason.Type

export const Retry = Schema.Union(
  Schema.Int.pipe(Schema.between(0, 100, { description: "a number of further attempts from 0 to 100" })),
  strictStruct({
    max: Schema.Int.pipe(Schema.between(0, 100, { description: "a number of further attempts from 0 to 100" })),
    delay: Schema.optional(Duration).annotations({ description: "Before the second attempt; 1s" }),
    factor: Schema.optional(
      Schema.Number.pipe(Schema.between(1, 100, { description: "a factor from 1 to 100" }))
    ).annotations({ description: "What each delay is to the one before it; 2" }),
    max_delay: Schema.optional(Duration).annotations({ description: "No delay is longer; 30s" }),
    jitter: Schema.optional(Schema.Literal("full", "none")).annotations({
      description: "full: a random part of the delay"
    }),
    on: Schema.optional(Schema.NonEmptyArray(RetryReason)).annotations({
      description: "Which failures are tried again"
    })
  })
).annotations({ description: "a number of further attempts, or a mapping with `max`" })
export type Retry = typeof Retry.Type

export const Budget = strictStruct({
  usd: Schema.optional(
    Schema.Number.pipe(Schema.between(0, 1_000_000, { description: "an amount in USD from 0 to 1000000" }))
  ).annotations({ description: "In US dollars" }),
  tokens: Schema.optional(Schema.NonNegativeInt.annotations({ description: "a number of tokens" })).annotations({
    description: "Input and output together"
  })
})
export type Budget = typeof Budget.Type

export const Cache = strictStruct({
  key: Schema.optional(Text).annotations({ description: "What equal answers are known by; the step's inputs" }),
  ttl: Schema.propertySignature(Duration).annotations({ description: "How long an answer is kept" }),
  scope: Schema.optional(Schema.Literal("workflow", "global"))
})
