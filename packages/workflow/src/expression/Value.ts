/**
 * Values while an expression is evaluated: JSON, CEL's integers as `bigint`, and optionals. Numbers that come from
 * outside are doubles, as JSON has them; integers are what the expression itself writes or counts.
 */
import type { Span } from "../parser/Node.ts"

export type Value = null | boolean | number | bigint | string | ReadonlyArray<Value> | Maybe | ValueRecord

export interface ValueRecord {
  readonly [key: string]: Value
}

/** A value that may be missing, as `a.?b` gives it. */
export class Maybe {
  readonly value: Value | undefined
  constructor(value: Value | undefined) {
    this.value = value
  }
}

export type Kind = "null" | "boolean" | "number" | "string" | "list" | "object" | "optional"

export const kindOf = (value: Value): Kind => {
  switch (typeof value) {
    case "boolean":
    case "number":
    case "string":
      return typeof value === "string" ? "string" : typeof value === "number" ? "number" : "boolean"
    case "bigint":
      return "number"
    default:
      return value === null ? "null" : value instanceof Maybe ? "optional" : isList(value) ? "list" : "object"
  }
}

export const isList = (value: unknown): value is ReadonlyArray<Value> => Array.isArray(value)

export const isObject = (value: Value): value is ValueRecord => kindOf(value) === "object"

/**
 * - `missing`: a value that is not there, or null where text is made of it
 * - `type`: an operator or function that does not take what it got
 * - `arithmetic`: a division by zero, an integer beyond 64 bits
 * - `argument`: a text that is no number, an index that is no index
 * - `limit`: more work, or a larger result, than an expression may cost
 */
export type FailureReason = "missing" | "type" | "arithmetic" | "argument" | "limit"

/** Why an expression has no value, and where in its text. */
export class ExpressionFailure {
  readonly reason: FailureReason
  readonly message: string
  readonly span: Span
  constructor(reason: FailureReason, message: string, span: Span) {
    this.reason = reason
    this.message = message
    this.span = span
  }
}

/** What an evaluation may still cost. A unit is some fifty nanoseconds, so that the whole is about a tenth of a second. */
export class Meter {
  #left = 2_000_000

  charge(units: number, span: Span): void {
    this.#left -= units
    if (this.#left < 0) throw new ExpressionFailure("limit", "the expression does more than it may", span)
  }
}

/** Anything that is JSON. What is not is seen as null, never as something with methods. */
export const fromUnknown = (value: unknown): Value => {
  switch (typeof value) {
    case "boolean":
    case "number":
    case "bigint":
    case "string":
      return value
    case "object":
      return value === null || isPlain(value) ? value : null
    default:
      return null
  }
}

const isPlain = (value: object): value is ReadonlyArray<Value> | ValueRecord => {
  if (Array.isArray(value)) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype || value instanceof Maybe
}

/** The value as JSON holds it, copied: integers become numbers, and an optional what it holds. */
export const toJson = (value: Value, meter: Meter, span: Span): unknown => {
  meter.charge(1, span)
  switch (typeof value) {
    case "bigint":
      if (BigInt(Number(value)) === value) return Number(value)
      throw new ExpressionFailure("arithmetic", `${value} is too large for a JSON number`, span)
    case "number":
      if (Number.isFinite(value)) return value
      throw new ExpressionFailure("arithmetic", `${value} is no JSON number`, span)
    case "string":
      meter.charge(value.length / 64, span)
      return value
    case "object": {
      if (value === null) return null
      if (value instanceof Maybe) {
        if (value.value !== undefined) return toJson(value.value, meter, span)
        throw new ExpressionFailure("missing", "the value is missing; give another one with .orValue(…)", span)
      }
      if (isList(value)) return value.map((item) => toJson(fromUnknown(item), meter, span))
      return Object.fromEntries(
        Object.entries(value).map(([key, inner]) => [key, toJson(fromUnknown(inner), meter, span)])
      )
    }
    default:
      return value
  }
}

/** A value in the middle of a text: a scalar plainly, anything else as JSON. Nothing is never written as text. */
export const print = (json: unknown, span: Span): string => {
  if (json === null) throw new ExpressionFailure("missing", "the value is null, which has no text", span)
  return typeof json === "string" ? json : JSON.stringify(json)
}

/** Equality by content; 1 and 1.0 are equal. */
export const equals = (left: Value, right: Value, meter: Meter, span: Span): boolean => {
  meter.charge(1, span)
  if (left === right) return true
  const kind = kindOf(left)
  if (kind !== kindOf(right)) return false
  // oxlint-disable-next-line eqeqeq -- an integer and a double compare by value
  if (kind === "number") return left == right
  if (isList(left) && isList(right)) {
    return (
      left.length === right.length &&
      left.every((item, index) => equals(fromUnknown(item), fromUnknown(right[index]), meter, span))
    )
  }
  if (left instanceof Maybe && right instanceof Maybe) {
    return left.value === undefined || right.value === undefined
      ? left.value === right.value
      : equals(left.value, right.value, meter, span)
  }
  if (!isObject(left) || !isObject(right)) return false
  const keys = Object.keys(left)
  return (
    keys.length === Object.keys(right).length &&
    keys.every(
      (key) => Object.hasOwn(right, key) && equals(fromUnknown(left[key]), fromUnknown(right[key]), meter, span)
    )
  )
}
