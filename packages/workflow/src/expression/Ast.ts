/** An expression as a tree of our own: small, closed, every node with its place in the expression's text. */
import type { Code } from "../diagnostic/Codes.ts"
import type { Span } from "../parser/Node.ts"

export type LoopKind = "all" | "exists" | "exists_one" | "filter" | "map"
export type ArithmeticOperator = "+" | "-" | "*" | "/" | "%"
export type ComparisonOperator = "<" | "<=" | ">" | ">="
export type BinaryOperator = ArithmeticOperator | ComparisonOperator | "==" | "!=" | "in"

export type Expr = { readonly span: Span } & (
  | { readonly _tag: "Literal"; readonly value: null | boolean | number | bigint | string }
  | { readonly _tag: "Variable"; readonly name: string }
  /** `target.name`, or `target.?name` when it may be missing. */
  | { readonly _tag: "Field"; readonly target: Expr; readonly name: Name; readonly optional: boolean }
  | { readonly _tag: "Index"; readonly target: Expr; readonly index: Expr; readonly optional: boolean }
  | { readonly _tag: "Has"; readonly target: Expr; readonly name: Name }
  /** `target.name(args)`, or `name(args)` where target is null. */
  | {
      readonly _tag: "Call"
      readonly target: Expr | null
      readonly name: Name
      readonly args: ReadonlyArray<Expr>
    }
  /** `target.map(variable, filter, body)` and its kin. */
  | {
      readonly _tag: "Loop"
      readonly kind: LoopKind
      readonly target: Expr
      readonly variable: string
      readonly filter: Expr | null
      readonly body: Expr
    }
  | { readonly _tag: "List"; readonly items: ReadonlyArray<Expr> }
  | { readonly _tag: "Map"; readonly entries: ReadonlyArray<readonly [key: Expr, value: Expr]> }
  | { readonly _tag: "Conditional"; readonly condition: Expr; readonly yes: Expr; readonly no: Expr }
  | { readonly _tag: "Logical"; readonly operator: "&&" | "||"; readonly left: Expr; readonly right: Expr }
  | { readonly _tag: "Binary"; readonly operator: BinaryOperator; readonly left: Expr; readonly right: Expr }
  | { readonly _tag: "Unary"; readonly operator: "!" | "-"; readonly operand: Expr }
)

export interface Name {
  readonly text: string
  readonly span: Span
}

/** Something wrong in a text, at an offset of that text. */
export interface Problem {
  readonly code: Code
  readonly span: Span
  readonly message: string
  readonly hint: string | null
}

/** The expressions directly inside of one. */
export const children = (expr: Expr): ReadonlyArray<Expr> => {
  switch (expr._tag) {
    case "Literal":
    case "Variable":
      return []
    case "Field":
    case "Has":
      return [expr.target]
    case "Index":
      return [expr.target, expr.index]
    case "Call":
      return expr.target === null ? expr.args : [expr.target, ...expr.args]
    case "Loop":
      return expr.filter === null ? [expr.target, expr.body] : [expr.target, expr.filter, expr.body]
    case "List":
      return expr.items
    case "Map":
      return expr.entries.flat()
    case "Conditional":
      return [expr.condition, expr.yes, expr.no]
    case "Logical":
    case "Binary":
      return [expr.left, expr.right]
    case "Unary":
      return [expr.operand]
  }
}
