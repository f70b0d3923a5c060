/** What the schema expects at a path, in words: the other half of "expected …, found …". */
import * as Option from "effect/Option"
import * as SchemaAST from "effect/SchemaAST"

/** The nodes of a schema's encoded side that may stand at a path: several where it has a union. */
const step = (ast: SchemaAST.AST, key: PropertyKey): ReadonlyArray<SchemaAST.AST> => {
  switch (ast._tag) {
    case "Transformation":
      return step(ast.from, key)
    case "Refinement":
      return step(ast.from, key)
    case "Suspend":
      return step(ast.f(), key)
    case "Union":
      return ast.types.flatMap((member) => step(member, key))
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

export const at = (ast: SchemaAST.AST, path: ReadonlyArray<PropertyKey>): ReadonlyArray<SchemaAST.AST> =>
  path.reduce<ReadonlyArray<SchemaAST.AST>>((nodes, key) => nodes.flatMap((node) => step(node, key)), [ast])

/** The keys that a mapping may have; empty where any is allowed. */
export const keys = (ast: SchemaAST.AST): ReadonlyArray<string> => {
  switch (ast._tag) {
    case "Transformation":
    case "Refinement":
      return keys(ast.from)
    case "Union":
      return ast.types.flatMap(keys)
    case "TypeLiteral":
      return ast.propertySignatures.map((signature) => String(signature.name))
    default:
      return []
  }
}

/** The words that a value may be, where only some are allowed. */
export const words = (ast: SchemaAST.AST): ReadonlyArray<string> => {
  switch (ast._tag) {
    case "Transformation":
    case "Refinement":
      return words(ast.from)
    case "Union":
      return ast.types.flatMap(words)
    case "Literal":
      return [String(ast.literal)]
    default:
      return []
  }
}

export const describe = (ast: SchemaAST.AST): string => {
  const allowed = words(ast)
  if (allowed.length > 0) return allowed.length === 1 ? String(allowed[0]) : `one of ${allowed.join(", ")}`
  const annotated = SchemaAST.getDescriptionAnnotation(ast)
  if (Option.isSome(annotated)) return annotated.value
  switch (ast._tag) {
    case "Transformation":
    case "Refinement":
      return describe(ast.from)
    case "Union":
      return [...new Set(ast.types.filter((type) => type._tag !== "UndefinedKeyword").map(describe))].join(" or ")
    case "TypeLiteral":
      return "a mapping"
    case "TupleType":
      return "a list"
    case "BooleanKeyword":
      return "true or false"
    default:
      return "another value"
  }
}

/** What to do about a value out of bounds, where the schema says it. */
export const advice = (ast: SchemaAST.AST): string | null => {
  switch (ast._tag) {
    case "Transformation":
      return advice(ast.from)
    case "Refinement":
      return Option.getOrElse(SchemaAST.getDocumentationAnnotation(ast), () => advice(ast.from))
    case "Union":
      return ast.types.map(advice).find((text) => text !== null) ?? null
    default:
      return null
  }
}

/** A value as a message may show it. */
export const found = (value: unknown): string => {
  if (value === null || value === undefined) return "nothing"
  if (typeof value === "string") return value === "" ? 'an empty text ("")' : JSON.stringify(value.slice(0, 60))
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list"
  return typeof value === "object" ? "a mapping" : String(value)
}
