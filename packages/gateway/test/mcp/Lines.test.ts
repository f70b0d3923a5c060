import { assert, describe, it } from "@effect/vitest"
import * as Lines from "@penstock/gateway/mcp/Lines"
import * as TextTail from "@penstock/gateway/mcp/TextTail"
import * as FastCheck from "effect/FastCheck"

/** What is received when the bytes come in pieces of these sizes, over and over. */
const received = (bytes: Buffer, sizes: ReadonlyArray<number>, limit = 1_000) => {
  const got: Array<unknown> = []
  const push = Lines.make(limit, {
    message: (message) => got.push(message),
    noise: (line) => got.push(`noise: ${line}`),
    oversized: (id) => got.push({ oversized: id })
  })
  for (let from = 0, turn = 0; from < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1
    push(bytes.subarray(from, from + size))
    from += size
  }
  return got
}

const pieces = FastCheck.array(FastCheck.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 20 })

describe("messages on stdout", () => {
  it("are the same however their bytes are cut", () => {
    const long = "x".repeat(2_000)
    const lines = [
      '{"jsonrpc":"2.0","id":1,"result":"ä€𝄞"}',
      "Hello!",
      "",
      "[1]",
      `{"jsonrpc":"2.0","id":7,"result":"${long}"}\r`,
      `{"result":{"text":"${long}"},"jsonrpc":"2.0","id":"eight"}`,
      `${long}"id":9}`,
      '{"jsonrpc":"2.0","id":2,"result":{}}\r'
    ]
    const expected = [
      { jsonrpc: "2.0", id: 1, result: "ä€𝄞" },
      "noise: Hello!",
      "noise: [1]",
      { oversized: 7 },
      { oversized: "eight" },
      { oversized: null },
      { jsonrpc: "2.0", id: 2, result: {} }
    ]
    const bytes = Buffer.from(`${lines.join("\n")}\n`)
    FastCheck.assert(FastCheck.property(pieces, (sizes) => assert.deepStrictEqual(received(bytes, sizes), expected)))
  })
})

describe("a tail", () => {
  it("keeps the end, whole characters, and nothing that paints a terminal", () => {
    const tail = TextTail.make(10)
    const bytes = Buffer.from("forgotten\u001B[31mred\u001B[0m\u0007ä€")
    for (const byte of bytes) tail.push(Uint8Array.of(byte))
    assert.match(tail.read(), /ä€$/)
    // oxlint-disable-next-line no-control-regex -- these are what is removed
    assert.notMatch(tail.read(), /[\u0000-\u001F]/)
  })
})
