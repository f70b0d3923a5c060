/** Types of fields and items: what a path leads to, and what it does not. */
import { suggest } from "../diagnostic/Suggestion.ts"
import type { Span } from "../parser/Node.ts"
import { assignable } from "../types/Assignable.ts"
import * as Type from "../types/Type.ts"
import type { Expr, Problem } from "./Ast.ts"
import type { Kind } from "./Value.ts"

export type Report = (code: Problem["code"], span: Span, message: string, hint?: string | null) => void
export type Of<Tag extends Expr["_tag"]> = Extract<Expr, { readonly _tag: Tag }>

/** The one kind that all values of a type have; null where that is not known. */
export const kindOf = (type: Type.Type): Kind | null => {
  switch (type._tag) {
    case "Any":
      return null
    case "Null":
      return "null"
    case "Boolean":
      return "boolean"
    case "Integer":
    case "Number":
      return "number"
    case "String":
    case "Enum":
      return "string"
    case "List":
      return "list"
    case "Object":
      return "object"
    case "Optional":
      return "optional"
    case "Union": {
      const kinds = new Set(type.members.map(kindOf))
      const [only = null] = kinds
      return kinds.size === 1 ? only : null
    }
  }
}

/** Whether a value can be a condition. */
export const condition = (type: Type.Type, span: Span, report: Report): void => {
  if (assignable(type, Type.boolean) === "no") {
    report("PS303", span, `expected true or false, found ${Type.print(type)}`, "compare it with something")
  }
}

export const field = (target: Type.Type, name: string, optional: boolean, span: Span, report: Report): Type.Type => {
  if (target._tag === "Optional") {
    const found = field(target.value, name, true, span, report)
    return found._tag === "Optional" ? found : Type.optional(found)
  }
  const wrap = (type: Type.Type): Type.Type => (optional ? Type.optional(type) : type)
  if (target._tag === "Any") return wrap(Type.any)
  const objects = (target._tag === "Union" ? target.members : [target]).filter((member) => member._tag === "Object")
  if (objects.length === 0) {
    report("PS202", span, `${Type.print(target)} has no field "${name}"`)
    return wrap(Type.any)
  }
  const found = objects.flatMap((member) => {
    const known = member.fields.get(name)
    if (known !== undefined) return [known]
    return member.rest === null ? [] : [{ type: member.rest, optional: false }]
  })
  if (found.length === 0) {
    const known = objects.flatMap((member) => [...member.fields.keys()])
    report("PS202", span, `there is no field "${name}"`, suggest(name, known, "its fields are"))
    return wrap(Type.any)
  }
  if (!optional && found.some((one) => one.optional)) {
    report("PS305", span, `"${name}" may be missing`, `write .?${name}.orValue(…)`)
  }
  return wrap(Type.union(found.map((one) => one.type)))
}

export const index = (
  target: Type.Type,
  at: Type.Type,
  { index, optional, span }: Of<"Index">,
  report: Report
): Type.Type => {
  if (target._tag === "Optional") {
    return Type.optional(item(target.value, at, index, true, span, report))
  }
  const found = item(target, at, index, optional, span, report)
  return optional && found._tag !== "Optional" ? Type.optional(found) : found
}

const item = (
  target: Type.Type,
  at: Type.Type,
  index: Expr,
  optional: boolean,
  span: Span,
  report: Report
): Type.Type => {
  const kind = kindOf(at)
  if (target._tag === "List") {
    if (kind !== "number" && kind !== null) report("PS302", index.span, `a list takes a number, not ${Type.print(at)}`)
    return target.item
  }
  if (target._tag === "Object") {
    if (kind !== "string" && kind !== null) {
      report("PS302", index.span, `a mapping takes a text, not ${Type.print(at)}`)
      return Type.any
    }
    if (index._tag !== "Literal")
      return Type.union([...Array.from(target.fields.values(), (one) => one.type), target.rest ?? Type.any])
    const found = field(target, String(index.value), optional, index.span, report)
    return found._tag === "Optional" ? found.value : found
  }
  if (kindOf(target) !== null) report("PS302", span, `${Type.print(target)} has no items`)
  return Type.any
}
