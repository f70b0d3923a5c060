/**
 * The type of an expression, with everything that is wrong about it. Names that the scope does not have are told by
 * whoever knows all names; here they are values of any type, so that one mistake is told once.
 */
import { suggest } from "../diagnostic/Suggestion.ts"
import * as Type from "../types/Type.ts"
import type { Expr, Problem } from "./Ast.ts"
import * as Functions from "./Functions.ts"
import { condition, field, index, kindOf, type Of, type Report } from "./InferAccess.ts"
import { binary, lintHyphen } from "./InferOperators.ts"
import { compilePattern } from "./Pattern.ts"

export type Scope = ReadonlyMap<string, Type.Type>

export interface Inferred {
  readonly type: Type.Type
  readonly problems: ReadonlyArray<Problem>
}

/** The source is the expression's text, which tells `a.b-c` from `a.b - c`. */
export const infer = (expr: Expr, scope: Scope, source: string): Inferred => {
  const problems: Array<Problem> = []
  const report: Report = (code, span, message, hint = null) => {
    problems.push({ code, span, message, hint })
  }
  return { type: visit(expr, scope, source, report), problems }
}

const literalType = (value: Of<"Literal">["value"]): Type.Type => {
  switch (typeof value) {
    case "boolean":
      return Type.boolean
    case "bigint":
      return Type.integer
    case "number":
      return Type.number
    case "string":
      return Type.enumeration([value])
    default:
      return Type.nothing
  }
}

const visit = (expr: Expr, scope: Scope, source: string, report: Report): Type.Type => {
  const inside = (inner: Expr): Type.Type => visit(inner, scope, source, report)
  /** Null takes part in nothing; what is left is looked at. */
  const present = (inner: Expr): Type.Type => {
    const type = inside(inner)
    if (type._tag === "Union" && Type.isNullable(type)) {
      report("PS308", inner.span, "this may be null", "compare it with null first")
    }
    return Type.withoutNull(type)
  }
  switch (expr._tag) {
    case "Literal":
      return literalType(expr.value)
    case "Variable":
      return scope.get(expr.name) ?? Type.any
    case "Field":
      return field(present(expr.target), expr.name.text, expr.optional, expr.name.span, report)
    case "Index":
      return index(present(expr.target), inside(expr.index), expr, report)
    case "Has":
      field(inside(expr.target), expr.name.text, true, expr.name.span, report)
      return Type.boolean
    case "Call":
      return call(expr, expr.target === null ? null : present(expr.target), expr.args.map(inside), report)
    case "Loop":
      return loop(expr, present(expr.target), scope, source, report)
    case "List":
      return Type.list(Type.union(expr.items.map(inside)))
    case "Map":
      return object(expr, inside, report)
    case "Conditional":
      condition(inside(expr.condition), expr.condition.span, report)
      return Type.union([inside(expr.yes), inside(expr.no)])
    case "Logical":
      condition(inside(expr.left), expr.left.span, report)
      condition(inside(expr.right), expr.right.span, report)
      return Type.boolean
    case "Unary": {
      const type = present(expr.operand)
      if (expr.operator === "!") {
        condition(type, expr.operand.span, report)
        return Type.boolean
      }
      const kind = kindOf(type)
      if (kind === "number" || kind === null) return type
      report("PS302", expr.operand.span, `- takes a number, not ${Type.print(type)}`)
      return Type.number
    }
    case "Binary": {
      lintHyphen(expr, source, report)
      const compares = expr.operator === "==" || expr.operator === "!=" || expr.operator === "in"
      const left = compares ? inside(expr.left) : present(expr.left)
      return binary(expr, left, compares ? inside(expr.right) : present(expr.right), report)
    }
  }
}

const call = (
  { args, name, span }: Of<"Call">,
  target: Type.Type | null,
  types: ReadonlyArray<Type.Type>,
  report: Report
): Type.Type => {
  const signature = Functions.find(name.text, target !== null)
  if (signature === null) {
    const known = Functions.names(target !== null)
    report("PS212", name.span, `there is no function ${name.text}()`, suggest(name.text, known, "there are"))
    return Type.any
  }
  const given = target === null ? types : [target, ...types]
  const overload = Functions.select(
    signature,
    given.map((type) => kindOf(Type.withoutNull(type)))
  )
  if (overload === null) {
    const receiver = target === null ? "" : `${Type.print(target)}.`
    report(
      "PS302",
      span,
      `${receiver}${name.text}() does not take (${types.map((type) => Type.print(type)).join(", ")})`
    )
    return signature.overloads[0]?.gives ?? Type.any
  }
  const [pattern] = args
  if (name.text === "matches" && pattern?._tag === "Literal" && typeof pattern.value === "string") {
    if (compilePattern(pattern.value) === null) {
      report(
        "PS606",
        pattern.span,
        "this is no regular expression of RE2",
        "backreferences and look-around are not part of it"
      )
    }
  }
  const [first, second] = given
  const held = first?._tag === "Optional" ? first.value : Type.any
  switch (name.text) {
    case "orValue":
      return Type.union([held, second ?? Type.any])
    case "or":
      return first ?? Type.any
    case "value":
      return held
    default:
      return overload.gives
  }
}

const loop = (expr: Of<"Loop">, target: Type.Type, scope: Scope, source: string, report: Report): Type.Type => {
  const { body, filter, kind, variable } = expr
  const item = target._tag === "List" ? target.item : target._tag === "Object" ? Type.string : Type.any
  const over = kindOf(target)
  if (over !== null && over !== "list" && over !== "object") {
    report("PS302", expr.target.span, `${kind}() runs over a list, not ${Type.print(target)}`)
  }
  const inner = new Map(scope).set(variable, item)
  if (filter !== null) condition(visit(filter, inner, source, report), filter.span, report)
  const result = visit(body, inner, source, report)
  if (kind === "map") return Type.list(result)
  condition(result, body.span, report)
  return kind === "filter" ? Type.list(item) : Type.boolean
}

const object = (expr: Of<"Map">, inside: (expr: Expr) => Type.Type, report: Report): Type.Type => {
  const fields = new Map<string, Type.Field>()
  let rest: Type.Type | null = null
  for (const [key, value] of expr.entries) {
    const type = inside(value)
    if (key._tag === "Literal" && typeof key.value === "string") {
      fields.set(key.value, { type, optional: false })
      continue
    }
    const keyType = inside(key)
    rest = rest === null ? type : Type.union([rest, type])
    const kind = kindOf(keyType)
    const hint = key._tag === "Variable" ? `write "${key.name}" for the plain name` : null
    if (kind !== null && kind !== "string") report("PS302", key.span, "the keys of a mapping are texts", hint)
  }
  return { _tag: "Object", fields, rest }
}
