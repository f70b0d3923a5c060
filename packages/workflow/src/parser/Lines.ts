/** From offsets to lines and columns. */
import type { Position, Range } from "../diagnostic/Diagnostic.ts"
import type { Span } from "./Node.ts"

export interface Lines {
  readonly position: (offset: number) => Position
  readonly range: (span: Span) => Range
}

/** A line ends with LF, CRLF or CR, as YAML has it. */
export const make = (text: string): Lines => {
  const starts = [0]
  for (const match of text.matchAll(/\r\n?|\n/g)) starts.push(match.index + match[0].length)

  const position = (offset: number): Position => {
    const place = Math.max(0, Math.min(offset, text.length))
    let low = 0
    let high = starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((starts[middle] ?? 0) <= place) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: place - (starts[low] ?? 0) + 1 }
  }

  return { position, range: ({ end, start }) => ({ start: position(start), end: position(Math.max(start, end)) }) }
}
