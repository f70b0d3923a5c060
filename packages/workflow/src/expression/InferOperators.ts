/** Types of operators. */
import { suggest } from "../diagnostic/Suggestion.ts"
import { assignable } from "../types/Assignable.ts"
import * as Type from "../types/Type.ts"
import type { BinaryOperator } from "./Ast.ts"
import { kindOf, type Of, type Report } from "./InferAccess.ts"
import type { Kind } from "./Value.ts"

/** Operators of two sides. */
export const binary = (expr: Of<"Binary">, left: Type.Type, right: Type.Type, report: Report): Type.Type => {
  const { operator, span } = expr
  const a = kindOf(left)
  const b = kindOf(right)
  const wrong = () =>
    report(
      "PS302",
      span,
      `${Type.print(left)} ${operator} ${Type.print(right)} is not defined`,
      converted(operator, a, b)
    )
  switch (operator) {
    case "==":
    case "!=":
      if (assignable(left, right) === "no" && assignable(right, left) === "no" && a !== "null" && b !== "null") {
        const words = left._tag === "Enum" && right._tag === "Enum" ? ([left, right] as const) : null
        const [allowed, written] = words === null || words[0].values.length > 1 ? (words ?? []) : [words[1], words[0]]
        const hint = suggest(written?.values[0] ?? "", allowed?.values ?? [], "it is one of")
        report("PS302", span, `${Type.print(left)} never equals ${Type.print(right)}`, hint)
      }
      return Type.boolean
    case "in":
      if (b !== null && b !== "list" && b !== "object") wrong()
      return Type.boolean
    case "<":
    case "<=":
    case ">":
    case ">=":
      if (a !== null && b !== null && (a !== b || (a !== "number" && a !== "string"))) wrong()
      return Type.boolean
    case "+":
      if (left._tag === "List" && right._tag === "List") return Type.list(Type.union([left.item, right.item]))
      if ((a === "string" || a === null) && (b === "string" || b === null)) return (a ?? b) ? Type.string : Type.any
      if ((a === "list" && b === null) || (b === "list" && a === null)) return Type.list(Type.any)
  }
  if ((a !== null && a !== "number") || (b !== null && b !== "number")) wrong()
  if (operator === "/" || left._tag !== "Integer" || right._tag !== "Integer") return Type.number
  return Type.integer
}

/** What people mean who add a number to a text. */
const converted = (operator: BinaryOperator, a: Kind | null, b: Kind | null): string | null => {
  if ((a !== "string" || b !== "number") && (a !== "number" || b !== "string")) return null
  return operator === "+"
    ? "write string(…) around the number, or put both into one text"
    : "write double(…) around the text"
}

/** `a.b-c` reads like a name and is a subtraction. */
export const lintHyphen = ({ left, operator, right }: Of<"Binary">, source: string, report: Report): void => {
  const tight = left.span.end + 1 === right.span.start && source[left.span.end] === "-"
  if (operator !== "-" || !tight || left._tag !== "Field" || right._tag === "Literal") return
  const after = /^\w*/.exec(source.slice(right.span.start))?.[0] ?? ""
  const name = `${left.name.text}-${after}`
  const span = { start: left.name.span.start, end: right.span.start + after.length }
  report("PS213", span, `"${name}" is a subtraction`, `write ["${name}"] for a name, or put blanks around the minus`)
}
