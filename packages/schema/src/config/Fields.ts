/** What every part of the configuration is made of. */
import * as Schema from "effect/Schema"

/** A mapping in which a misspelt key is an error. */
export const strictStruct = <Fields extends Schema.Struct.Fields>(fields: Fields) =>
  Schema.Struct(fields).annotations({ parseOptions: { onExcessProperty: "error" } })

export const optionalWith = <A, I>(schema: Schema.Schema<A, I>, value: () => NoInfer<A>) =>
  Schema.optionalWith(schema, { default: value })
