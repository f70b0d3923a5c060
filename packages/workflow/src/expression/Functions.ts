/**
 * Every function of the language in one table: what it takes, what it gives, and what it does. The checker and the
 * evaluator read the same rows. CEL's standard functions on JSON values, and its string extension.
 */
import { RE2JS } from "re2js"
import type { Span } from "../parser/Node.ts"
import * as Type from "../types/Type.ts"
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

export interface Signature {
  readonly method: boolean
  readonly name: string
  readonly overloads: ReadonlyArray<Overload>
}

const text: ReadonlyArray<Kind> = ["string"]
const numeric: ReadonlyArray<Kind> = ["number"]
const items: ReadonlyArray<Kind> = ["list"]
const sized: ReadonlyArray<Kind> = ["string", "list", "object"]
const scalar: ReadonlyArray<Kind> = ["string", "number", "boolean"]

const fail = (context: Context, message: string): ExpressionFailure =>
  new ExpressionFailure("argument", message, context.span)

const str = (value: Value | undefined): string => (typeof value === "string" ? value : "")

/** A position in a text or list: a whole number within bounds. */
const position = (value: Value | undefined, most: number, context: Context): number => {
  const at = Number(value)
  if (Number.isInteger(at) && at >= 0 && at <= most) return at
  throw fail(context, `${String(value)} is no position from 0 to ${most}`)
}

/** On two texts; work grows with the first. */
const onTexts = (gives: Type.Type, run: (receiver: string, argument: string) => Value): Overload => ({
  takes: [text, text],
  gives,
  run: ([receiver, argument], context) => {
    context.meter.charge((str(receiver).length + str(argument).length) / 16, context.span)
    return run(str(receiver), str(argument))
  }
})

const onText = (run: (receiver: string) => Value): Overload => ({
  takes: [text],
  gives: Type.string,
  run: ([receiver], { meter, span }) => {
    meter.charge(str(receiver).length / 16, span)
    return run(str(receiver))
  }
})

const searching = (search: (text: string, part: string, from: number | undefined) => number) => [
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

const size: Overload = {
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

const asciiCase = (receiver: string, range: RegExp, shift: number): string =>
  receiver.replace(range, (letter) => String.fromCharCode(letter.charCodeAt(0) + shift))

const toInt: Overload = {
  takes: [["number", "string"]],
  gives: Type.integer,
  run: ([value], context) => {
    if (typeof value === "bigint") return value
    if (typeof value === "number" && Number.isFinite(value)) return BigInt(Math.trunc(value))
    if (typeof value === "string" && /^[-+]?\d{1,18}$/.test(value)) return BigInt(value.replace(/^\+/, ""))
    throw fail(context, `${JSON.stringify(str(value).slice(0, 40))} is no integer`)
  }
}

const toDouble: Overload = {
  takes: [["number", "string"]],
  gives: Type.number,
  run: ([value], context) => {
    if (typeof value === "number" || typeof value === "bigint") return Number(value)
    if (/^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(str(value))) return Number(value)
    throw fail(context, `${JSON.stringify(str(value).slice(0, 40))} is no number`)
  }
}

const toBool: Overload = {
  takes: [["boolean", "string"]],
  gives: Type.boolean,
  run: ([value], context) => {
    if (typeof value === "boolean") return value
    if (/^(?:1|t|true|TRUE|True)$/.test(str(value))) return true
    if (/^(?:0|f|false|FALSE|False)$/.test(str(value))) return false
    throw fail(context, `${JSON.stringify(str(value).slice(0, 40))} is neither true nor false`)
  }
}

const split = (args: ReadonlyArray<Value>, limit: number, { meter, span }: Context): Value => {
  const [receiver, separator] = args
  meter.charge(str(receiver).length / 8, span)
  const parts = str(receiver).split(str(separator))
  meter.charge(parts.length, span)
  if (limit < 0 || parts.length <= limit) return parts
  return limit === 0 ? [] : [...parts.slice(0, limit - 1), parts.slice(limit - 1).join(str(separator))]
}

const join = (list: Value | undefined, separator: string, context: Context): Value => {
  const parts = isList(list) ? list : []
  const texts = parts.map((part) => {
    if (!scalar.includes(kindOf(part))) throw fail(context, `a list of texts is joined; this one holds ${kindOf(part)}`)
    context.meter.charge(1 + (str(part).length + separator.length) / 16, context.span)
    return String(part)
  })
  return texts.join(separator)
}

const replace = (args: ReadonlyArray<Value>, context: Context): Value => {
  const [receiver, part, by] = args
  const pieces = split([receiver ?? "", part ?? ""], -1, context)
  return join(pieces, str(by), context)
}

const maxPattern = 500

/** A pattern in RE2's syntax, which runs in linear time; null when it is none, or is very large. */
export const compilePattern = (pattern: string): RE2JS | null => {
  if (pattern.length > maxPattern) return null
  try {
    const compiled = RE2JS.compile(pattern)
    return compiled.programSize() > 10_000 ? null : compiled
  } catch {
    return null
  }
}

const matches: Overload = {
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

const maybeOf = (value: Value | undefined): Maybe => (value instanceof Maybe ? value : new Maybe(value))
const optional: ReadonlyArray<Kind> = ["optional"]

const fn = (name: string, ...overloads: ReadonlyArray<Overload>): Signature => ({ method: false, name, overloads })
const method = (name: string, ...overloads: ReadonlyArray<Overload>): Signature => ({ method: true, name, overloads })

const table: ReadonlyArray<Signature> = [
  fn("size", size),
  fn("string", {
    takes: [scalar],
    gives: Type.string,
    run: ([value]) => String(value)
  }),
  fn("int", toInt),
  fn("double", toDouble),
  fn("bool", toBool),
  fn("dyn", { takes: ["any"], gives: Type.any, run: ([value]) => value ?? null }),
  method("size", size),
  method(
    "contains",
    onTexts(Type.boolean, (receiver, part) => receiver.includes(part))
  ),
  method(
    "startsWith",
    onTexts(Type.boolean, (receiver, part) => receiver.startsWith(part))
  ),
  method(
    "endsWith",
    onTexts(Type.boolean, (receiver, part) => receiver.endsWith(part))
  ),
  method("matches", matches),
  method(
    "lowerAscii",
    onText((receiver) => asciiCase(receiver, /[A-Z]/g, 32))
  ),
  method(
    "upperAscii",
    onText((receiver) => asciiCase(receiver, /[a-z]/g, -32))
  ),
  method(
    "trim",
    onText((receiver) => receiver.trim())
  ),
  method("indexOf", ...searching((receiver, part, from) => receiver.indexOf(part, from))),
  method("lastIndexOf", ...searching((receiver, part, from) => receiver.lastIndexOf(part, from))),
  method(
    "substring",
    {
      takes: [text, numeric],
      gives: Type.string,
      run: ([receiver, from], context) => str(receiver).slice(position(from, str(receiver).length, context))
    },
    {
      takes: [text, numeric, numeric],
      gives: Type.string,
      run: ([receiver, from, to], context) => {
        const end = position(to, str(receiver).length, context)
        return str(receiver).slice(position(from, end, context), end)
      }
    }
  ),
  method(
    "split",
    { takes: [text, text], gives: Type.list(Type.string), run: (args, context) => split(args, -1, context) },
    {
      takes: [text, text, numeric],
      gives: Type.list(Type.string),
      run: (args, context) => split(args, Math.trunc(Number(args[2])), context)
    }
  ),
  method(
    "join",
    { takes: [items], gives: Type.string, run: ([list], context) => join(list, "", context) },
    {
      takes: [items, text],
      gives: Type.string,
      run: ([list, separator], context) => join(list, str(separator), context)
    }
  ),
  method("replace", { takes: [text, text, text], gives: Type.string, run: replace }),
  method("hasValue", { takes: [optional], gives: Type.boolean, run: ([value]) => maybeOf(value).value !== undefined }),
  method("value", {
    takes: [optional],
    gives: Type.any,
    run: ([value], { span }) => {
      const held = maybeOf(value).value
      if (held === undefined) throw new ExpressionFailure("missing", "the value is missing", span)
      return held
    }
  }),
  // Both evaluate their argument only when it is needed: see `Evaluate`.
  method("orValue", {
    takes: [optional, "any"],
    gives: Type.any,
    run: ([value, other]) => maybeOf(value).value ?? other ?? null
  }),
  method("or", {
    takes: [optional, optional],
    gives: Type.optional(Type.any),
    run: ([value, other]) => (maybeOf(value).value === undefined ? maybeOf(other) : maybeOf(value))
  })
]

const index = new Map(table.map((signature) => [`${signature.method ? "." : ""}${signature.name}`, signature]))

export const find = (name: string, method: boolean): Signature | null =>
  index.get(`${method ? "." : ""}${name}`) ?? null

export const names = (method: boolean): ReadonlyArray<string> => [
  ...table.filter((signature) => signature.method === method).map((signature) => signature.name),
  ...(method ? ["map", "filter", "all", "exists", "exists_one"] : ["has"])
]

/** The overload that takes values of these kinds; null stands for a kind that is not known. */
export const select = (signature: Signature, kinds: ReadonlyArray<Kind | null>): Overload | null =>
  signature.overloads.find(
    ({ takes }) =>
      takes.length === kinds.length &&
      takes.every((taken, at) => {
        const kind = kinds[at] ?? null
        return taken === "any" || kind === null || taken.includes(kind)
      })
  ) ?? null

/** Why a function of CEL is not in the language; null where it is, or never was. */
export const unsupported = (name: string): string | null => {
  switch (name) {
    case "timestamp":
    case "duration":
    case "getFullYear":
    case "getHours":
      return "times are texts here; a step can compute with them"
    case "bytes":
    case "uint":
      return "values are those of JSON"
    case "type":
      return "the checker knows the types of values"
    case "bind":
      return "give the value a name in a `set` step"
    default:
      return null
  }
}
