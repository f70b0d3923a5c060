/**
 * Texts with `${…}` in them. A text that is exactly one expression keeps the expression's type; in the middle of a text
 * a scalar is written plainly and anything else as JSON. `$${` stands for `${`. What an expression gives is never
 * looked at again.
 */
import * as Either from "effect/Either"
import type { Span } from "../parser/Node.ts"
import type { Expr, Problem } from "./Ast.ts"
import { evaluate as evaluateExpr } from "./Evaluate.ts"
import * as Syntax from "./Syntax.ts"
import { ExpressionFailure, fromUnknown, Meter, print, toJson, type Value } from "./Value.ts"

export type Part =
  | { readonly _tag: "Text"; readonly text: string }
  | {
      readonly _tag: "Expression"
      readonly expr: Expr
      /** Where the expression's text begins in the template's. */
      readonly offset: number
    }

export interface Template {
  readonly parts: ReadonlyArray<Part>
  /** Whether the template is one expression and nothing else, so that its value is not turned into text. */
  readonly exact: boolean
}

export interface Compiled {
  /** Null where there are problems. */
  readonly template: Template | null
  /** Their spans are in the template's text. */
  readonly problems: ReadonlyArray<Problem>
}

const shift = (span: Span, by: number): Span => ({ start: span.start + by, end: span.end + by })

const quote = /^(?:"""|'''|"|')/

/** The end of a CEL text that begins at `at`, behind its closing quote; null when there is none. */
const endOfText = (source: string, at: number): number | null => {
  const mark = quote.exec(source.slice(at, at + 3))?.[0] ?? ""
  for (let place = at + mark.length; place < source.length; place++) {
    if (source[place] === "\\") place += 1
    else if (source.startsWith(mark, place)) return place + mark.length
  }
  return null
}

/** Where the `}` stands that closes an expression; braces and quotes inside of it are part of it. */
const closing = (source: string, from: number): number | null => {
  let depth = 0
  for (let at = from; at < source.length; at++) {
    const sign = source[at]
    if (sign === "{") depth += 1
    else if (sign === "}" && depth === 0) return at
    else if (sign === "}") depth -= 1
    else if (sign === '"' || sign === "'") {
      const end = endOfText(source, at)
      if (end === null) return source.indexOf("}", at) < 0 ? null : source.indexOf("}", at)
      at = end - 1
    }
  }
  return null
}

/** More than these is a program. */
const maxExpressions = 200

export const compile = (source: string): Compiled => {
  const parts: Array<Part> = []
  const problems: Array<Problem> = []
  let text = ""
  let count = 0
  const flush = () => {
    if (text !== "") parts.push({ _tag: "Text", text })
    text = ""
  }
  for (let at = 0; at < source.length;) {
    const next = source.indexOf("$", at)
    if (next < 0) {
      text += source.slice(at)
      break
    }
    text += source.slice(at, next)
    if (source.startsWith("$${", next)) {
      text += "${"
      at = next + 3
    } else if (source.startsWith("${", next)) {
      const end = closing(source, next + 2)
      if (end === null) {
        const span = { start: next, end: next + 2 }
        problems.push({ code: "PS122", span, message: "this ${ is never closed", hint: "write $${ for a plain ${" })
        break
      }
      flush()
      count += 1
      if (count > maxExpressions) {
        const message = `more than ${maxExpressions} expressions in one text`
        problems.push({
          code: "PS121",
          span: { start: next, end: next + 2 },
          message,
          hint: "set values in a step of their own"
        })
        break
      }
      const offset = next + 2
      const parsed = Syntax.parse(source.slice(offset, end))
      problems.push(...parsed.problems.map((problem) => ({ ...problem, span: shift(problem.span, offset) })))
      if (parsed.expr !== null) parts.push({ _tag: "Expression", expr: parsed.expr, offset })
      at = end + 1
    } else {
      text += "$"
      at = next + 1
    }
  }
  flush()
  if (problems.length > 0) return { template: null, problems }
  return { template: { parts, exact: parts.length === 1 && parts[0]?._tag === "Expression" }, problems }
}

/** An expression where nothing else can stand, as after `if:`; `${ }` around it may be left out. */
export const compileBare = (source: string): Compiled => {
  if (source.includes("${")) return compile(source)
  const { expr, problems } = Syntax.parse(source)
  return {
    template: expr === null ? null : { parts: [{ _tag: "Expression", expr, offset: 0 }], exact: true },
    problems
  }
}

/** Whether a text has anything to evaluate. */
export const isConstant = (template: Template): boolean => template.parts.every((part) => part._tag === "Text")

export const constant = (text: string): Template => ({ parts: [{ _tag: "Text", text }], exact: false })

/** Values by name. */
export interface Scope {
  readonly [name: string]: unknown
}

export const toScope = (scope: Scope): ReadonlyMap<string, Value> =>
  new Map(Object.entries(scope).map(([name, value]) => [name, fromUnknown(value)]))

/** The value of a template as JSON, or why it has none, with the place in the template's text. */
export const evaluate = (template: Template, scope: Scope): Either.Either<unknown, ExpressionFailure> =>
  evaluateWith(template, toScope(scope), new Meter())

/** The same where one meter counts for several templates: the parameters of one call. */
export const evaluateWith = (
  template: Template,
  scope: ReadonlyMap<string, Value>,
  meter: Meter
): Either.Either<unknown, ExpressionFailure> => {
  const texts: Array<string> = []
  for (const part of template.parts) {
    if (part._tag === "Text") {
      texts.push(part.text)
      continue
    }
    try {
      const json = toJson(evaluateExpr(part.expr, scope, meter), meter, part.expr.span)
      if (template.exact) return Either.right(json)
      texts.push(print(json, part.expr.span))
    } catch (failure) {
      if (!(failure instanceof ExpressionFailure)) throw failure
      return Either.left(new ExpressionFailure(failure.reason, failure.message, shift(failure.span, part.offset)))
    }
  }
  return Either.right(texts.join(""))
}
