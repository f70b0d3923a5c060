/** Where a value is not what was expected, place by place, and how a person is shown it. */
import { isReadonlyRecord } from "effect/Predicate"
import { canonical } from "../compiler/Hash.ts"

export interface Difference {
  /** `items[0].title`; empty for the value itself. */
  readonly path: string
  /** Absent where nothing was expected. */
  readonly expected?: unknown
  /** Absent where nothing is there. */
  readonly actual?: unknown
}

const isMapping = (value: unknown): value is { readonly [key: string]: unknown } =>
  isReadonlyRecord(value) && !Array.isArray(value)

/** In the order of what was expected. The order of keys is no difference; that of a list is. */
export const between = (expected: unknown, actual: unknown, path = ""): ReadonlyArray<Difference> => {
  if (Array.isArray(expected) && Array.isArray(actual)) {
    return Array.from({ length: Math.max(expected.length, actual.length) }, (_, at) => {
      const place = `${path}[${at}]`
      if (at >= actual.length) return [{ path: place, expected: expected[at] }]
      return at >= expected.length ? [{ path: place, actual: actual[at] }] : between(expected[at], actual[at], place)
    }).flat()
  }
  if (isMapping(expected) && isMapping(actual)) {
    return [...new Set([...Object.keys(expected), ...Object.keys(actual)])].flatMap((key) => {
      const place = path === "" ? key : `${path}.${key}`
      if (!Object.hasOwn(actual, key)) return [{ path: place, expected: expected[key] }]
      if (!Object.hasOwn(expected, key)) return [{ path: place, actual: actual[key] }]
      return between(expected[key], actual[key], place)
    })
  }
  return canonical(expected) === canonical(actual) ? [] : [{ path, expected, actual }]
}

/** A text as itself, so that its lines can be read; anything else as JSON. */
const linesOf = (value: unknown): ReadonlyArray<string> =>
  (typeof value === "string" && value.includes("\n") ? value : JSON.stringify(value ?? null, null, 2)).split("\n")

const common = (one: ReadonlyArray<string>, other: ReadonlyArray<string>): number => {
  const at = one.findIndex((line, at) => line !== other[at])
  return at === -1 ? one.length : at
}

/** Lines that are the same at both ends are left out but for one. */
const around = (expected: ReadonlyArray<string>, actual: ReadonlyArray<string>): ReadonlyArray<string> => {
  const shorter = Math.min(expected.length, actual.length)
  const head = Math.min(common(expected, actual), shorter)
  const tail = Math.min(common(expected.toReversed(), actual.toReversed()), shorter - head)
  const middle = (lines: ReadonlyArray<string>) => lines.slice(head, lines.length - tail)
  const shown = (lines: ReadonlyArray<string>, sign: string) => lines.map((line) => `${sign} ${line}`)
  return [
    ...(head > 1 ? [`  \u2026 ${head - 1} more`] : []),
    ...shown(expected.slice(Math.max(0, head - 1), head), " "),
    ...shown(middle(expected), "-"),
    ...shown(middle(actual), "+"),
    ...shown(expected.slice(expected.length - tail, expected.length - tail + 1), " "),
    ...(tail > 1 ? [`  \u2026 ${tail - 1} more`] : [])
  ]
}

/** `-` is what was expected, `+` what is there. */
export const render = (differences: ReadonlyArray<Difference>, root: string): string =>
  differences
    .map((difference) => {
      const { path } = difference
      const place = path === "" ? root : path.startsWith("[") ? `${root}${path}` : `${root}.${path}`
      const lines = around(
        "expected" in difference ? linesOf(difference.expected) : [],
        "actual" in difference ? linesOf(difference.actual) : []
      )
      return [place, ...lines.map((line) => `  ${line}`)].join("\n")
    })
    .join("\n")
