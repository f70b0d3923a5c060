/** From positioned nodes to the typed document: every mistake of shape, in words, at its place. */
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import { isReadonlyRecord } from "effect/Predicate"
import * as Schema from "effect/Schema"
import type { Code } from "../diagnostic/Codes.ts"
import * as Diagnostic from "../diagnostic/Diagnostic.ts"
import { nearest } from "@penstock/schema/Suggestion"
import { suggest } from "../diagnostic/Suggestion.ts"
import { type Node, type Path, rangeAt, toValue } from "../parser/Node.ts"
import * as Expectation from "./Expectation.ts"
import { Workflow } from "./Workflow.ts"

export interface Decoded {
  /** Keys that do not exist: what they were meant to be is not missing. */
  readonly unknownKeys: ReadonlyArray<Path>
  /** Null where the shape is too wrong to go on; unknown keys alone are left out. */
  readonly document: Workflow | null
  readonly diagnostics: ReadonlyArray<Diagnostic.Diagnostic>
}

interface Mistake {
  readonly code: Code
  readonly path: Path
  readonly message: string
  readonly hint: string | null
  /** Whether the key is at fault rather than what stands under it. */
  readonly where: "key" | "value"
}

const decodeWorkflow = Schema.decodeUnknownEither(Workflow, { errors: "all" })

export const decode = (root: Node, file: string): Decoded => {
  const tree = toValue(root)
  const first = decodeWorkflow(tree)
  if (Either.isRight(first)) return { document: first.right, diagnostics: [], unknownKeys: [] }
  const mistakes = explain(first.left, tree)
  const diagnostics = mistakes.map(({ code, hint, message, path, where }) =>
    Diagnostic.make(file, code, rangeAt(root, path, where), message, hint)
  )
  const unknownKeys = mistakes.flatMap(({ code, path }) => (code === "PS111" ? [path] : []))
  // A key too many hides nothing: what else is wrong can be told as well.
  const second = unknownKeys.length === mistakes.length ? decodeWorkflow(without(tree, unknownKeys)) : first
  return { document: Either.isRight(second) ? second.right : null, diagnostics, unknownKeys }
}

const without = (tree: unknown, paths: ReadonlyArray<Path>, above: Path = []): unknown => {
  if (Array.isArray(tree)) return tree.map((item: unknown, at) => without(item, paths, [...above, at]))
  if (!isReadonlyRecord(tree)) return tree
  const dropped = new Set(
    paths
      .filter((path) => path.length === above.length + 1 && above.every((key, at) => key === path[at]))
      .map((path) => path.at(-1))
  )
  return Object.fromEntries(
    Object.entries(tree).flatMap(([key, value]) =>
      dropped.has(key) ? [] : [[key, without(value, paths, [...above, key])]]
    )
  )
}

const render = (path: Path): string => JSON.stringify(path)

const isKey = (key: PropertyKey): key is string | number => typeof key !== "symbol"

const maxMistakes = 200

const explain = (error: ParseResult.ParseError, tree: unknown): ReadonlyArray<Mistake> => {
  const issues = ParseResult.ArrayFormatter.formatErrorSync(error)
  const deeper = new Set(issues.flatMap(({ path }) => path.map((_, at) => render(path.slice(0, at).filter(isKey)))))
  const mistakes = new Map<string, Mistake>()
  for (const issue of issues) {
    if (mistakes.size === maxMistakes) break
    // A list that lacks its first item is too short; the item has no place.
    const short = issue._tag === "Missing" && typeof issue.path.at(-1) === "number"
    const path = (short ? issue.path.slice(0, -1) : issue.path).filter(isKey)
    // The members of a union complain each for itself; what is said deeper down says more.
    if (mistakes.has(render(path)) || (!short && deeper.has(render(path)))) continue
    mistakes.set(render(path), mistakeOf(short ? "Type" : issue._tag, path, tree))
  }
  return withoutEchoes([...mistakes.values()])
}

const mistakeOf = (tag: string, path: Path, tree: unknown): Mistake => {
  const expected = Expectation.at(Workflow.ast, tree, path)
  const value = Expectation.valueAt(tree, path)
  if (tag === "Unexpected") return unknownKey(path, tree)
  if (tag === "Missing") return missing(path, Expectation.describeAll(expected))
  if (path.at(-1) === "type" && value !== undefined && expected.length > 1) {
    const types = expected.flatMap(Expectation.words)
    const message = `there is no step type ${Expectation.found(value)}`
    return { code: "PS114", path, message, hint: suggest(String(value), types, "types are"), where: "value" }
  }
  const message = `expected ${Expectation.describeAll(expected)}, found ${Expectation.found(value)}`
  return { code: "PS113", path, message, hint: hintFor(value, expected), where: "value" }
}

const hintFor = (value: unknown, expected: ReturnType<typeof Expectation.at>): string | null => {
  const described = Expectation.describeAll(expected)
  if (typeof value === "string") {
    const near = nearest(value, expected.flatMap(Expectation.words))
    if (near !== null) return `did you mean "${near}"?`
    return /[^\w-]/.test(value) && described.startsWith("a name of letters") ? "leave out blanks and signs" : null
  }
  if (typeof value === "number" && described.startsWith("a duration"))
    return `a unit is missing: write ${value}s for seconds`
  return value !== null && typeof value !== "object" && described === "a text" ? "put it in quotes" : null
}

const unknownKey = (path: Path, tree: unknown): Mistake => {
  const parent = path.slice(0, -1)
  const name = String(path.at(-1))
  const value = Expectation.valueAt(tree, parent)
  const known = [...new Set(Expectation.at(Workflow.ast, tree, parent).flatMap((ast) => Expectation.keys(ast, value)))]
  const type =
    isReadonlyRecord(value) && typeof value["type"] === "string" && known.includes("type") ? value["type"] : null
  const near = suggest(name, known)
  const listed = known.length > 20 ? null : `expected one of ${known.join(", ")}`
  return {
    code: "PS111",
    path,
    message: type === null ? `unknown key "${name}"` : `a step of type ${type} has no key "${name}"`,
    hint: near ?? elsewhere[name] ?? listed,
    where: "key"
  }
}

/** What people of other tools look for. */
const elsewhere: { readonly [key: string]: string } = {
  when: "a condition is called `if`",
  depends_on: "steps to wait for are called `needs`",
  dependsOn: "steps to wait for are called `needs`",
  inputs: "values for another workflow are called `with`, and for a tool `params`",
  args: "arguments of a tool are called `params`",
  arguments: "arguments of a tool are called `params`",
  retries: "further attempts are called `retry`",
  items: "the list of a foreach is called `in`",
  for_each: "a step of type foreach runs steps for each item",
  provider: "the provider is part of the model's name: openai/gpt-4o"
}

const bounds: { readonly [key: string]: string } = {
  max: "a loop needs the most rounds that it may take",
  max_turns: "an agent needs the most turns that it may take"
}

const missing = (path: Path, expected: string): Mistake => {
  const name = String(path.at(-1))
  const bound = Object.hasOwn(bounds, name) && path.at(-2) !== "retry" ? bounds[name] : undefined
  return {
    code: bound === undefined ? "PS112" : "PS605",
    path,
    message: bound === undefined ? `"${name}" is missing: expected ${expected}` : `"${name}" is missing: ${bound}`,
    hint: bound === undefined ? null : `write ${name}: 10`,
    where: "key"
  }
}

/** `promt:` for `prompt:` is one mistake and not two: an unknown key and a missing one. */
const withoutEchoes = (mistakes: ReadonlyArray<Mistake>): ReadonlyArray<Mistake> =>
  mistakes.filter(
    (mistake) =>
      mistake.code !== "PS112" ||
      !mistakes.some(
        (other) =>
          other.code === "PS111" &&
          render(other.path.slice(0, -1)) === render(mistake.path.slice(0, -1)) &&
          nearest(String(other.path.at(-1)), [String(mistake.path.at(-1))]) !== null
      )
  )
