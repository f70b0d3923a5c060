/** Numbers, strings and choices from a text. `nth` asks for the next best value: the items of a list differ. */
import type { Facts, Hint } from "./Facts.ts"
import { canonical, numberIn, type Json, type JsonObject } from "./JsonSchema.ts"
import { codePoints, formats } from "./MatchSchema.ts"
import * as Pattern from "./Pattern.ts"

/** Says whether a value is valid against the whole schema. */
export type Fits = (value: Json) => boolean

const maxText = 100_000

const wordCharacter = /[\p{L}\p{N}]/u

/** Where an allowed value stands in the text, -1 when it does not. `in_progress` is also found as `in progress`. */
const placeOf = (value: Json, facts: Facts): number => {
  if (value === null || typeof value === "object") return -1
  const words = String(value)
    .toLowerCase()
    .split(/[\s_-]+/)
    .filter(Boolean)
    .map((word) => word.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"))
  if (words.length === 0) return -1
  // Word boundaries are looked at by hand: letters of all languages, any case, would make each expression a large one.
  for (const match of facts.lower.matchAll(new RegExp(words.join("[\\s_-]+"), "g"))) {
    const before = facts.lower[match.index - 1] ?? ""
    const after = facts.lower[match.index + match[0].length] ?? ""
    if (!wordCharacter.test(before) && !wordCharacter.test(after)) return match.index
  }
  return -1
}

/** The allowed values that the text names, in its order. */
export const mentioned = (values: ReadonlyArray<Json>, facts: Facts): ReadonlyArray<Json> =>
  values
    .map((value) => ({ value, place: placeOf(value, facts) }))
    .filter(({ place }) => place >= 0)
    .toSorted((a, b) => a.place - b.place || String(b.value).length - String(a.value).length)
    .map(({ value }) => value)

export const choice = (
  values: ReadonlyArray<Json>,
  preset: Json | undefined,
  facts: Facts,
  nth: number,
  fits: Fits
) => {
  const ordered = [...mentioned(values, facts), ...(preset === undefined ? [] : [preset]), ...values]
  const seen = new Set<string>()
  const distinct = ordered.filter((value) => !seen.has(canonical(value)) && seen.add(canonical(value)) && fits(value))
  return distinct.length === 0 ? undefined : distinct[nth % distinct.length]
}

/** Numbers that may satisfy the bounds, the plainest first. */
const constructed = function* (schema: JsonObject): Generator<number> {
  const low = Math.max(numberIn(schema["minimum"]) ?? -Infinity, numberIn(schema["exclusiveMinimum"]) ?? -Infinity)
  const high = Math.min(numberIn(schema["maximum"]) ?? Infinity, numberIn(schema["exclusiveMaximum"]) ?? Infinity)
  const step = numberIn(schema["multipleOf"]) ?? 1
  const near = Math.min(Math.max(0, low), high)
  // Multiples of the step from the bound inwards, then what lies between the bounds.
  const first = Math.ceil(near / step)
  for (let i = 0; i < 600; i += 1) yield (first + i) * step
  for (let i = 1; i < 600; i += 1) yield (first - i) * step
  if (Number.isFinite(low) && Number.isFinite(high)) {
    yield* [low, high]
    for (let i = 1; i < 64; i += 1) yield low + ((high - low) * i) / 64
  } else {
    for (let i = 0; i < 64; i += 1) yield near + (Number.isFinite(high) ? -i / 64 : i / 64)
  }
}

export const number = (schema: JsonObject, hint: Hint, facts: Facts, nth: number, fits: Fits): number | undefined => {
  const preset = schema["default"]
  const found = new Set<number>()
  for (const value of facts.numbers(hint)) if (fits(value)) found.add(value)
  if (found.size === 0 && typeof preset === "number" && fits(preset)) found.add(preset)
  if (nth < found.size) return [...found][nth]
  for (const value of constructed(schema)) {
    // Minus zero is a zero that JSON does not know.
    if (fits(value)) found.add(value + 0)
    if (found.size > nth) break
  }
  return [...found][nth] ?? [...found].at(-1)
}

/** What a format looks like when the text has none. */
const examples: { readonly [format: string]: (nth: number) => string } = {
  date: (nth) => `2000-01-${String((nth % 28) + 1).padStart(2, "0")}`,
  time: (nth) => `00:00:${String(nth % 60).padStart(2, "0")}Z`,
  "date-time": (nth) => `2000-01-01T00:00:${String(nth % 60).padStart(2, "0")}Z`,
  duration: (nth) => `PT${nth}S`,
  email: (nth) => `someone${nth === 0 ? "" : nth}@example.com`,
  hostname: (nth) => `host${nth === 0 ? "" : nth}.example.com`,
  uri: (nth) => `https://example.com/${nth === 0 ? "" : nth}`,
  uuid: (nth) => `00000000-0000-4000-8000-${nth.toString(16).padStart(12, "0")}`,
  ipv4: (nth) => `192.0.2.${nth % 256}`,
  ipv6: (nth) => `2001:db8::${(nth % 65_536).toString(16)}`
}

/** Properties that want a name rather than a sentence. */
const nameLike =
  /(?:^|_)(?:name|city|location|place|country|town|region|person|author|company|organi[sz]ation|customer|title|who|where|destination|origin)$/i

/** Pieces of the text that might be a formatted value: between spaces, without the punctuation around them. */
const tokens = (facts: Facts): ReadonlyArray<string> =>
  facts.text
    .slice(0, 20_000)
    .split(/[\s"'<>()[\]{},;]+/)
    .map((token) => token.replace(/[.:!?]+$/, ""))
    .filter(Boolean)

/** Cut to the longest allowed, at a word's end where there is one. */
const shortened = (text: string, min: number, max: number): string => {
  if (codePoints(text) <= max) return text
  const cut = [...text].slice(0, max).join("")
  const space = cut.lastIndexOf(" ")
  const whole = space > 0 ? cut.slice(0, space).replace(/[\s,;:]+$/, "") : cut
  return codePoints(whole) >= min && whole !== "" ? whole : cut
}

/** Lengthened with the sentences that follow in rank, over again if need be. */
const lengthened = (text: string, facts: Facts, min: number): string => {
  const more = facts.key(facts.ranked.sentences.length).filter((sentence) => sentence !== text)
  let result = text === "" ? "-" : text
  for (let i = 0; codePoints(result) < Math.min(min, maxText); i += 1) {
    result += more.length === 0 ? ` ${text === "" ? "-" : text}` : ` ${more[i % more.length] ?? "-"}`
  }
  return result
}

const sized = (text: string, facts: Facts, schema: JsonObject): string => {
  const min = numberIn(schema["minLength"]) ?? 0
  const max = Math.max(min, numberIn(schema["maxLength"]) ?? Infinity)
  const long = codePoints(text) < min ? lengthened(text, facts, min) : text
  return Number.isFinite(max) ? shortened(long, min, max) : long
}

/** Texts for a property, the most fitting first. */
const texts = function* (hint: Hint, facts: Facts, listed: number): Generator<string> {
  if (listed > 1) {
    yield* facts.key(listed)
    return
  }
  const labelled = facts.labelled(hint.name)
  if (labelled !== null) yield labelled
  if (nameLike.test(hint.name.replaceAll(/(\p{Ll})(\p{Lu})/gu, "$1_$2"))) yield* facts.names()
  const about = facts.about(hint)
  if (about !== null) yield about
  yield* facts.ranked.order.map((position) => facts.ranked.sentences[position] ?? "")
}

const special = function* (schema: JsonObject, facts: Facts, nth: number): Generator<string> {
  const { format, pattern } = schema
  if (typeof format === "string" && formats[format] !== undefined) {
    yield* tokens(facts)
    const example = examples[format]
    if (example !== undefined) for (let i = 0; i <= nth; i += 1) yield example(i)
  }
  if (typeof pattern === "string") {
    const read = Pattern.make(pattern)
    if (read === null) return
    yield* tokens(facts).slice(0, 500)
    for (let i = 0; i < nth * 4 + 16; i += 1) yield read.example(i)
  }
}

/** `listed` is how many strings are wanted side by side: then they are the key sentences, in the order of the text. */
export const text = (
  schema: JsonObject,
  hint: Hint,
  facts: Facts,
  nth: number,
  listed: number,
  fits: Fits
): string | undefined => {
  const found = new Set<string>()
  for (const value of special(schema, facts, nth)) {
    if (fits(value)) found.add(value)
    if (found.size > nth) return [...found][nth]
  }
  for (const value of texts(hint, facts, listed)) {
    const fitted = sized(value, facts, schema)
    if (fits(fitted)) found.add(fitted)
    if (found.size > nth) return [...found][nth]
  }
  const preset = schema["default"]
  if (found.size === 0 && typeof preset === "string" && fits(preset)) return preset
  for (let i = 0; i < nth + 2 && found.size <= nth; i += 1) {
    const numbered = sized(i === 0 ? "" : `${i}. ${facts.key(1)[0] ?? ""}`.trim(), facts, schema)
    if (fits(numbered)) found.add(numbered)
  }
  return [...found][nth] ?? [...found].at(-1)
}
