/**
 * Messages on a server's stdout, one to a line. What is no JSON object is noise: told, counted and skipped, for many
 * programs greet on stdout. A line longer than the limit is never held in memory.
 */
import { isObject, type JsonObject, parse } from "../wire/Json.ts"

export interface Receiver {
  readonly message: (message: JsonObject) => void
  readonly noise: (line: string) => void
  /** An oversized line; `id` is that of the answered request where it could be made out. */
  readonly oversized: (id: number | string | null) => void
}

/** Both ends of an oversized line are kept: an answer's id stands at one of them. */
const kept = 256
const noiseShown = 200
const newline = 10

const idIn = (text: string, pattern: RegExp): number | string | null => {
  const found = pattern.exec(text)?.[1]
  const id = found === undefined ? undefined : parse(found)
  return typeof id === "number" || typeof id === "string" ? id : null
}

const idOf = (head: string, tail: string): number | string | null =>
  idIn(tail, /,\s*"id"\s*:\s*(\d+|"[^"\\]*")\s*(?:,\s*"jsonrpc"\s*:\s*"2\.0"\s*)?\}\s*$/) ??
  idIn(head, /^\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"id"\s*:\s*(\d+|"[^"\\]*")\s*,/)

/** Takes bytes as they come; `limit` is of bytes in a line. */
export const make = (limit: number, receiver: Receiver): ((chunk: Buffer) => void) => {
  let parts: Array<Buffer> = []
  let size = 0
  let head = ""
  let tail: Buffer = Buffer.alloc(0)

  const add = (piece: Buffer) => {
    size += piece.length
    if (size <= limit) {
      parts.push(piece)
      return
    }
    if (parts.length > 0) {
      const whole = Buffer.concat(parts)
      head = whole.toString("utf8", 0, kept)
      tail = whole.subarray(-kept)
      parts = []
    }
    tail = Buffer.from(Buffer.concat([tail, piece.subarray(-kept)]).subarray(-kept))
  }

  const end = () => {
    const tooLong = size > limit
    const line = tooLong ? "" : Buffer.concat(parts).toString("utf8").trim()
    const id = tooLong ? idOf(head, tail.toString("utf8")) : null
    ;[parts, size, head, tail] = [[], 0, "", Buffer.alloc(0)]
    if (tooLong) return receiver.oversized(id)
    if (line === "") return
    const message = parse(line)
    if (isObject(message)) receiver.message(message)
    else receiver.noise(line.slice(0, noiseShown))
  }

  return (chunk) => {
    let from = 0
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, from)) {
      if (at > from) add(chunk.subarray(from, at))
      end()
      from = at + 1
    }
    if (from < chunk.length) add(chunk.subarray(from))
  }
}
