/** What operators do with values: integers as CEL has them, doubles as JSON has them, and both together as doubles. */
import type { Span } from "../parser/Node.ts"
import type { ArithmeticOperator, ComparisonOperator, Expr } from "./Ast.ts"
import { equals, ExpressionFailure, fromUnknown, isList, isObject, kindOf, type Meter, type Value } from "./Value.ts"

type BinaryExpr = Extract<Expr, { readonly _tag: "Binary" }>

const mistyped = (message: string, span: Span) => new ExpressionFailure("type", message, span)

export const negate = (value: Value, span: Span): Value => {
  if (typeof value === "bigint") return int64(-value, span)
  if (typeof value === "number") return -value
  throw mistyped(`- takes a number, not ${kindOf(value)}`, span)
}

/** Both sides of an operator are values by now. */
export const binary = (expr: BinaryExpr, a: Value, b: Value, meter: Meter): Value => {
  const { left, operator, right, span } = expr
  switch (operator) {
    case "==":
      return equals(a, b, meter, span)
    case "!=":
      return !equals(a, b, meter, span)
    case "in":
      if (isList(b)) return b.some((item) => equals(a, fromUnknown(item), meter, span))
      if (isObject(b)) return typeof a === "string" && Object.hasOwn(b, a)
      throw mistyped(`in takes a list or a mapping on its right, not ${kindOf(b)}`, right.span)
    case "<":
    case "<=":
    case ">":
    case ">=":
      return compare(operator, a, b, span)
    case "+":
      if (typeof a === "string" && typeof b === "string") {
        meter.charge((a.length + b.length) / 64, span)
        return a + b
      }
      if (isList(a) && isList(b)) {
        meter.charge(a.length + b.length, span)
        return [...a, ...b]
      }
  }
  if (typeof a === "bigint" && typeof b === "bigint") return integers(operator, a, b, span)
  if (kindOf(a) === "number" && kindOf(b) === "number") return doubles(operator, Number(a), Number(b), span)
  const wrong = kindOf(a) === "number" ? right : left
  throw mistyped(`${kindOf(a)} ${operator} ${kindOf(b)} is not defined`, a === b ? span : wrong.span)
}

const compare = (operator: ComparisonOperator, a: Value, b: Value, span: Span): boolean => {
  const kind = kindOf(a)
  if (kind !== kindOf(b) || (kind !== "number" && kind !== "string") || a === null || b === null) {
    throw mistyped(`${kind} ${operator} ${kindOf(b)} is not defined`, span)
  }
  switch (operator) {
    case "<":
      return a < b
    case "<=":
      return a <= b
    case ">":
      return a > b
    case ">=":
      return a >= b
  }
}

const integers = (operator: ArithmeticOperator, a: bigint, b: bigint, span: Span): Value => {
  if (b === 0n && (operator === "/" || operator === "%")) {
    throw new ExpressionFailure("arithmetic", "division by zero", span)
  }
  switch (operator) {
    case "+":
      return int64(a + b, span)
    case "-":
      return int64(a - b, span)
    case "*":
      return int64(a * b, span)
    case "/":
      return int64(a / b, span)
    case "%":
      return a % b
  }
}

const int64 = (value: bigint, span: Span): bigint => {
  if (BigInt.asIntN(64, value) === value) return value
  throw new ExpressionFailure("arithmetic", "an integer has at most 64 bits", span)
}

/** JSON has neither infinity nor NaN, so that no value may become one. */
const doubles = (operator: ArithmeticOperator, a: number, b: number, span: Span): Value => {
  const result = arithmetic(operator, a, b)
  if (Number.isFinite(result)) return result
  throw new ExpressionFailure("arithmetic", b === 0 ? "division by zero" : "the number is too large", span)
}

const arithmetic = (operator: ArithmeticOperator, a: number, b: number): number => {
  switch (operator) {
    case "+":
      return a + b
    case "-":
      return a - b
    case "*":
      return a * b
    case "/":
      return a / b
    case "%":
      return a % b
  }
}
