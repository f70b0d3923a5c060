import { assert, describe, it } from "@effect/vitest"
import type { ChatRequest } from "@penstock/schema/ChatRequest"
import { shimTool } from "@penstock/gateway/protocols/anthropic-messages/Shim"
import type { Lowered } from "@penstock/gateway/protocols/Protocol"
import { budget, format, lower, old, refused, weather } from "./lowering.ts"

describe("anthropic-messages: tools", () => {
  const choice = (more: Partial<ChatRequest>, model = budget) =>
    lower({ tools: [weather], ...more }, model).body["tool_choice"]

  it("every tool choice has its word", () => {
    assert.isUndefined(choice({}))
    assert.deepStrictEqual(choice({ toolChoice: "auto" }), { type: "auto" })
    assert.deepStrictEqual(choice({ toolChoice: "none" }), { type: "none" })
    assert.deepStrictEqual(choice({ toolChoice: "required" }), { type: "any" })
    assert.deepStrictEqual(choice({ toolChoice: { tool: "weather" } }), { type: "tool", name: "weather" })
    assert.deepStrictEqual(choice({ parallelToolCalls: false }), { type: "auto", disable_parallel_tool_use: true })
    assert.isUndefined(lower({ toolChoice: "auto" }).body["tool_choice"])
  })

  it("models that cannot be forced are asked, and the loss is listed", () => {
    const lowered = lower({ tools: [weather], toolChoice: "required" }, "claude-opus-5-5")
    assert.deepStrictEqual(lowered.body["tool_choice"], { type: "auto" })
    assert.deepStrictEqual(lowered.dropped, ["tool_choice"])
  })

  it("a schema without a type is an object, and without a schema there are no arguments", () => {
    const { body } = lower({ tools: [{ name: "a", parameters: { properties: {} } }, { name: "b" }] })
    assert.deepStrictEqual(body["tools"], [
      { name: "a", input_schema: { type: "object", properties: {} } },
      { name: "b", input_schema: { type: "object" } }
    ])
  })

  it("alternatives at the top of a schema, which Anthropic refuses, are offered together", () => {
    const branch = (name: string) => ({ properties: { [name]: { type: "string" } }, required: [name] })
    const lowered = lower({ tools: [{ name: "a", parameters: { type: "object", anyOf: [branch("x"), branch("y")] } }] })
    assert.deepStrictEqual(lowered.body["tools"], [
      {
        name: "a",
        input_schema: { type: "object", properties: { x: { type: "string" }, y: { type: "string" } } }
      }
    ])
    assert.deepStrictEqual(lowered.dropped, ["tools.0.parameters.anyOf"])
  })

  it("strict tools are strict where the model knows it, with closed objects", () => {
    const tools = [{ ...weather, strict: true }]
    assert.deepInclude((lower({ tools }).body["tools"] as ReadonlyArray<object>)[0], {
      strict: true,
      input_schema: { type: "object", properties: { city: { type: "string" } }, additionalProperties: false }
    })
    assert.deepStrictEqual(lower({ tools }, old).dropped, ["tools.0.strict"])
  })
})

describe("anthropic-messages: JSON schemas on models without structured output", () => {
  const names = (lowered: Lowered) =>
    (lowered.body["tools"] as ReadonlyArray<{ name: string }>).map((tool) => tool.name)

  it("are a tool that must be called", () => {
    const lowered = lower({ responseFormat: format }, old)
    assert.deepStrictEqual(names(lowered), [shimTool])
    assert.deepStrictEqual(lowered.body["tool_choice"], { type: "any" })
    assert.isUndefined(lowered.body["output_config"])
    assert.deepStrictEqual(lowered.dropped, [])
  })

  it("leave the caller's tools usable, and unused when the caller wants none", () => {
    const both = { responseFormat: format, tools: [weather] }
    assert.deepStrictEqual(names(lower(both, old)), ["weather", shimTool])
    assert.deepStrictEqual(lower(both, old).body["tool_choice"], { type: "any" })
    assert.deepStrictEqual(lower({ ...both, toolChoice: "none" }, old).body["tool_choice"], {
      type: "tool",
      name: shimTool
    })
  })

  it("reserve the tool's name", () => {
    const tools = [{ name: shimTool }]
    const error = refused({ tools }, old)
    assert.deepInclude(error, { reason: "invalid_request", param: "tools.0.name" })
  })
})
