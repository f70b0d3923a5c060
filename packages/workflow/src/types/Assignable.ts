/** Whether values of one type may stand where another is expected. */
import type { ObjectType, Type } from "./Type.ts"

/** `maybe`: some of the values fit, which only the value itself can tell. */
export type Fit = "yes" | "maybe" | "no"

const rank = { no: 0, maybe: 1, yes: 2 } as const

const worst = (fits: ReadonlyArray<Fit>): Fit =>
  fits.reduce<Fit>((least, fit) => (rank[fit] < rank[least] ? fit : least), "yes")

const best = (fits: ReadonlyArray<Fit>): Fit =>
  fits.reduce<Fit>((most, fit) => (rank[fit] > rank[most] ? fit : most), "no")

export const assignable = (from: Type, to: Type): Fit => {
  if (from._tag === "Any" || to._tag === "Any") return "yes"
  if (from._tag === "Union") {
    const fits = from.members.map((member) => assignable(member, to))
    return fits.every((fit) => fit === "yes") ? "yes" : fits.every((fit) => fit === "no") ? "no" : "maybe"
  }
  if (to._tag === "Union") return best(to.members.map((member) => assignable(from, member)))
  switch (to._tag) {
    case "Number":
      return from._tag === "Number" || from._tag === "Integer" ? "yes" : "no"
    case "Integer":
      return from._tag === "Integer" ? "yes" : from._tag === "Number" ? "maybe" : "no"
    case "String":
      return from._tag === "String" || from._tag === "Enum" ? "yes" : "no"
    case "Enum": {
      if (from._tag === "String") return "maybe"
      if (from._tag !== "Enum") return "no"
      const inside = from.values.filter((value) => to.values.includes(value)).length
      return inside === from.values.length ? "yes" : inside > 0 ? "maybe" : "no"
    }
    case "List":
      return from._tag === "List" ? assignable(from.item, to.item) : "no"
    case "Optional":
      return from._tag === "Optional" ? assignable(from.value, to.value) : "no"
    case "Object":
      return from._tag === "Object" ? assignableObject(from, to) : "no"
    default:
      return from._tag === to._tag ? "yes" : "no"
  }
}

/** Further fields do no harm unless the expected object is closed and they are certain. */
const assignableObject = (from: ObjectType, to: ObjectType): Fit => {
  const fits: Array<Fit> = []
  for (const [name, expected] of to.fields) {
    const given = from.fields.get(name)
    if (given === undefined) fits.push(expected.optional ? "yes" : from.rest === null ? "no" : "maybe")
    else fits.push(given.optional && !expected.optional ? "maybe" : "yes", assignable(given.type, expected.type))
  }
  for (const [name, given] of from.fields) {
    if (to.fields.has(name)) continue
    fits.push(to.rest === null ? (given.optional ? "maybe" : "no") : assignable(given.type, to.rest))
  }
  return worst(fits)
}

/** The type of a value that is written in the file. */
export const typeOf = (value: unknown): Type => {
  if (value === null || value === undefined) return { _tag: "Null" }
  switch (typeof value) {
    case "boolean":
      return { _tag: "Boolean" }
    case "number":
      return { _tag: Number.isInteger(value) ? "Integer" : "Number" }
    case "string":
      return { _tag: "Enum", values: [value] }
    default:
      return { _tag: "Any" }
  }
}
