/** What is left of a file that has mistakes of shape: enough to find the mistakes of sense in the same go. */
import type { PenstockFile } from "@penstock/schema/config/PenstockConfig"
import * as Either from "effect/Either"
import { isRecord } from "effect/Predicate"
import { renderPath } from "./ConfigIssue.ts"
import type { Path } from "./ConfigSource.ts"
import type { Mistake } from "./Decoding.ts"

export interface SoundPart {
  readonly file: PenstockFile
  /** Where a value stands in the whole: lists close up over what was taken out of them. */
  readonly original: (path: Path) => Path
}

interface Remainder {
  readonly tree: unknown
  readonly original: SoundPart["original"]
}

/** The tree without the entries that are wrong, or without their whole sections, so that the rest can be checked. */
const without = (tree: unknown, mistakes: ReadonlyArray<Mistake>, part: "entry" | "section"): Remainder => {
  if (!isRecord(tree)) return { tree: {}, original: (path) => path }
  const wrong = new Set(mistakes.map((mistake) => renderPath(mistake.path.slice(0, part === "entry" ? 2 : 1))))
  const sound = (path: Path): boolean => !wrong.has(renderPath(path))
  const kept = new Map<string | number, ReadonlyArray<number>>()
  const entries = Object.entries(tree).flatMap(([section, value]) => {
    if (!sound([section])) return []
    if (Array.isArray(value)) {
      const indices = [...value.keys()].filter((index) => sound([section, index]))
      kept.set(section, indices)
      return [[section, indices.map((index): unknown => value[index])]]
    }
    if (!isRecord(value)) return [[section, value]]
    return [[section, Object.fromEntries(Object.entries(value).filter(([key]) => sound([section, key])))]]
  })
  return {
    tree: Object.fromEntries(entries),
    original: (path) => {
      const [section, index, ...rest] = path
      if (section === undefined || typeof index !== "number") return path
      return [section, kept.get(section)?.[index] ?? index, ...rest]
    }
  }
}

/** Null when what is left does not make a file either. */
export const soundPart = (
  tree: unknown,
  mistakes: ReadonlyArray<Mistake>,
  decode: (tree: unknown) => Either.Either<PenstockFile, unknown>
): SoundPart | null => {
  for (const part of ["entry", "section"] as const) {
    const { original, tree: rest } = without(tree, mistakes, part)
    const decoded = decode(rest)
    if (Either.isRight(decoded)) return { file: decoded.right, original }
  }
  return null
}
