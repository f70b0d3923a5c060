/** Families of models by their names: which version of a family a name is, and which is the newest. */

/** Names carry versions as `4-5`, `4.5` or `5`, and dates as eight digits. */
const isDate = (part: string): boolean => /^\d{8}$/.test(part)

/**
 * The version that a name is of a family, largest part first: `claude-3-5-sonnet` is `[3, 5]` of `sonnet` and of
 * `claude-sonnet`. Null when the name is of another family, or of a variant such as `sonnet-mini`.
 */
const version = (vendorWords: ReadonlySet<string>, family: string, name: string): ReadonlyArray<number> | null => {
  const left = new Set(family.toLowerCase().split("-"))
  const numbers: Array<number> = []
  for (const part of name.toLowerCase().split(/[-.]/)) {
    if (isDate(part) || part === "latest") continue
    if (/^\d+$/.test(part)) numbers.push(Number(part))
    else if (!left.delete(part) && !vendorWords.has(part)) return null
  }
  return left.size === 0 && numbers.length > 0 ? numbers : null
}

const compare = (one: ReadonlyArray<number>, other: ReadonlyArray<number>): number => {
  for (let index = 0; index < Math.max(one.length, other.length); index++) {
    const difference = (one[index] ?? 0) - (other[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/**
 * The names of a family, newest version first. A list has no release dates, but versions rise. `brand` is the word that
 * the vendor's names share and a family may leave out: `claude`.
 */
export const newestFirst = (
  brand: ReadonlySet<string>,
  family: string,
  names: ReadonlyArray<string>
): ReadonlyArray<string> =>
  names
    .flatMap((name) => {
      const of = version(brand, family, name)
      return of === null ? [] : [{ name, of }]
    })
    .sort((one, other) => compare(other.of, one.of))
    .map(({ name }) => name)
