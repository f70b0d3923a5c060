/**
 * Types that stay small. A step's type may hold the types of all steps before it, twice each: a few lines of a file
 * would make a type that takes forever to walk. What is too deep or too much is any value.
 */
import * as Type from "./Type.ts"

const maxDepth = 12
export const maxTypes = 1000

export const bounded = (type: Type.Type): Type.Type => {
  let left = maxTypes
  let cut = false
  const visit = (inner: Type.Type, depth: number): Type.Type => {
    left -= 1
    if (left < 0 || depth > maxDepth) {
      cut = true
      return Type.any
    }
    switch (inner._tag) {
      case "List":
        return Type.list(visit(inner.item, depth + 1))
      case "Optional":
        return Type.optional(visit(inner.value, depth + 1))
      case "Union":
        return Type.union(inner.members.map((member) => visit(member, depth + 1)))
      case "Object":
        return {
          _tag: "Object",
          fields: new Map(
            Array.from(inner.fields, ([name, field]) => [name, { ...field, type: visit(field.type, depth + 1) }])
          ),
          rest: inner.rest === null ? null : visit(inner.rest, depth + 1)
        }
      default:
        return inner
    }
  }
  const copy = visit(type, 0)
  // Nearly all types are small, and the same object is compared at once.
  return cut ? copy : type
}
