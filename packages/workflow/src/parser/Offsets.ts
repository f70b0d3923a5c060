/**
 * From a place in a scalar's value to the place in the file. Quotes, escapes, indentation and folded lines stand
 * between the two; in every style, though, the characters that are not blank come in the same order.
 */
import type { Range } from "../diagnostic/Diagnostic.ts"
import type { Lines } from "./Lines.ts"
import type { Scalar, Span } from "./Node.ts"

const escapeLengths: { readonly [letter: string]: number } = { x: 4, u: 6, U: 10 }

const isBlank = (character: string | undefined): boolean =>
  character === undefined || /[\s\u0085\u00a0]/.test(character)

/** The length of an escape in double quotes, and whether it stands for a blank, or for nothing. */
const escape = (text: string, at: number): { readonly length: number; readonly blank: boolean } => {
  const letter = text[at + 1] ?? ""
  const length = escapeLengths[letter] ?? 2
  const code = length > 2 ? Number.parseInt(text.slice(at + 2, at + length), 16) : null
  const blank =
    code === null ? /[ tnvfreN_LP\r\n\t]/.test(letter) : isBlank(String.fromCodePoint(Math.min(code, 0x10ffff)))
  return { length, blank }
}

/** Offsets in the text of each character of the value that is not blank, in order. */
const inked = (scalar: Scalar, text: string): ReadonlyArray<number> => {
  const { span, style } = scalar
  const quoted = style === "single" || style === "double"
  const header = style === "block" ? text.indexOf("\n", span.start) + 1 || span.end : span.start
  const end = quoted ? span.end - 1 : span.end
  const places: Array<number> = []
  for (let at = quoted ? span.start + 1 : header; at < end;) {
    if (style === "double" && text[at] === "\\") {
      const { blank, length } = escape(text, at)
      if (!blank) places.push(at)
      // A character outside of the BMP is two units of the value.
      if (length === 10 && text.slice(at + 2, at + 6) !== "0000") places.push(at)
      at += length
    } else if (style === "single" && text[at] === "'") {
      places.push(at)
      at += 2
    } else {
      if (!isBlank(text[at])) places.push(at)
      at += 1
    }
  }
  return places
}

/** Where stretches of a scalar's value stand in the file. Made once for a scalar, because it may be long. */
export const placesOf = (scalar: Scalar, text: string, lines: Lines): ((span: Span) => Range) => {
  const value = String(scalar.value)
  const places = inked(scalar, text)
  // How many characters with ink stand before each place of the value.
  const before = new Uint32Array(value.length + 1)
  for (let at = 0; at < value.length; at++) before[at + 1] = (before[at] ?? 0) + (isBlank(value[at]) ? 0 : 1)
  const end = (place: number): number =>
    place + (scalar.style === "double" && text[place] === "\\" ? escape(text, place).length : 1)

  return (span) => {
    const from = before[Math.min(span.start, value.length)] ?? 0
    const to = before[Math.min(Math.max(span.end, span.start + 1), value.length)] ?? 0
    const first = places[from]
    const last = places[to - 1]
    if (to > from && first !== undefined && last !== undefined) return lines.range({ start: first, end: end(last) })
    // A stretch of blanks, or the end of the value.
    const previous = places[from - 1]
    const behind = previous === undefined ? scalar.span.start : end(previous)
    return lines.range({ start: behind, end: behind + 1 })
  }
}
