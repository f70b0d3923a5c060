import { assert, describe, it } from "@effect/vitest"
import * as ToolOutcome from "@penstock/gateway/tools/ToolOutcome"

const told = (...content: ReadonlyArray<{ readonly type: string; readonly [key: string]: unknown }>) =>
  ToolOutcome.ofResult("id", { content, isError: false }).content

describe("what a tool answered, for a model", () => {
  it("is text as text and a picture as a picture; other things in words", () => {
    assert.deepStrictEqual(told({ type: "text", text: "hello" }), [{ type: "text", text: "hello" }])
    assert.deepStrictEqual(told({ type: "image", data: "AAAA", mimeType: "image/jpeg" }), [
      { type: "image", source: { type: "base64", mediaType: "image/jpeg", data: "AAAA" } }
    ])
    assert.deepStrictEqual(told({ type: "audio", data: "AAAA", mimeType: "audio/wav" }), [
      { type: "text", text: "[audio: audio/wav, 4 characters of base64]" }
    ])
    assert.deepStrictEqual(told({ type: "resource", resource: { uri: "file:///a", text: "inside" } }), [
      { type: "text", text: "inside" }
    ])
    assert.deepStrictEqual(told({ type: "resource", resource: { uri: "file:///a", blob: "AAAA", mimeType: "x/y" } }), [
      { type: "text", text: "[file:///a: x/y, 3 bytes]" }
    ])
    assert.deepStrictEqual(told({ type: "resource_link", uri: "file:///a", name: "a" }), [
      { type: "text", text: `{"type":"resource_link","uri":"file:///a","name":"a"}` }
    ])
  })

  it("is its structured content where there is no other, and never empty", () => {
    const structured = ToolOutcome.ofResult("id", { content: [], structuredContent: { n: 1 }, isError: false })
    assert.deepStrictEqual(structured.content, [{ type: "text", text: `{"n":1}` }])
    assert.deepStrictEqual(told({ type: "text", text: "" }), [{ type: "text", text: "[no content]" }])
  })

  it("is cut, and says so, where no model could read it", () => {
    const [part] = told({ type: "text", text: "x".repeat(1_000_000) })
    assert.strictEqual(part?.type, "text")
    const text = part?.type === "text" ? part.text : ""
    assert.isBelow(text.length, 500_000)
    assert.include(text, "1000000 characters")
  })

  it("keeps that it is a failure", () => {
    const failed = ToolOutcome.ofResult("id", { content: [{ type: "text", text: "no" }], isError: true })
    assert.isTrue(failed.isError)
  })
})
