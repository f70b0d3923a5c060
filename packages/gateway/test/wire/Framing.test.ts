import { assert, describe, it } from "@effect/vitest"
import type { Frame, Protocol } from "@penstock/gateway/protocols/Protocol"
import * as Framing from "@penstock/gateway/wire/Framing"
import * as fc from "effect/FastCheck"
import { chunksOf, cut, type Cut } from "./bytes.ts"

interface Read {
  readonly raw: ReadonlyArray<Buffer>
  readonly rest: Buffer
  readonly frames: ReadonlyArray<Frame>
}

const read = (framing: Protocol["framing"], body: Uint8Array, how: Cut): Read => {
  const splitter = Framing.make(framing)
  const raw = chunksOf(body, how).flatMap((chunk) => splitter.push(chunk))
  return {
    raw,
    rest: splitter.rest(),
    frames: raw.map((each) => Framing.parse(framing, each)).filter((frame) => frame !== null)
  }
}

const text = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 12 }),
  fc.constantFrom("", "é👩‍👩‍👧‍👦", "data: x", ": no comment", " two spaces", "\u2028", '{"a":"\\n"}')
)
const line = text.map((each) => each.replace(/[\r\n]/g, " "))
const newline = fc.constantFrom("\n", "\r\n")

interface Event {
  readonly written: string
  readonly frame: Frame | null
}

const dataEvent: fc.Arbitrary<Event> = fc
  .record({
    lines: fc.array(line, { minLength: 1, maxLength: 3 }),
    event: fc.constantFrom("", "message_start", "error"),
    // The one space behind the colon belongs to the wire and not to the value.
    space: fc.boolean(),
    comment: fc.boolean(),
    other: fc.boolean(),
    newline
  })
  .map(({ comment, event, lines, newline, other, space }) => ({
    written: [
      ...(comment ? [": comment é"] : []),
      ...(event === "" ? [] : [`event: ${event}`]),
      ...(other ? ["id: 7", "retry: 10", "data-like: no"] : []),
      ...lines.map((each) => (space || each.startsWith(" ") ? `data: ${each}` : `data:${each}`)),
      "",
      ""
    ].join(newline),
    frame: { event, data: lines.join("\n") }
  }))
const silentEvent: fc.Arbitrary<Event> = newline.chain((newline) =>
  fc
    .constantFrom(`: OPENROUTER PROCESSING${newline}${newline}`, newline, `event: ping${newline}${newline}`)
    .map((written) => ({ written, frame: null }))
)
const events = fc.array(fc.oneof({ weight: 3, arbitrary: dataEvent }, { weight: 1, arbitrary: silentEvent }), {
  maxLength: 8
})

describe("frames of an SSE body", () => {
  it("are the events that were written, however the body was cut", () => {
    fc.assert(
      fc.property(events, cut, (events, how) => {
        const { frames, rest } = read("sse", Buffer.from(events.map((each) => each.written).join("")), how)
        assert.deepStrictEqual(
          frames,
          events.flatMap(({ frame }) => (frame === null ? [] : [frame]))
        )
        assert.strictEqual(rest.length, 0)
      }),
      { numRuns: 500 }
    )
  })

  it("have the same raw bytes however the body was cut, and together they are the body", () => {
    const bytes = fc
      .array(fc.constantFrom("\n", "\r", "\r\n", "data: é", "a", ":", "\n\n", "\r\n\r\n"), { maxLength: 16 })
      .map((all) => Buffer.from(all.join("")))
    fc.assert(
      fc.property(fc.oneof(bytes, fc.uint8Array({ maxLength: 40 })), cut, (body, how) => {
        const one = read("sse", body, "whole")
        const other = read("sse", body, how)
        assert.isTrue(Buffer.concat([...other.raw, other.rest]).equals(body))
        assert.deepStrictEqual(
          other.raw.map((each) => each.toString("latin1")),
          one.raw.map((each) => each.toString("latin1"))
        )
      }),
      { numRuns: 1000 }
    )
  })

  it("leave what has no end mark as the rest, once", () => {
    const splitter = Framing.make("sse")
    assert.strictEqual(splitter.push(Buffer.from("data: a\n\nda")).length, 1)
    assert.strictEqual(splitter.push(Buffer.from("ta: b\r\n")).length, 0)
    assert.strictEqual(splitter.rest().toString(), "data: b\r\n")
    assert.strictEqual(splitter.rest().length, 0)
  })
})

describe("frames of an NDJSON body", () => {
  it("are its lines that are not empty, however the body was cut", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(line, newline)), line, cut, (lines, last, how) => {
        const body = Buffer.from(lines.map(([each, end]) => each + end).join("") + last)
        const { frames, raw, rest } = read("ndjson", body, how)
        assert.deepStrictEqual(
          frames,
          lines.flatMap(([each]) => (each.trim() === "" ? [] : [{ event: "", data: each.trim() }]))
        )
        assert.strictEqual(rest.toString(), last)
        assert.isTrue(Buffer.concat([...raw, rest]).equals(body))
      }),
      { numRuns: 500 }
    )
  })
})

describe.each(["sse", "ndjson"] as const)("a huge %s event in many small chunks", (framing) => {
  // Joined anew with every chunk, this would copy 200 GB.
  it("is copied a bounded number of times", () => {
    const body = Buffer.alloc(5_000_000, "data: xyz ")
    const splitter = Framing.make(framing)
    let early = 0
    for (let at = 0; at < body.length; at += 64) early += splitter.push(body.subarray(at, at + 64)).length
    assert.strictEqual(early, 0)
    const [frame] = splitter.push(Buffer.from("\n\n"))
    assert.isTrue(frame?.subarray(0, body.length).equals(body))
  })
})

describe("raw frames", () => {
  it("do not change when more bytes arrive", () => {
    fc.assert(
      fc.property(events, cut, (events, how) => {
        const splitter = Framing.make("sse")
        const given = chunksOf(Buffer.from(events.map((each) => each.written).join("")), how).flatMap((chunk) =>
          splitter.push(chunk).map((raw) => [raw, raw.toString("latin1")] as const)
        )
        for (const [raw, then] of given) assert.strictEqual(raw.toString("latin1"), then)
      })
    )
  })
})
