/** What the demo finds in a text without understanding it: sentences, numbers, names, quoted and labelled values. */
import { rank, top, type Ranked } from "./Sentences.ts"
import { wordsOf } from "./Words.ts"

/** What a value is for: the property's name and the words of its description. */
export interface Hint {
  readonly name: string
  readonly words: ReadonlySet<string>
}

export const hint = (name: string, description: unknown): Hint => ({
  name,
  words: new Set([...wordsOf(name), ...(typeof description === "string" ? wordsOf(description) : [])])
})

export interface Facts {
  readonly text: string
  /** The text in lower case. */
  readonly lower: string
  /** Sentences by centrality. */
  readonly ranked: Ranked
  /** The `count` most central sentences in the order of the text. */
  readonly key: (count: number) => ReadonlyArray<string>
  /** The numbers of the text: those nearest to the hint's words first, or in order where the text has no such word. */
  readonly numbers: (hint: Hint) => ReadonlyArray<number>
  /** Whether the sentences that speak of the hint affirm or deny it; null when none does. */
  readonly affirms: (hint: Hint) => boolean | null
  /** The sentence that speaks most of the hint, null when none does. */
  readonly about: (hint: Hint) => string | null
  /** A value that the text itself labels: `city: Bern`, `name is "Ann"`. */
  readonly labelled: (name: string) => string | null
  /** Runs of capitalised words, such that begin no sentence before the others. */
  readonly names: () => ReadonlyArray<string>
}

const denial = /\b(?:no|not|never|without|none|false|cannot|disabled|unavailable)\b|n['’]t\b/i

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")

interface Found {
  readonly value: number
  readonly at: number
}

/** `1,234.5` is one number; the hyphen of `2024-05-01` and the dot that ends a sentence belong to none. */
const numbersIn = (text: string): ReadonlyArray<Found> =>
  [
    ...text.matchAll(
      /(?<![\p{L}\d.,-])-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?![\p{L}\d]|[.-]\d)|(?<![\p{L}\d.,-])\d+(?=\p{L})/gu
    )
  ]
    .map((match) => ({ value: Number(match[0].replaceAll(",", "")), at: match.index }))
    .filter(({ value }) => Number.isFinite(value))

export const make = (text: string): Facts => {
  const bounded = text.slice(0, 30_000)
  const ranked = rank(text)
  const wordSets = ranked.sentences.map((sentence) => new Set(wordsOf(sentence)))
  let numbers: ReadonlyArray<Found> | null = null

  const overlap = (position: number, hint: Hint): number =>
    [...hint.words].filter((word) => wordSets[position]?.has(word)).length

  const best = (hint: Hint): number | null => {
    let chosen: number | null = null
    let most = 0
    for (const position of ranked.order) {
      const shared = overlap(position, hint)
      if (shared > most) [chosen, most] = [position, shared]
    }
    return chosen
  }

  const spoken = (hint: Hint): ReadonlyArray<number> => {
    const positions: Array<number> = []
    for (const match of bounded.matchAll(/[\p{L}\p{N}]+/gu)) {
      if (wordsOf(match[0]).some((word) => hint.words.has(word))) positions.push(match.index)
    }
    return positions
  }

  const about = (hint: Hint): string | null => {
    const position = best(hint)
    return position === null ? null : (ranked.sentences[position] ?? null)
  }

  return {
    text: bounded,
    lower: bounded.toLowerCase(),
    ranked,
    key: (count) => top(ranked, count),
    about,
    numbers: (hint) => {
      numbers ??= numbersIn(bounded)
      const positions = spoken(hint)
      if (positions.length === 0) return numbers.map(({ value }) => value)
      const distance = ({ at }: Found): number =>
        Math.min(...positions.slice(0, 500).map((each) => Math.abs(each - at)))
      return numbers
        .slice(0, 500)
        .map((found) => ({ value: found.value, at: found.at, distance: distance(found) }))
        .toSorted((a, b) => a.distance - b.distance || a.at - b.at)
        .map(({ value }) => value)
    },
    affirms: (hint) => {
      const sentence = about(hint)
      return sentence === null ? null : !denial.test(sentence)
    },
    labelled: (name) => {
      const words = name
        .replaceAll(/(\p{Ll})(\p{Lu})/gu, "$1 $2")
        .split(/[\s_-]+/)
        .filter(Boolean)
      if (words.length === 0) return null
      const label = words.map(escaped).join("[\\s_-]*")
      const found = new RegExp(
        `(?<![A-Za-z0-9])${label}["'\`]?\\s*(?::|=|\\bis\\b)\\s*(?:["“'\`]([^"”'\`\\n]+)["”'\`]|([^\\s,;.!?][^,;.!?\\n]{0,80}))`,
        "i"
      ).exec(bounded)
      return found?.[1]?.trim() ?? found?.[2]?.trim() ?? null
    },
    names: () => {
      const inner: Array<string> = []
      const leading: Array<string> = []
      for (const sentence of ranked.sentences) {
        for (const match of sentence.matchAll(/\p{Lu}[\p{L}\p{N}'’-]*(?:\s+\p{Lu}[\p{L}\p{N}'’-]*)*/gu)) {
          ;(match.index === 0 ? leading : inner).push(match[0])
        }
      }
      return [...new Set([...inner.filter((name) => name !== "I"), ...leading])]
    }
  }
}
