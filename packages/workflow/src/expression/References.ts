/** What an expression reads: names from outside of it, with the fields that follow. The base of every dependency. */
import type { Span } from "../parser/Node.ts"
import { children, type Expr, type Name } from "./Ast.ts"
import type { Template } from "./Template.ts"

export interface Reference {
  readonly name: string
  readonly span: Span
  /** The fields that follow and are known: `steps["a"].output[i]` has `a` and `output`. */
  readonly path: ReadonlyArray<Name>
}

/** `a.b["c"]` as a name and fields; null for anything else. */
const chain = (expr: Expr): Reference | null => {
  switch (expr._tag) {
    case "Variable":
      return { name: expr.name, span: expr.span, path: [] }
    case "Field":
    case "Has": {
      const target = chain(expr.target)
      return target === null ? null : { ...target, path: [...target.path, expr.name] }
    }
    case "Index": {
      const target = chain(expr.target)
      const { index } = expr
      if (target === null || index._tag !== "Literal" || typeof index.value !== "string") return null
      return { ...target, path: [...target.path, { text: index.value, span: index.span }] }
    }
    default:
      return null
  }
}

const none: ReadonlySet<string> = new Set()

export const ofExpr = (expr: Expr, bound: ReadonlySet<string> = none): ReadonlyArray<Reference> => {
  const found = chain(expr)
  if (found !== null) return bound.has(found.name) ? [] : [found]
  if (expr._tag !== "Loop") return children(expr).flatMap((child) => ofExpr(child, bound))
  const inner = new Set(bound).add(expr.variable)
  const inside = expr.filter === null ? [expr.body] : [expr.filter, expr.body]
  return [...ofExpr(expr.target, bound), ...inside.flatMap((child) => ofExpr(child, inner))]
}

/** The references of a template, with spans in its text. */
export const ofTemplate = (template: Template): ReadonlyArray<Reference> =>
  template.parts.flatMap((part) => {
    if (part._tag === "Text") return []
    const move = (span: Span): Span => ({ start: span.start + part.offset, end: span.end + part.offset })
    return ofExpr(part.expr).map(({ name, path, span }) => ({
      name,
      span: move(span),
      path: path.map((field) => ({ text: field.text, span: move(field.span) }))
    }))
  })
