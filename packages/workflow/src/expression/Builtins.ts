/** What the functions do, each with what it takes and gives, and a charge for its work. */
import type { Span } from "../parser/Node.ts"
import * as Type from "../types/Type.ts"
import { compilePattern } from "./Pattern.ts"
import { ExpressionFailure, isList, kindOf, type Kind, Maybe, type Meter, type Value } from "./Value.ts"

export interface Context {
  readonly meter: Meter
  readonly span: Span
}

export interface Overload {
  /** Kinds of the arguments, the receiver first where there is one. */
  readonly takes: ReadonlyArray<ReadonlyArray<Kind> | "any">
  readonly gives: Type.Type
  readonly run: (args: ReadonlyArray<Value>, context: Context) => Value
}

export const text: ReadonlyArray<Kind> = ["string"]
export const numeric: ReadonlyArray<Kind> = ["number"]
export const items: ReadonlyArray<Kind> = ["list"]
const sized: ReadonlyArray<Kind> = ["string", "list", "object"]
export const scalar: ReadonlyArray<Kind> = ["string", "number", "boolean"]

const fail = (context: Context, message: string): ExpressionFailure =>
  new ExpressionFailure("argument", message, context.span)

export const str = (value: Value | undefined): string => (typeof value === "string" ? value : "")

/** A position in a text or list: a whole number within bounds. */
export const position = (value: Value | undefined, most: number, context: Context): number => {
  const at = Number(value)
  if (Number.isInteger(at) && at >= 0 && at <= most) return at
  throw fail(context, `${String(value)} is no position from 0 to ${most}`)
}

/** On two texts; work grows with the first. */
export const onTexts = (gives: Type.Type, run: (receiver: string, argument: string) => Value): Overload => ({
  takes: [text, text],
  gives,
  run: ([receiver, argument], context) => {
    context.meter.charge((str(receiver).length + str(argument).length) / 16, context.span)
    return run(str(receiver), str(argument))
  }
})

export const onText = (run: (receiver: string) => Value): Overload => ({
  takes: [text],
  gives: Type.string,
  run: ([receiver], { meter, span }) => {
    meter.charge(str(receiver).length / 16, span)
    return run(str(receiver))
  }
})

export const searching = (search: (text: string, part: string, from: number | undefined) => number) => [
  onTexts(Type.integer, (receiver, part) => BigInt(search(receiver, part, undefined))),
  {
    takes: [text, text, numeric],
    gives: Type.integer,
    run: ([receiver, part, from]: ReadonlyArray<Value>, context: Context) => {
      context.meter.charge(str(receiver).length / 16, context.span)
      return BigInt(search(str(receiver), str(part), position(from, str(receiver).length, context)))
    }
  }
]

export const size: Overload = {
  takes: [sized],
  gives: Type.integer,
  run: ([value], { meter, span }) => {
    if (typeof value === "string") {
      meter.charge(value.length / 16, span)
      // Code points, as CEL counts.
      return BigInt(value.length - (value.match(/[\ud800-\udbff][\udc00-\udfff]/g)?.length ?? 0))
    }
    return BigInt(isList(value) ? value.length : Object.keys(value ?? {}).length)
  }
}

export const asciiCase = (receiver: string, range: RegExp, shift: number): string =>
  receiver.replace(range, (letter) => String.fromCharCode(letter.charCodeAt(0) + shift))

export const toInt: Overload = {
  takes: [["number", "string"]],
  gives: Type.integer,
  run: ([value], context) => {
    if (typeof value === "bigint") return value
    if (typeof value === "number" && Number.isFinite(value)) return BigInt(Math.trunc(value))
    if (typeof value === "string" && /^[-+]?\d{1,18}$/.test(value)) return BigInt(value.replace(/^\+/, ""))
    throw fail(context, `${JSON.stringify(str(value).slice(0, 40))} is no integer`)
  }
}

export const toDouble: Overload = {
  takes: [["number", "string"]],
  gives: Type.number,
  run: ([value], context) => {
    if (typeof value === "number" || typeof value === "bigint") return Number(value)
    if (/^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(str(value))) return Number(value)
    throw fail(context, `${JSON.stringify(str(value).slice(0, 40))} is no number`)
  }
}

export const toBool: Overload = {
  takes: [["boolean", "string"]],
  gives: Type.boolean,
  run: ([value], context) => {
    if (typeof value === "boolean") return value
    if (/^(?:1|t|true|TRUE|True)$/.test(str(value))) return true
    if (/^(?:0|f|false|FALSE|False)$/.test(str(value))) return false
    throw fail(context, `${JSON.stringify(str(value).slice(0, 40))} is neither true nor false`)
  }
}

export const split = (args: ReadonlyArray<Value>, limit: number, { meter, span }: Context): Value => {
  const [receiver, separator] = args
  meter.charge(str(receiver).length / 8, span)
  const parts = str(receiver).split(str(separator))
  meter.charge(parts.length, span)
  if (limit < 0 || parts.length <= limit) return parts
  return limit === 0 ? [] : [...parts.slice(0, limit - 1), parts.slice(limit - 1).join(str(separator))]
}

export const join = (list: Value | undefined, separator: string, context: Context): Value => {
  const parts = isList(list) ? list : []
  const texts = parts.map((part) => {
    if (!scalar.includes(kindOf(part))) throw fail(context, `a list of texts is joined; this one holds ${kindOf(part)}`)
    context.meter.charge(1 + (str(part).length + separator.length) / 16, context.span)
    return String(part)
  })
  return texts.join(separator)
}

export const replace = (args: ReadonlyArray<Value>, context: Context): Value => {
  const [receiver, part, by] = args
  const pieces = split([receiver ?? "", part ?? ""], -1, context)
  return join(pieces, str(by), context)
}

export const matches: Overload = {
  takes: [text, text],
  gives: Type.boolean,
  run: ([receiver, pattern], context) => {
    const compiled = compilePattern(str(pattern))
    if (compiled === null) throw fail(context, `${JSON.stringify(str(pattern).slice(0, 40))} is no regular expression`)
    // A text costs its length for every part of the pattern, at worst.
    context.meter.charge(100 + (str(receiver).length * (8 + compiled.programSize())) / 4, context.span)
    return compiled.test(str(receiver))
  }
}

export const maybeOf = (value: Value | undefined): Maybe => (value instanceof Maybe ? value : new Maybe(value))
export const optional: ReadonlyArray<Kind> = ["optional"]
