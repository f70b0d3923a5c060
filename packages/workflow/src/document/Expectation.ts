/** What the document's schema expects at a path, in words: the other half of "expected …, found …". */
import * as Option from "effect/Option"
import { isReadonlyRecord } from "effect/Predicate"
import * as SchemaAST from "effect/SchemaAST"
import type { Path } from "../parser/Node.ts"

const literalOf = (ast: SchemaAST.AST, key: string): unknown => {
  if (ast._tag !== "TypeLiteral") return undefined
  const type = ast.propertySignatures.find((signature) => signature.name === key)?.type
  return type?._tag === "Literal" ? type.literal : undefined
}

/** Of a union of steps only the one that the value says it is, if there is such a one. */
const members = (union: SchemaAST.Union, value: unknown): ReadonlyArray<SchemaAST.AST> => {
  const type = isReadonlyRecord(value) ? value["type"] : undefined
  const chosen = type === undefined ? [] : union.types.filter((member) => literalOf(member, "type") === type)
  return chosen.length > 0 ? chosen : union.types
}

const step = (ast: SchemaAST.AST, value: unknown, key: string | number): ReadonlyArray<SchemaAST.AST> => {
  switch (ast._tag) {
    case "Refinement":
      return step(ast.from, value, key)
    case "Suspend":
      return step(ast.f(), value, key)
    case "Union":
      return members(ast, value).flatMap((member) => step(member, value, key))
    case "TypeLiteral": {
      const property = ast.propertySignatures.find((signature) => signature.name === key)
      return property === undefined ? ast.indexSignatures.map((signature) => signature.type) : [property.type]
    }
    case "TupleType": {
      const element = typeof key === "number" ? (ast.elements[key] ?? ast.rest[0]) : undefined
      return element === undefined ? [] : [element.type]
    }
    default:
      return []
  }
}

export const valueAt = (tree: unknown, path: Path): unknown =>
  path.reduce<unknown>((value, key) => {
    if (Array.isArray(value)) return typeof key === "number" ? value[key] : undefined
    return isReadonlyRecord(value) ? value[key] : undefined
  }, tree)

/** The parts of a schema that may stand at a path of a tree. */
export const at = (root: SchemaAST.AST, tree: unknown, path: Path): ReadonlyArray<SchemaAST.AST> =>
  path.reduce<ReadonlyArray<SchemaAST.AST>>(
    (nodes, key, index) => nodes.flatMap((node) => step(node, valueAt(tree, path.slice(0, index)), key)),
    [root]
  )

/** The keys that a mapping may have; empty where any is allowed. */
export const keys = (ast: SchemaAST.AST, value: unknown): ReadonlyArray<string> => {
  switch (ast._tag) {
    case "Refinement":
      return keys(ast.from, value)
    case "Suspend":
      return keys(ast.f(), value)
    case "Union":
      return members(ast, value).flatMap((member) => keys(member, value))
    case "TypeLiteral":
      return ast.propertySignatures.map((signature) => String(signature.name))
    default:
      return []
  }
}

/** The words that a value may be, where only some are allowed. */
export const words = (ast: SchemaAST.AST): ReadonlyArray<string> => {
  switch (ast._tag) {
    case "Union":
      return ast.types.flatMap(words)
    case "Literal":
      return [String(ast.literal)]
    default:
      return []
  }
}

/** Effect's own words for its own schemas. */
const plain: { readonly [description: string]: string } = {
  "a string": "a text",
  "a non empty string": "a text",
  "a boolean": "true or false"
}

export const describe = (ast: SchemaAST.AST): string => {
  const allowed = words(ast)
  if (allowed.length > 0) return allowed.length === 1 ? String(allowed[0]) : `one of ${allowed.join(", ")}`
  const annotated = SchemaAST.getDescriptionAnnotation(ast)
  if (Option.isSome(annotated)) return plain[annotated.value] ?? annotated.value
  switch (ast._tag) {
    case "Refinement":
      return describe(ast.from)
    case "Union":
      return [...new Set(ast.types.filter((type) => type._tag !== "UndefinedKeyword").map(describe))].join(" or ")
    case "TypeLiteral":
      return "a mapping"
    case "TupleType":
      return "a list"
    default:
      return "another value"
  }
}

/** Several that may stand at one place. */
export const describeAll = (nodes: ReadonlyArray<SchemaAST.AST>): string => {
  const allowed = nodes.map(words)
  if (nodes.length > 1 && allowed.every((some) => some.length > 0)) return `one of ${allowed.flat().join(", ")}`
  return [...new Set(nodes.map(describe))].join(" or ")
}

/** A value as a message may show it. */
export const found = (value: unknown): string => {
  if (value === null || value === undefined) return "nothing"
  if (typeof value === "string") return value === "" ? 'an empty text ("")' : JSON.stringify(value.slice(0, 60))
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list"
  return typeof value === "object" ? "a mapping" : String(value)
}
