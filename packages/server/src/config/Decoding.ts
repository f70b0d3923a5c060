/** From the tree to the typed file: every mistake of shape, in words and with a suggestion. */
import { PenstockFile } from "@penstock/schema/config/PenstockConfig"
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import { isRecord } from "effect/Predicate"
import * as Schema from "effect/Schema"
import { renderPath } from "./ConfigIssue.ts"
import * as Expectation from "./Expectation.ts"
import { isSecretPath } from "./SecretPaths.ts"
import { didYouMean, nearest } from "@penstock/schema/Suggestion"

export interface Mistake {
  readonly path: ReadonlyArray<PropertyKey>
  readonly message: string
  readonly hint: string | null
  /** Whether the key is at fault rather than what stands under it. */
  readonly where: "key" | "value"
}

const decode = Schema.decodeUnknownEither(PenstockFile, { errors: "all" })

const valueAt = (tree: unknown, path: ReadonlyArray<PropertyKey>): unknown =>
  path.reduce<unknown>((value, key) => {
    if (Array.isArray(value)) return typeof key === "number" ? value[key] : undefined
    return isRecord(value) ? value[key] : undefined
  }, tree)

const unique = (items: ReadonlyArray<string>): ReadonlyArray<string> => [...new Set(items)]

const unknownKey = (path: ReadonlyArray<PropertyKey>): Mistake => {
  const parent = path.slice(0, -1)
  const name = String(path.at(-1))
  const known = unique(Expectation.at(PenstockFile.ast, parent).flatMap(Expectation.keys))
  return {
    path,
    message: `unknown key ${JSON.stringify(name)}`,
    hint: didYouMean(name, known) ?? `expected one of ${known.join(", ")}`,
    where: "key"
  }
}

const unitHint = (expected: string, value: unknown): string | null => {
  if (typeof value !== "number" || !(value > 0)) return null
  if (expected.startsWith("a duration")) return `a unit is missing: write ${value}s for seconds`
  return expected.startsWith("a size") ? `a unit is missing: write ${value}mb for megabytes` : null
}

const wrongValue = (path: ReadonlyArray<PropertyKey>, value: unknown, variables: ReadonlyArray<string>): Mistake => {
  const nodes = Expectation.at(PenstockFile.ast, path)
  const expected = unique(nodes.map(Expectation.describe)).join(" or ")
  const secret = isSecretPath(path) && typeof value !== "object"
  // What a variable holds may be a secret wherever it was put.
  const shown =
    variables.length > 0
      ? `the value of ${variables.join(" and ")}`
      : secret
        ? "something else"
        : Expectation.found(value)
  const advice = nodes.map(Expectation.advice).find((text) => text !== null) ?? null
  const hint =
    typeof value === "string" ? didYouMean(value, nodes.flatMap(Expectation.words)) : unitHint(expected, value)
  return { path, message: `expected ${expected}, found ${shown}`, hint: hint ?? advice, where: "value" }
}

const missing = (path: ReadonlyArray<PropertyKey>): Mistake => ({
  path,
  message: `${JSON.stringify(String(path.at(-1)))} is missing: expected ${unique(
    Expectation.at(PenstockFile.ast, path).map(Expectation.describe)
  ).join(" or ")}`,
  hint: null,
  where: "key"
})

/** `target:` for `targets:` is one mistake and not two: an unknown key and a missing one. */
const withoutEchoes = (mistakes: ReadonlyArray<Mistake>): ReadonlyArray<Mistake> =>
  mistakes.filter(
    (mistake) =>
      mistake.where === "value" ||
      mistake.hint !== null ||
      !mistakes.some(
        (other) =>
          other.where === "key" &&
          other.hint !== null &&
          renderPath(other.path.slice(0, -1)) === renderPath(mistake.path.slice(0, -1)) &&
          nearest(String(other.path.at(-1)), [String(mistake.path.at(-1))]) !== null
      )
  )

const isBelow = (path: ReadonlyArray<PropertyKey>, above: ReadonlyArray<PropertyKey>): boolean =>
  path.length > above.length && above.every((key, index) => key === path[index])

/**
 * The file as a typed value, or every mistake of shape in it, once each. `variablesAt` names the environment variables
 * that a value was made from.
 */
export const decodeFile = (
  tree: unknown,
  variablesAt: (path: ReadonlyArray<PropertyKey>) => ReadonlyArray<string>
): Either.Either<PenstockFile, ReadonlyArray<Mistake>> =>
  Either.mapLeft(decode(tree), (error) => {
    const issues = ParseResult.ArrayFormatter.formatErrorSync(error)
    const mistakes = new Map<string, Mistake>()
    for (const issue of issues) {
      // A list that lacks its first element is too short; the element has no place.
      const short = issue._tag === "Missing" && typeof issue.path.at(-1) === "number"
      const path = short ? issue.path.slice(0, -1) : issue.path
      const key = renderPath(path)
      // The members of a union complain each for itself; what is said deeper down says more.
      if (mistakes.has(key) || issues.some((other) => isBelow(other.path, issue.path))) continue
      mistakes.set(
        key,
        issue._tag === "Unexpected"
          ? unknownKey(path)
          : issue._tag === "Missing" && !short
            ? missing(path)
            : wrongValue(path, valueAt(tree, path), variablesAt(path))
      )
    }
    return withoutEchoes([...mistakes.values()])
  })
