/**
 * Cuts a streamed body into frames, whatever way the network has cut it before: inside a UTF-8 sequence, inside
 * `data:`, between CR and LF. A frame keeps its raw bytes, blank line included, so that it can be passed on untouched.
 *
 * Lines end with LF or CRLF; a lone CR, which the SSE standard also allows, is sent by no provider and not taken for an
 * end.
 */
import type { Frame, Protocol } from "../protocols/Protocol.ts"

export interface Splitter {
  /** The frames that are whole with this chunk. */
  readonly push: (chunk: Uint8Array) => ReadonlyArray<Buffer>
  /** Bytes of a frame that has not ended yet. */
  readonly waiting: () => number
  /** What is left at the end of the body: empty, or a last frame without its end mark. */
  readonly rest: () => Buffer
}

const LF = 0x0a
const CR = 0x0d
const none: Buffer = Buffer.alloc(0)

const asBuffer = (chunk: Uint8Array): Buffer =>
  Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)

/** Where the frame that begins at `from` ends (exclusive), or -1. `scanned` is where the search may begin. */
type FindEnd = (bytes: Buffer, from: number, scanned: number) => number

/** An SSE event ends with an empty line. */
const sseEnd: FindEnd = (bytes, from, scanned) => {
  let lf = bytes.indexOf(LF, scanned)
  while (lf !== -1) {
    const next = lf + 1
    // A body may begin with an empty line, and events may have more than one between them.
    if (lf === from || (lf === from + 1 && bytes[from] === CR)) return next
    if (bytes[next] === LF) return next + 1
    if (bytes[next] === CR && bytes[next + 1] === LF) return next + 2
    lf = bytes.indexOf(LF, next)
  }
  return -1
}

/** A line of NDJSON ends with LF. */
const lineEnd: FindEnd = (bytes, _from, scanned) => bytes.indexOf(LF, scanned) + 1 || -1

const splitter = (findEnd: FindEnd): Splitter => {
  let pending = none
  // What `pending` begins, with room behind it that doubles: a huge frame in small chunks is not copied with each.
  let room = none
  // Bytes of `pending` that hold no end: searched once, however small the chunks are.
  let scanned = 0
  const joined = (chunk: Uint8Array): Buffer => {
    const length = pending.length + chunk.length
    if (length > room.length) {
      room = Buffer.allocUnsafe(Math.max(length, pending.length * 2))
      room.set(pending)
    }
    room.set(chunk, pending.length)
    return room.subarray(0, length)
  }
  return {
    push: (chunk) => {
      const bytes = pending.length === 0 ? asBuffer(chunk) : joined(chunk)
      const frames: Array<Buffer> = []
      let from = 0
      let end = findEnd(bytes, from, scanned)
      while (end !== -1) {
        frames.push(bytes.subarray(from, end))
        from = end
        end = findEnd(bytes, from, from)
      }
      pending = from === bytes.length ? none : bytes.subarray(from)
      // Bytes that were given away are not written to again.
      if (from > 0) room = none
      // The last three bytes may be half of an end mark.
      scanned = Math.max(0, pending.length - 3)
      return frames
    },
    waiting: () => pending.length,
    rest: () => {
      const left = pending
      pending = none
      room = none
      scanned = 0
      return left
    }
  }
}

export const make = (framing: Protocol["framing"]): Splitter => splitter(framing === "sse" ? sseEnd : lineEnd)

/** Reads an SSE event. Null when it holds no data: comments and keep-alives. */
const parseSse = (raw: Buffer): Frame | null => {
  let event = ""
  let data: string | null = null
  for (const line of raw.toString("utf8").split("\n")) {
    const text = line.endsWith("\r") ? line.slice(0, -1) : line
    const colon = text.indexOf(":")
    if (colon <= 0) continue
    const field = text.slice(0, colon)
    const value = text.slice(text[colon + 1] === " " ? colon + 2 : colon + 1)
    if (field === "data") data = data === null ? value : `${data}\n${value}`
    else if (field === "event") event = value
  }
  return data === null ? null : { event, data }
}

const parseLine = (raw: Buffer): Frame | null => {
  const data = raw.toString("utf8").trim()
  return data === "" ? null : { event: "", data }
}

/** Reads a raw frame. Null when it holds nothing to read. */
export const parse = (framing: Protocol["framing"], raw: Buffer): Frame | null =>
  framing === "sse" ? parseSse(raw) : parseLine(raw)
