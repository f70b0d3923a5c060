/**
 * What is known of a value before it exists. Small on purpose: what JSON can hold, CEL's optional, and `Any` for what
 * is not known, which fits everywhere and is looked at when the value is there.
 */
export type Type =
  | { readonly _tag: "Any" }
  | { readonly _tag: "Null" }
  | { readonly _tag: "Boolean" }
  | { readonly _tag: "Integer" }
  | { readonly _tag: "Number" }
  | { readonly _tag: "String" }
  | { readonly _tag: "Enum"; readonly values: ReadonlyArray<string> }
  | { readonly _tag: "List"; readonly item: Type }
  | ObjectType
  | { readonly _tag: "Optional"; readonly value: Type }
  | { readonly _tag: "Union"; readonly members: ReadonlyArray<Type> }

export interface Field {
  readonly type: Type
  /** Whether it may be missing. */
  readonly optional: boolean
}

export interface ObjectType {
  readonly _tag: "Object"
  readonly fields: ReadonlyMap<string, Field>
  /** What further fields hold; null where there are none. */
  readonly rest: Type | null
}

export const any: Type = { _tag: "Any" }
export const nothing: Type = { _tag: "Null" }
export const boolean: Type = { _tag: "Boolean" }
export const integer: Type = { _tag: "Integer" }
export const number: Type = { _tag: "Number" }
export const string: Type = { _tag: "String" }

export const list = (item: Type): Type => ({ _tag: "List", item })
export const optional = (value: Type): Type => ({ _tag: "Optional", value })
export const enumeration = (values: ReadonlyArray<string>): Type => ({ _tag: "Enum", values: [...new Set(values)] })
/** Any keys, each with a value of this type. */
export const record = (rest: Type): ObjectType => ({ _tag: "Object", fields: new Map(), rest })

/** An object of exactly these fields; a name that ends with `?` may be missing. */
export const struct = (fields: { readonly [name: string]: Type }): ObjectType => ({
  _tag: "Object",
  rest: null,
  fields: new Map(
    Object.entries(fields).map(([name, type]) => {
      const optional = name.endsWith("?")
      return [optional ? name.slice(0, -1) : name, { type, optional }]
    })
  )
})

const membersOf = (type: Type): ReadonlyArray<Type> => (type._tag === "Union" ? type.members : [type])

/** One type that holds the values of all. Nothing at all is `Any`: the items of an empty list. */
export const union = (types: Iterable<Type>): Type => {
  const members: Array<Type> = []
  const words: Array<string> = []
  for (const member of Array.from(types).flatMap(membersOf)) {
    if (member._tag === "Any") return any
    if (member._tag === "Enum") words.push(...member.values)
    else if (!members.some((other) => equals(other, member))) members.push(member)
  }
  if (words.length > 0 && !members.some((member) => member._tag === "String")) members.unshift(enumeration(words))
  const numbers = members.some((member) => member._tag === "Number")
  const distinct = numbers ? members.filter((member) => member._tag !== "Integer") : members
  const [only = any] = distinct
  return distinct.length < 2 ? only : { _tag: "Union", members: distinct }
}

export const nullable = (type: Type): Type => union([type, nothing])

export const isNullable = (type: Type): boolean =>
  type._tag === "Null" || (type._tag === "Union" && type.members.some(isNullable))

/** The type without null; `Null` itself stays. */
export const withoutNull = (type: Type): Type =>
  type._tag === "Union" ? union(type.members.filter((member) => member._tag !== "Null")) : type

/** A single word stands for any text: it was written once, and may be another one the next time. */
export const widen = (type: Type): Type => {
  switch (type._tag) {
    case "Enum":
      return type.values.length === 1 ? string : type
    case "List":
      return list(widen(type.item))
    case "Object":
      return {
        _tag: "Object",
        fields: new Map(Array.from(type.fields, ([name, field]) => [name, { ...field, type: widen(field.type) }])),
        rest: type.rest
      }
    default:
      return type
  }
}

export const equals = (left: Type, right: Type): boolean => {
  if (left === right) return true
  if (left._tag === "Enum" && right._tag === "Enum") return left.values.join("\n") === right.values.join("\n")
  if (left._tag === "List" && right._tag === "List") return equals(left.item, right.item)
  if (left._tag === "Optional" && right._tag === "Optional") return equals(left.value, right.value)
  if (left._tag === "Union" && right._tag === "Union") {
    return (
      left.members.length === right.members.length &&
      left.members.every((member) => right.members.some((other) => equals(member, other)))
    )
  }
  if (left._tag === "Object" && right._tag === "Object") {
    const sameRest =
      left.rest === null || right.rest === null ? left.rest === right.rest : equals(left.rest, right.rest)
    return (
      sameRest &&
      left.fields.size === right.fields.size &&
      Array.from(left.fields).every(([name, field]) => {
        const other = right.fields.get(name)
        return other !== undefined && other.optional === field.optional && equals(field.type, other.type)
      })
    )
  }
  return left._tag === right._tag && !["Enum", "List", "Optional", "Union", "Object"].includes(left._tag)
}

const name = (text: string): string => (/^[A-Za-z_]\w*$/.test(text) ? text : JSON.stringify(text))

/** How deep and wide a type is shown; a message is read by a person. */
const maxShown = 6

/** As people write types: `string`, `"a" | "b"`, `number[]`, `{score: number, why?: string}`. */
export const print = (type: Type, depth = 0): string => {
  switch (type._tag) {
    case "Any":
      return "any value"
    case "Null":
    case "Boolean":
    case "Integer":
    case "Number":
    case "String":
      return type._tag.toLowerCase()
    case "Enum":
      return type.values.map((value) => JSON.stringify(value)).join(" | ")
    case "Optional":
      return `optional ${print(type.value, depth)}`
    case "List": {
      const item = type.item._tag === "Any" ? "any" : print(type.item, depth + 1)
      return type.item._tag === "Union" || type.item._tag === "Enum" ? `(${item})[]` : `${item}[]`
    }
    case "Union":
      return type.members.map((member) => print(member, depth + 1)).join(" | ")
    case "Object": {
      if (depth > 3) return "{…}"
      const shown = Array.from(type.fields)
        .slice(0, maxShown)
        .map(([key, field]) => `${name(key)}${field.optional ? "?" : ""}: ${print(field.type, depth + 1)}`)
      if (type.fields.size > maxShown) shown.push("…")
      else if (type.rest !== null) shown.push(type.rest._tag === "Any" ? "…" : `…: ${print(type.rest, depth + 1)}`)
      return `{${shown.join(", ")}}`
    }
  }
}
