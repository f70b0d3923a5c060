import { assert, describe, it } from "@effect/vitest"
import type { Message } from "@penstock/schema/ChatRequest"
import * as ContentAttributes from "@penstock/server/telemetry/ContentAttributes"

const user = (text: string): Message => ({ role: "user", content: [{ type: "text", text }] })

const input = (messages: readonly [Message, ...ReadonlyArray<Message>]) =>
  String(ContentAttributes.of({ request: { model: "m", messages, extra: {} }, events: [] })["gen_ai.input.messages"])

describe("content in spans", () => {
  it("is of a bounded length: texts lose their ends, conversations their beginnings", () => {
    const long = input([user("x".repeat(100_000))])
    assert.isBelow(long.length, 9_000)
    assert.include(long, "x…")
    const many = input([user("first"), ...Array.from({ length: 100 }, () => user("y".repeat(5_000))), user("last")])
    assert.isAtMost(many.length, 65_538)
    const read: ReadonlyArray<{ readonly parts: ReadonlyArray<{ readonly content: string }> }> = JSON.parse(many)
    assert.strictEqual(read.at(-1)?.parts[0]?.content, "last")
    assert.notInclude(many, "first")
  })

  it("names calls of tools and what they gave, and tells no bytes of pictures", () => {
    const data = "iVBORw0KGgo"
    const told = input([
      { role: "user", content: [{ type: "image", source: { type: "base64", mediaType: "image/png", data } }] },
      { role: "assistant", content: [{ type: "tool-call", id: "c1", name: "look", arguments: "{}" }] },
      { role: "tool", content: [{ type: "tool-result", toolCallId: "c1", content: [{ type: "text", text: "a cat" }] }] }
    ])
    assert.deepStrictEqual(JSON.parse(told), [
      { role: "user", parts: [{ type: "image" }] },
      { role: "assistant", parts: [{ type: "tool_call", id: "c1", name: "look", arguments: "{}" }] },
      { role: "tool", parts: [{ type: "tool_call_response", id: "c1", response: "a cat" }] }
    ])
  })

  it("an answer that broke off is told as far as it went, as one that failed", () => {
    const events = [
      { type: "start", id: "a", model: "m" },
      { type: "text-start", index: 0 },
      { type: "text-delta", index: 0, text: "half an" }
    ] as const
    const output = ContentAttributes.of({ request: null, events })["gen_ai.output.messages"]
    assert.deepStrictEqual(JSON.parse(String(output)), [
      { role: "assistant", parts: [{ type: "text", content: "half an" }], finish_reason: "error" }
    ])
  })
})
