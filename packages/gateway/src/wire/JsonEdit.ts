/**
 * Changes a JSON text in place, by bytes: everything that is not named stays as it came, unknown fields, number formats
 * and key order included.
 */
const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a
const COMMA = 0x2c
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d

/** A stretch of bytes, end exclusive. */
export interface Range {
  readonly start: number
  readonly end: number
}

const isSpace = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09

const skipSpace = (bytes: Buffer, from: number): number => {
  let at = from
  while (isSpace(bytes[at])) at += 1
  return at
}

/** The position behind the string that opens at `from`. A string is skipped at the speed of `indexOf`. */
const skipString = (bytes: Buffer, from: number): number => {
  let quote = bytes.indexOf(QUOTE, from + 1)
  while (quote !== -1) {
    let backslashes = 0
    while (bytes[quote - 1 - backslashes] === BACKSLASH) backslashes += 1
    if (backslashes % 2 === 0) return quote + 1
    quote = bytes.indexOf(QUOTE, quote + 1)
  }
  return bytes.length
}

/** The position behind the value that begins at `from`. */
const skipValue = (bytes: Buffer, from: number): number => {
  let depth = 0
  let at = from
  while (at < bytes.length) {
    const byte = bytes[at]
    if (byte === QUOTE) {
      at = skipString(bytes, at)
      if (depth === 0) return at
      continue
    }
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth += 1
    else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      if (depth === 0) return at
      depth -= 1
      if (depth === 0) return at + 1
    } else if (depth === 0 && (byte === COMMA || isSpace(byte))) return at
    at += 1
  }
  return at
}

/**
 * Where the value of a top-level key is, in a text that `JSON.parse` has accepted as an object. Null when the key is not
 * there, when it is spelled with escapes, or when it is there twice: then the text cannot be edited safely.
 */
export const valueRange = (bytes: Buffer, key: string): Range | null => {
  let found: Range | null = null
  let at = skipSpace(bytes, bytes.indexOf(OPEN_OBJECT) + 1)
  while (bytes[at] === QUOTE) {
    const keyEnd = skipString(bytes, at)
    const name = bytes.toString("utf8", at + 1, keyEnd - 1)
    const start = skipSpace(bytes, bytes.indexOf(COLON, keyEnd) + 1)
    const end = skipValue(bytes, start)
    if (name === key) {
      if (found !== null) return null
      found = { start, end }
    } else if (name.includes("\\")) return null
    at = skipSpace(bytes, end)
    if (bytes[at] === COMMA) at = skipSpace(bytes, at + 1)
  }
  return found
}

/** Objects and arrays within each other, in what a caller sends. A tool's JSON schema rarely needs twenty. */
export const maxDepth = 256

/**
 * Whether objects and arrays are nested deeper than `limit`. Looked at before parsing: a parser takes any depth, but
 * whoever walks the value afterwards runs out of stack.
 */
export const isDeeperThan = (bytes: Buffer, limit: number): boolean => {
  let depth = 0
  let at = 0
  while (at < bytes.length) {
    const byte = bytes[at]
    if (byte === QUOTE) {
      at = skipString(bytes, at)
      continue
    }
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      depth += 1
      if (depth > limit) return true
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) depth -= 1
    at += 1
  }
  return false
}

/** The text with one stretch replaced. */
export const replace = (bytes: Buffer, range: Range, by: string): Buffer =>
  Buffer.concat([bytes.subarray(0, range.start), Buffer.from(by), bytes.subarray(range.end)])

/** The text of an object with one more key in front. The object must have keys already. */
export const prepend = (bytes: Buffer, key: string, value: string): Buffer => {
  const open = bytes.indexOf(OPEN_OBJECT) + 1
  return Buffer.concat([bytes.subarray(0, open), Buffer.from(`${JSON.stringify(key)}:${value},`), bytes.subarray(open)])
}
