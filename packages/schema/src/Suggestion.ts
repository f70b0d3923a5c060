/** "Did you mean": the nearest of the names that exist. */

/** How many single-character edits lie between two names, a swap of neighbours counting as one. */
export const editDistance = (left: string, right: string): number => {
  let beforeLast: ReadonlyArray<number> = []
  let last = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let i = 1; i <= left.length; i++) {
    const row = [i]
    for (let j = 1; j <= right.length; j++) {
      const same = left[i - 1] === right[j - 1]
      const change = (last[j - 1] ?? 0) + (same ? 0 : 1)
      const swap =
        i > 1 && j > 1 && left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1]
          ? (beforeLast[j - 2] ?? 0) + 1
          : Infinity
      row.push(Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, change, swap))
    }
    beforeLast = last
    last = row
  }
  return last[right.length] ?? 0
}

const fold = (name: string): string => name.toLowerCase().replaceAll(/[-_\s]/g, "")

/** A long stray value is no misspelling, and a catalogue may be long; both would be slow to compare. */
const maxLength = 64
const maxCandidates = 2000

/** The candidate that was probably meant: at most a third of the name is wrong, case and separators aside. */
export const nearest = (name: string, candidates: Iterable<string>): string | null => {
  if (name.length > maxLength) return null
  let best: { readonly candidate: string; readonly distance: number } | null = null
  let compared = 0
  for (const candidate of candidates) {
    if (++compared > maxCandidates) break
    const length = Math.max(name.length, candidate.length)
    const limit = Math.max(1, Math.floor(length / 3))
    if (candidate === name || Math.abs(name.length - candidate.length) > limit + 2) continue
    const distance = editDistance(fold(name), fold(candidate))
    if (distance <= limit && distance < candidate.length && (best === null || distance < best.distance)) {
      best = { candidate, distance }
    }
  }
  return best === null ? null : best.candidate
}

export const didYouMean = (name: string, candidates: ReadonlyArray<string>): string | null => {
  const found = nearest(name, candidates)
  return found === null ? null : `did you mean "${found}"?`
}
