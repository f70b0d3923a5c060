/** A type as JSON Schema: what a workflow tells others of its output. */
import type { JsonSchema } from "./Shape.ts"
import type { Type } from "./Type.ts"

export const toSchema = (type: Type): JsonSchema => {
  switch (type._tag) {
    case "Any":
      return {}
    case "Null":
    case "Boolean":
    case "Integer":
    case "Number":
    case "String":
      return { type: type._tag.toLowerCase() }
    case "Enum":
      return { type: "string", enum: type.values }
    case "List":
      return { type: "array", items: toSchema(type.item) }
    // A result that is missing is a failure, so that what comes out is the value.
    case "Optional":
      return toSchema(type.value)
    case "Union":
      return { anyOf: type.members.map(toSchema) }
    case "Object":
      return {
        type: "object",
        properties: Object.fromEntries(Array.from(type.fields, ([name, field]) => [name, toSchema(field.type)])),
        required: Array.from(type.fields).flatMap(([name, field]) => (field.optional ? [] : [name])),
        additionalProperties: type.rest === null ? false : type.rest._tag === "Any" ? true : toSchema(type.rest)
      }
  }
}
