/** JSON Schema to a type. What a type cannot say is any value: the validator looks at it when the value is there. */
import { isReadonlyRecord } from "effect/Predicate"
import { maxTypes } from "./Bounded.ts"
import type { JsonSchema } from "./Shape.ts"
import * as Type from "./Type.ts"

/** References may lead in circles, and each to several others: what is that deep, or that much, is any value. */
const maxDepth = 12

interface Source {
  readonly root: JsonSchema
  left: number
}

export const fromSchema = (schema: unknown): Type.Type =>
  read(schema, { root: isReadonlyRecord(schema) ? schema : {}, left: maxTypes }, 0)

const read = (schema: unknown, source: Source, depth: number): Type.Type => {
  source.left -= 1
  if (!isReadonlyRecord(schema) || depth > maxDepth || source.left < 0) return Type.any
  const { $ref, allOf, anyOf, const: only, enum: choices, nullable, oneOf, type } = schema
  const inside = (inner: unknown): Type.Type => read(inner, source, depth + 1)
  const wrap = (found: Type.Type): Type.Type => (nullable === true ? Type.nullable(found) : found)
  if (typeof $ref === "string") return wrap(inside(resolve($ref, source.root)))
  if (only !== undefined) return wrap(literals([only]))
  if (Array.isArray(choices)) return wrap(literals(choices))
  const alternatives = Array.isArray(anyOf) ? anyOf : Array.isArray(oneOf) ? oneOf : null
  if (alternatives !== null) return wrap(Type.union(alternatives.map(inside)))
  if (Array.isArray(allOf)) return wrap(intersection(allOf.map(inside)))
  if (Array.isArray(type))
    return Type.union(type.map((one: unknown) => inside({ ...schema, type: one, nullable: false })))
  return wrap(byType(type, schema, inside))
}

const byType = (type: unknown, schema: JsonSchema, inside: (schema: unknown) => Type.Type): Type.Type => {
  switch (type) {
    case "null":
      return Type.nothing
    case "boolean":
      return Type.boolean
    case "integer":
      return Type.integer
    case "number":
      return Type.number
    case "string":
      return Type.string
    case "array":
      return Type.list(inside(schema["items"]))
    case "object":
      return object(schema, inside)
    default:
      return isReadonlyRecord(schema["properties"]) ? object(schema, inside) : Type.any
  }
}

/**
 * An object that lists its properties and does not say that there are more has no more: JSON Schema would let them in,
 * but a field that nobody described is almost always misspelt.
 */
const object = (schema: JsonSchema, inside: (schema: unknown) => Type.Type): Type.Type => {
  const { additionalProperties, properties, required } = schema
  const names: ReadonlyArray<unknown> = Array.isArray(required) ? required : []
  const fields = Object.entries(isReadonlyRecord(properties) ? properties : {}).map(
    ([name, field]) => [name, { type: inside(field), optional: !names.includes(name) }] as const
  )
  const more = additionalProperties ?? !isReadonlyRecord(properties)
  return {
    _tag: "Object",
    fields: new Map(fields),
    rest: more === false ? null : more === true ? Type.any : inside(more)
  }
}

const literals = (values: ReadonlyArray<unknown>): Type.Type =>
  Type.union(
    values.map((value) => {
      switch (typeof value) {
        case "string":
          return Type.enumeration([value])
        case "boolean":
          return Type.boolean
        case "number":
          return Number.isInteger(value) ? Type.integer : Type.number
        default:
          return value === null ? Type.nothing : Type.any
      }
    })
  )

/** Objects are merged; of anything else the first that says something counts. */
const intersection = (types: ReadonlyArray<Type.Type>): Type.Type => {
  const known = types.filter((type) => type._tag !== "Any")
  const objects = known.filter((type) => type._tag === "Object")
  if (objects.length === 0 || objects.length < known.length) return known[0] ?? Type.any
  const rest = objects.some((type) => type.rest !== null) ? Type.any : null
  return { _tag: "Object", fields: new Map(objects.flatMap((type) => [...type.fields])), rest }
}

/** `#/$defs/Name`; what stands in another document is not known. */
const resolve = (reference: string, root: JsonSchema): unknown =>
  reference === "#"
    ? root
    : !reference.startsWith("#/")
      ? null
      : reference
          .slice(2)
          .split("/")
          .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
          .reduce<unknown>((at, key) => (isReadonlyRecord(at) && Object.hasOwn(at, key) ? at[key] : null), root)
