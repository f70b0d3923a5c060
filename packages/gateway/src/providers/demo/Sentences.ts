/**
 * Extractive summary without a model: sentences are ranked by how much they have in common with all the others
 * (LexRank: PageRank over the cosine similarity of their TF-IDF vectors). The same text gives the same ranking.
 */
import { wordsOf } from "./Words.ts"

/** Longer texts are read at their beginning and end; more sentences than this are sampled evenly. Bounds the work. */
const maxCharacters = 30_000
const maxSentences = 150
const damping = 0.85
const rounds = 30

const segmenter = new Intl.Segmenter("en", { granularity: "sentence" })

/** After these a full stop ends no sentence; nor does it after a single initial. */
const abbreviation =
  /(?:^|[\s("'])(?:\p{Lu}|Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr|vs|etc|e\.g|i\.e|cf|approx|No|Nr|Fig|Vol|pp?|Inc|Ltd|Co|Corp|Gen|Sen|Rep|Rev|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|(?:\p{Lu}\.)+\p{Lu})\.$/u

const bounded = (text: string): string =>
  text.length <= maxCharacters
    ? text
    : `${text.slice(0, maxCharacters / 2)}\n\n${text.slice(text.length - maxCharacters / 2)}`

/** Joins lines that were wrapped within a sentence; a list item or a heading stays on its own. */
const unwrapped = (text: string): string => text.replaceAll(/([^\s.!?:;])[ \t]*\r?\n[ \t]*(?=\p{Ll})/gu, "$1 ")

export const sentencesOf = (text: string): ReadonlyArray<string> => {
  const sentences: Array<string> = []
  let pending = ""
  for (const { segment } of segmenter.segment(unwrapped(bounded(text)))) {
    pending += segment
    if (abbreviation.test(pending.trimEnd()) && !/\n\s*$/.test(pending)) continue
    const sentence = pending.trim().replaceAll(/\s+/g, " ")
    if (/[\p{L}\p{N}]/u.test(sentence)) sentences.push(sentence)
    pending = ""
  }
  const last = pending.trim().replaceAll(/\s+/g, " ")
  if (last !== "") sentences.push(last)
  return sentences
}

type Vector = ReadonlyMap<string, number>

/** TF-IDF vectors of length 1. The +1 keeps words that every sentence has from vanishing in short texts. */
const vectors = (sentences: ReadonlyArray<string>): ReadonlyArray<Vector> => {
  const counts = sentences.map((sentence) => {
    const count = new Map<string, number>()
    for (const word of wordsOf(sentence)) count.set(word, (count.get(word) ?? 0) + 1)
    return count
  })
  const documents = new Map<string, number>()
  for (const count of counts) for (const word of count.keys()) documents.set(word, (documents.get(word) ?? 0) + 1)
  return counts.map((count) => {
    const weights = new Map<string, number>()
    let square = 0
    for (const [word, times] of count) {
      const weight = times * (1 + Math.log(sentences.length / (documents.get(word) ?? 1)))
      weights.set(word, weight)
      square += weight * weight
    }
    const length = Math.sqrt(square) || 1
    return new Map([...weights].map(([word, weight]) => [word, weight / length]))
  })
}

const cosine = (a: Vector, b: Vector): number => {
  const [short, long] = a.size <= b.size ? [a, b] : [b, a]
  let sum = 0
  for (const [word, weight] of short) sum += weight * (long.get(word) ?? 0)
  return sum
}

/** The centrality of each sentence, by power iteration over the similarities, which are symmetric. */
const centrality = (sentences: ReadonlyArray<string>): Float64Array => {
  const size = sentences.length
  const all = vectors(sentences)
  const similar = new Float64Array(size * size)
  const sums = new Float64Array(size)
  for (const [i, a] of all.entries()) {
    for (const [j, b] of all.slice(0, i).entries()) {
      const value = cosine(a, b)
      similar[i * size + j] = value
      similar[j * size + i] = value
      sums[i] = (sums[i] ?? 0) + value
      sums[j] = (sums[j] ?? 0) + value
    }
  }
  let scores = new Float64Array(size).fill(1 / size)
  for (let round = 0; round < rounds; round += 1) {
    const next = new Float64Array(size).fill((1 - damping) / size)
    for (let i = 0; i < size; i += 1) {
      const sum = sums[i] ?? 0
      if (sum === 0) continue
      const share = (damping * (scores[i] ?? 0)) / sum
      for (let j = 0; j < size; j += 1) next[j] = (next[j] ?? 0) + share * (similar[i * size + j] ?? 0)
    }
    scores = next
  }
  return scores
}

/** Every so many, so that the ones kept are spread over the text. */
const sampled = (sentences: ReadonlyArray<string>): ReadonlyArray<string> =>
  sentences.length <= maxSentences
    ? sentences
    : Array.from({ length: maxSentences }, (_, i) => sentences[Math.floor((i * sentences.length) / maxSentences)] ?? "")

export interface Ranked {
  /** In the order of the text. */
  readonly sentences: ReadonlyArray<string>
  /** Positions in `sentences`, the most central first; of equals, the earlier first. */
  readonly order: ReadonlyArray<number>
}

export const rank = (text: string): Ranked => {
  const sentences = sampled(sentencesOf(text))
  const scores = centrality(sentences)
  // Rounded, so that the last bit of a sum decides nothing.
  const score = (position: number): number => Math.round((scores[position] ?? 0) * 1e9)
  const order = sentences.map((_, position) => position).toSorted((a, b) => score(b) - score(a) || a - b)
  return { sentences, order }
}

/** The most central sentences, at most `count`, in the order of the text. */
export const top = ({ sentences, order }: Ranked, count: number): ReadonlyArray<string> =>
  order
    .slice(0, count)
    .toSorted((a, b) => a - b)
    .map((position) => sentences[position] ?? "")

/** One sentence of a short text, at most three of a long one. */
export const summary = (text: string): string => {
  const ranked = rank(text)
  return top(ranked, Math.min(3, Math.ceil(ranked.sentences.length / 3))).join(" ")
}
