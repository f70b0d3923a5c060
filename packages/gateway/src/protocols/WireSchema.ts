/** What the schemas of callers' requests are made of, whatever the wire. */
import * as Schema from "effect/Schema"

/** `null` means absent, as with every provider. */
export const optional = <A, I>(schema: Schema.Schema<A, I>) =>
  Schema.optionalWith(schema, { exact: true, nullable: true })

export const AnyObject = Schema.Record({ key: Schema.String, value: Schema.Unknown }).annotations({
  description: "an object"
})

export const TokenLimit = Schema.Number.pipe(
  Schema.filter((limit) => Number.isSafeInteger(limit) && limit > 0),
  Schema.annotations({ description: "a positive integer" })
)

/** Something of a kind that is not among `known`, kept as it is. */
export const other = (known: ReadonlyArray<string>) => {
  const kind = Schema.String.pipe(
    Schema.filter((type) => !known.includes(type)),
    Schema.annotations({ description: "another type" })
  )
  const wire = Schema.Struct({ type: kind }, { key: Schema.String, value: Schema.Unknown })
  return Schema.transform(wire, Schema.Struct({ type: Schema.Literal("other"), value: Schema.typeSchema(wire) }), {
    strict: true,
    decode: (value) => ({ type: "other" as const, value }),
    encode: ({ value }) => value
  })
}

/** `null` means absent. Kept as it is: a transformation would double the cost of looking. */
export const optionalInEnvelope = <A, I>(schema: Schema.Schema<A, I>) => Schema.optional(Schema.NullOr(schema))

/** Names are kept in the ledger and in tables. */
export const maxModelLength = 256

/** What every envelope has. */
export const envelope = {
  model: Schema.NonEmptyString.pipe(
    Schema.maxLength(maxModelLength, {
      description: "the name of a model, of 256 characters at most; GET /v1/models lists them"
    })
  ),
  stream: optionalInEnvelope(Schema.Boolean),
  temperature: optionalInEnvelope(Schema.Number),
  top_p: optionalInEnvelope(Schema.Number),
  tools: optionalInEnvelope(Schema.Array(Schema.Object))
}
