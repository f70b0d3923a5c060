/**
 * The little of HTTP/1.1 that the load generator and the mock upstream need, over plain sockets. Both share two cores
 * with the gateway under test, so what they do not spend is what the gateway gets.
 */

const HEAD = 0
const LENGTH = 1
const CHUNK_SIZE = 2
const CHUNK_DATA = 3
const CHUNK_END = 4
const TRAILER = 5

/**
 * Reads messages from a socket's chunks. `onHead(head, hasBody)`, `onBody(bytes)`, `onEnd()`; anything that is not the
 * HTTP expected here throws, and the run is then wrong rather than fast.
 */
export const makeReader = ({ onHead, onBody, onEnd }) => {
  let state = HEAD
  let text = ""
  let left = 0

  const head = () => {
    const length = /\r\ncontent-length: *(\d+)/i.exec(text)
    const chunked = /\r\ntransfer-encoding: *chunked/i.test(text)
    const found = text
    text = ""
    left = length === null ? 0 : Number(length[1])
    if (found.startsWith("HTTP/") && length === null && !chunked) throw new Error(`no length: ${found}`)
    onHead(found)
    if (chunked) state = CHUNK_SIZE
    else if (left > 0) state = LENGTH
    else onEnd()
  }

  /** Reads up to `end` from `at`; gives where it stopped, or -1 when the end is not here yet. */
  const until = (chunk, at, end) => {
    // The end may be split over two chunks, so it is looked for in what is there so far.
    const before = text.length
    text += chunk.latin1Slice(at)
    const found = text.indexOf(end, Math.max(0, before - end.length + 1))
    if (found === -1) return -1
    text = text.slice(0, found)
    return at + found - before + end.length
  }

  return (chunk) => {
    let at = 0
    while (at < chunk.length) {
      if (state === HEAD) {
        at = until(chunk, at, "\r\n\r\n")
        if (at === -1) return
        head()
      } else if (state === LENGTH || state === CHUNK_DATA) {
        const end = Math.min(chunk.length, at + left)
        left -= end - at
        onBody(at === 0 && end === chunk.length ? chunk : chunk.subarray(at, end))
        at = end
        if (left > 0) return
        if (state === CHUNK_DATA) {
          state = CHUNK_END
        } else {
          state = HEAD
          onEnd()
        }
      } else if (state === CHUNK_SIZE) {
        at = until(chunk, at, "\r\n")
        if (at === -1) return
        left = Number.parseInt(text, 16)
        if (Number.isNaN(left)) throw new Error(`bad chunk size: ${JSON.stringify(text)}`)
        text = ""
        state = left === 0 ? TRAILER : CHUNK_DATA
      } else {
        // The empty line after a chunk, or after the last one (no trailers are expected).
        at = until(chunk, at, "\r\n")
        if (at === -1) return
        if (text !== "") throw new Error(`unexpected trailer: ${JSON.stringify(text)}`)
        if (state === TRAILER) {
          state = HEAD
          onEnd()
        } else {
          state = CHUNK_SIZE
        }
      }
    }
  }
}
