/**
 * Every function of the language in one table: what it takes, what it gives, and what it does. The checker and the
 * evaluator read the same rows. CEL's standard functions on JSON values, and its string extension.
 */
import * as Type from "../types/Type.ts"
import {
  asciiCase,
  items,
  join,
  matches,
  maybeOf,
  numeric,
  onText,
  onTexts,
  optional,
  type Overload,
  position,
  replace,
  scalar,
  searching,
  size,
  split,
  str,
  text,
  toBool,
  toDouble,
  toInt
} from "./Builtins.ts"
import { ExpressionFailure, type Kind } from "./Value.ts"

export interface Signature {
  readonly method: boolean
  readonly name: string
  readonly overloads: ReadonlyArray<Overload>
}

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
