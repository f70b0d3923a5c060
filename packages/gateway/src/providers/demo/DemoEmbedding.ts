/**
 * The demo's embeddings: no AI, but vectors that behave as embeddings do. The same text always has the same vector, of
 * length 1, and texts that share words and pieces of words are nearer to each other than those that share none. Each
 * word, and each run of three letters in it, adds to two places of the vector that its hash tells.
 *
 * Spelling is all that it knows: "car" is as far from "automobile" as from "banana".
 */
import { createHash } from "node:crypto"
import { wordsOf } from "./Words.ts"

export const defaultDimensions = 256
/** Fewer have no room to tell texts apart; as many as OpenAI's largest. */
export const dimensionBounds = { least: 8, most: 3072 } as const

const wordWeight = 2
const pieceLength = 3

interface Feature {
  readonly text: string
  readonly weight: number
}

const featuresOf = (text: string): ReadonlyArray<Feature> => {
  const features: Array<Feature> = []
  for (const word of wordsOf(text)) {
    features.push({ text: word, weight: wordWeight })
    const padded = ` ${word} `
    for (let at = 0; at + pieceLength <= padded.length; at += 1) {
      features.push({ text: padded.slice(at, at + pieceLength), weight: 1 })
    }
  }
  // A text of punctuation, or of filler alone, is something too.
  return features.length > 0 ? features : [{ text, weight: 1 }]
}

const add = (vector: Float64Array, { text, weight }: Feature): void => {
  const hash = createHash("sha256").update(text).digest()
  for (const at of [0, 8]) {
    const place = hash.readUInt32LE(at) % vector.length
    const sign = (hash[at + 4] ?? 0) % 2 === 0 ? 1 : -1
    vector[place] = (vector[place] ?? 0) + sign * weight
  }
}

/** As 32-bit floats hold it, so that it is the same in numbers and in base64. */
const normalised = (vector: Float64Array): ReadonlyArray<number> => {
  const length = Math.hypot(...vector)
  if (length > 0) return Array.from(vector, (value) => Math.fround(value / length))
  // All that was added has cancelled out.
  return Array.from(vector, (_, at) => (at === 0 ? 1 : 0))
}

/** Tokens, for want of their text, count as words. */
export const embed = (input: string | ReadonlyArray<number>, dimensions: number): ReadonlyArray<number> => {
  const vector = new Float64Array(dimensions)
  const features =
    typeof input === "string"
      ? featuresOf(input)
      : input.map((token) => ({ text: `token ${token}`, weight: wordWeight }))
  for (const feature of features) add(vector, feature)
  return normalised(vector)
}
