/** The end of a text that goes on and on: what a server last said on stderr, for messages. */
import { StringDecoder } from "node:string_decoder"

export interface TextTail {
  readonly push: (bytes: Uint8Array) => void
  /** The last lines, without control characters; empty when nothing was said. */
  readonly read: () => string
}

/** Of escape sequences and the like nothing is left: what a server writes must not paint an operator's terminal. */
// oxlint-disable-next-line no-control-regex -- these are what is removed
const controls = /\u001B\[[0-9;?]*[ -/]*[@-~]|[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/g

/** Keeps at most `limit` characters. */
export const make = (limit: number): TextTail => {
  const decoder = new StringDecoder("utf8")
  let text = ""
  return {
    push: (bytes) => {
      text = (text + decoder.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))).slice(-limit)
    },
    read: () => text.replaceAll(controls, "").trim()
  }
}
