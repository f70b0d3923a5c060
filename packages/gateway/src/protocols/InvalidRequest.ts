/** What is wrong with a caller's request, as one sentence with the field's path and what was expected there. */
import * as GatewayError from "@penstock/schema/GatewayError"
import * as Option from "effect/Option"
import type * as ParseResult from "effect/ParseResult"
import * as AST from "effect/SchemaAST"

interface Fault {
  readonly path: ReadonlyArray<PropertyKey>
  readonly expected: string
  readonly actual: string
}

/** `null` is allowed where nothing is, and no news to a caller. */
const isNothing = (ast: AST.AST): boolean =>
  ast._tag === "UndefinedKeyword" || (ast._tag === "Literal" && ast.literal === null)

const keywords: ReadonlySet<string> = new Set(["StringKeyword", "NumberKeyword", "BooleanKeyword", "ObjectKeyword"])

/** A schema in words: its description, or what its kind of JSON is called. */
const expectedOf = (ast: AST.AST): string => {
  const said = AST.getDescriptionAnnotation(ast)
  // Those of Effect's own keywords say less than the words below.
  if (Option.isSome(said) && !keywords.has(ast._tag)) return said.value
  switch (ast._tag) {
    case "StringKeyword":
      return "a string"
    case "NumberKeyword":
      return "a number"
    case "BooleanKeyword":
      return "true or false"
    case "Literal":
      return JSON.stringify(ast.literal)
    case "TupleType":
      return ast.elements.length > 0 ? "a non-empty array" : "an array"
    case "TypeLiteral":
    case "ObjectKeyword":
      return "an object"
    case "Union":
      return [...new Set(ast.types.filter((type) => !isNothing(type)).map(expectedOf))].join(" or ")
    case "Refinement":
    case "Transformation":
      return expectedOf(ast.from)
    default:
      return String(ast)
  }
}

const shown = (value: unknown): string => {
  if (Array.isArray(value)) return value.length === 0 ? "an empty array" : "an array"
  if (typeof value === "object" && value !== null) return "an object"
  const text = JSON.stringify(value) ?? "nothing"
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

const faults = (issue: ParseResult.ParseIssue, path: ReadonlyArray<PropertyKey>): ReadonlyArray<Fault> => {
  switch (issue._tag) {
    case "Pointer":
      return faults(issue.issue, [...path, ...(Array.isArray(issue.path) ? issue.path : [issue.path])])
    case "Composite":
      // An empty array lacks its first element; it is the array that is at fault.
      return Array.isArray(issue.actual) && issue.actual.length === 0 && issue.ast._tag === "TupleType"
        ? [{ path, expected: expectedOf(issue.ast), actual: shown(issue.actual) }]
        : (Array.isArray(issue.issues) ? issue.issues : [issue.issues]).flatMap((each) => faults(each, path))
    case "Refinement":
      return issue.kind === "From" || (issue.issue._tag === "Type" && issue.issue.message !== undefined)
        ? faults(issue.issue, path)
        : [{ path, expected: expectedOf(issue.ast), actual: shown(issue.actual) }]
    case "Transformation":
      return faults(issue.issue, path)
    case "Missing":
      return [{ path, expected: expectedOf(issue.ast.type), actual: "nothing" }]
    case "Type":
      if (isNothing(issue.ast)) return []
      return [{ path, expected: issue.message ?? expectedOf(issue.ast), actual: shown(issue.actual) }]
    case "Forbidden":
    case "Unexpected":
      return [{ path, expected: "nothing", actual: shown(issue.actual) }]
  }
}

/**
 * The fault that lies deepest is the one to name: where content may be a string or parts, and a part is wrong, the
 * caller meant parts. Several at one place are alternatives.
 */
export const fromParseError = (error: ParseResult.ParseError): GatewayError.GatewayError => {
  const all = faults(error.issue, [])
  const depth = Math.max(...all.map((fault) => fault.path.length))
  const first = all.find((fault) => fault.path.length === depth)
  const param = first?.path.join(".") ?? ""
  const same = all.filter((fault) => fault.path.join(".") === param && fault.path.length === depth)
  const expected = [...new Set(same.map((fault) => fault.expected))].join(" or ")
  return make(param, `expected ${expected}, got ${first?.actual ?? "something else"}`)
}

/** A fault at a path. `problem` starts with "expected". */
export const make = (param: string, problem: string): GatewayError.GatewayError =>
  param === ""
    ? GatewayError.make("invalid_request", `Invalid request body: ${problem}.`)
    : GatewayError.make("invalid_request", `Invalid '${param}': ${problem}.`, { param })
