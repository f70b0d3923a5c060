/**
 * The value of an expression: a function of what it reads and nothing else. No clock, no randomness, no calls out, and
 * never more work than the meter allows, so that a replay gives the same value and no expression can hold up a run.
 */
import type { Span } from "../parser/Node.ts"
import type { Expr } from "./Ast.ts"
import * as Functions from "./Functions.ts"
import { binary, negate } from "./Operators.ts"
import { ExpressionFailure, fromUnknown, isList, isObject, kindOf, Maybe, type Meter, type Value } from "./Value.ts"

/** What an expression can name. */
export type Scope = ReadonlyMap<string, Value>

const missing = (message: string, span: Span) => new ExpressionFailure("missing", message, span)
const mistyped = (message: string, span: Span) => new ExpressionFailure("type", message, span)

export const evaluate = (expr: Expr, scope: Scope, meter: Meter): Value => {
  meter.charge(1, expr.span)
  const inside = (inner: Expr): Value => evaluate(inner, scope, meter)
  switch (expr._tag) {
    case "Literal":
      return expr.value
    case "Variable": {
      const value = scope.get(expr.name)
      if (value === undefined) throw missing(`"${expr.name}" has no value`, expr.span)
      return value
    }
    case "Field":
      return access(inside(expr.target), expr.name.text, expr.optional, expr.name.span)
    case "Index":
      return access(inside(expr.target), key(inside(expr.index), expr.index.span), expr.optional, expr.span)
    case "Has": {
      const found = access(inside(expr.target), expr.name.text, true, expr.name.span)
      return found instanceof Maybe && found.value !== undefined
    }
    case "Call":
      return call(expr, scope, meter)
    case "Loop":
      return loop(expr, scope, meter)
    case "List":
      return expr.items.map(inside)
    case "Map":
      return Object.fromEntries(expr.entries.map(([name, value]) => [mapKey(inside(name), name.span), inside(value)]))
    case "Conditional":
      return inside(truth(inside(expr.condition), expr.condition.span) ? expr.yes : expr.no)
    case "Logical":
      return logical(expr, scope, meter)
    case "Unary": {
      const value = inside(expr.operand)
      if (expr.operator === "!") return !truth(value, expr.operand.span)
      return negate(value, expr.operand.span)
    }
    case "Binary":
      return binary(expr, inside(expr.left), inside(expr.right), meter)
  }
}

export const truth = (value: Value, span: Span): boolean => {
  if (typeof value === "boolean") return value
  throw mistyped(`expected true or false, found ${kindOf(value)}`, span)
}

const key = (value: Value, span: Span): string | number => {
  if (typeof value === "string" || typeof value === "number") return value
  if (typeof value === "bigint") return Number(value)
  throw mistyped(`a list takes a number and a mapping a text, not ${kindOf(value)}`, span)
}

/** JSON's keys are texts. */
const mapKey = (value: Value, span: Span): string => {
  if (typeof value === "string" && value !== "__proto__") return value
  throw mistyped("the keys of a mapping are texts", span)
}

/** An optional step along a path stays optional for the rest of it. */
const access = (target: Value, at: string | number, optional: boolean, span: Span): Value => {
  if (target instanceof Maybe) return target.value === undefined ? target : access(target.value, at, true, span)
  const found = lookUp(target, at)
  if (optional) return new Maybe(found)
  if (found !== undefined) return found
  if (isList(target) && typeof at === "number") {
    throw missing(`there is no item ${at}; the list has ${target.length}`, span)
  }
  const name = JSON.stringify(at)
  if (isObject(target))
    throw missing(`there is no ${name}; write .?${String(at)}.orValue(…) if it may be missing`, span)
  throw missing(`${kindOf(target)} has no ${name}`, span)
}

const lookUp = (target: Value, at: string | number): Value | undefined => {
  if (isList(target)) {
    const item = typeof at === "number" ? target[at] : undefined
    return item === undefined ? undefined : fromUnknown(item)
  }
  if (!isObject(target) || typeof at !== "string" || !Object.hasOwn(target, at)) return undefined
  const value = target[at]
  return value === undefined ? undefined : fromUnknown(value)
}

type Of<Tag extends Expr["_tag"]> = Extract<Expr, { readonly _tag: Tag }>

const call = ({ args, name, span, target }: Of<"Call">, scope: Scope, meter: Meter): Value => {
  const signature = Functions.find(name.text, target !== null)
  if (signature === null) throw mistyped(`there is no function ${name.text}`, name.span)
  const receiver = target === null ? [] : [evaluate(target, scope, meter)]
  const [first] = receiver
  // What stands in for a missing value is looked at only when it is missing.
  if (first instanceof Maybe && first.value !== undefined) {
    if (name.text === "orValue") return first.value
    if (name.text === "or") return first
  }
  const values = [...receiver, ...args.map((argument) => evaluate(argument, scope, meter))]
  const overload = Functions.select(signature, values.map(kindOf))
  if (overload === null) {
    throw mistyped(`${name.text}() does not take ${values.map(kindOf).join(", ") || "nothing"}`, name.span)
  }
  return overload.run(values, { meter, span })
}

const loop = ({ body, filter, kind, target, variable }: Of<"Loop">, scope: Scope, meter: Meter): Value => {
  const range = evaluate(target, scope, meter)
  if (!isList(range) && !isObject(range))
    throw mistyped(`${kind}() runs over a list, not ${kindOf(range)}`, target.span)
  const inner = new Map(scope)
  meter.charge(scope.size, target.span)
  const results: Array<Value> = []
  let count = 0
  // CEL absorbs a failure when another item decides.
  let failure: unknown = null
  // The keys of a mapping, as CEL has it.
  for (const raw of isList(range) ? range : Object.keys(range)) {
    const item = fromUnknown(raw)
    inner.set(variable, item)
    if (filter !== null && !truth(evaluate(filter, inner, meter), filter.span)) continue
    if (kind === "map") {
      results.push(evaluate(body, inner, meter))
      continue
    }
    const outcome = kind === "all" || kind === "exists" ? attempt(body, inner, meter) : truthOf(body, inner, meter)
    if (outcome instanceof ExpressionFailure) {
      failure ??= outcome
    } else if (kind === "filter") {
      if (outcome) results.push(item)
    } else if (kind === "exists_one") {
      count += outcome ? 1 : 0
    } else if (outcome === (kind === "exists")) {
      return outcome
    }
  }
  if (failure !== null) throw failure
  switch (kind) {
    case "map":
    case "filter":
      return results
    case "exists_one":
      return count === 1
    case "all":
      return true
    case "exists":
      return false
  }
}

const truthOf = (expr: Expr, scope: Scope, meter: Meter): boolean => truth(evaluate(expr, scope, meter), expr.span)

const attempt = (expr: Expr, scope: Scope, meter: Meter): boolean | ExpressionFailure => {
  try {
    return truthOf(expr, scope, meter)
  } catch (failure) {
    if (failure instanceof ExpressionFailure && failure.reason !== "limit") return failure
    throw failure
  }
}

/** One side that decides is enough, whichever it is, as CEL has it. */
const logical = ({ left, operator, right }: Of<"Logical">, scope: Scope, meter: Meter): boolean => {
  const decisive = operator === "||"
  const first = attempt(left, scope, meter)
  if (first === decisive) return first
  const second = truthOf(right, scope, meter)
  if (second === decisive || typeof first === "boolean") return second
  throw first
}
