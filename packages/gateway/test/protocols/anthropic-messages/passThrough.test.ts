import { assert, describe, it } from "@effect/vitest"
import { dialect } from "@penstock/gateway/protocols/anthropic-messages/AnthropicMessages"
import type { Frame } from "@penstock/gateway/protocols/Protocol"

const { endMark, isUsageOnly, rewrite } = dialect.passThrough
const rewritten = (text: string, model: string) => {
  const { body, dropped } = rewrite({ bytes: Buffer.from(text), json: JSON.parse(text) }, model)
  return { text: body.toString(), dropped }
}

describe("a Messages request that is passed through", () => {
  it("has its model changed in its place and nothing else, the cache's marks above all", () => {
    const body = (model: string) =>
      `{ "max_tokens":1.0e2,"model" : "${model}", "system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral"}}],"messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"","signature":"c2ln"}]}],"x":12345678901234567890}`
    assert.deepStrictEqual(rewritten(body("fast"), "claude"), { text: body("claude"), dropped: [] })
  })

  it("leaves out reasoning that somebody else signed, or nobody, and says so", () => {
    const own = [
      { type: "thinking", thinking: "a", signature: "c2ln" },
      { type: "redacted_thinking", data: "Y2lw" }
    ]
    const foreign = [
      { type: "thinking", thinking: "b", signature: "issuer=openai-responses;rs_1:Z0FB" },
      { type: "redacted_thinking", data: "issuer=openai-responses;rs_2:Z0FB" },
      { type: "thinking", thinking: "c", signature: "" }
    ]
    const text = { type: "text", text: "t", cache_control: { type: "ephemeral" } }
    const messages = [
      { role: "user", content: "q" },
      { role: "assistant", content: [...foreign, ...own, text] },
      { role: "assistant", content: foreign.slice(0, 1) }
    ]
    const sent = rewritten(JSON.stringify({ model: "m", messages, later: [1] }), "claude")
    assert.deepStrictEqual(JSON.parse(sent.text), {
      model: "claude",
      messages: [messages[0], { role: "assistant", content: [...own, text] }],
      later: [1]
    })
    assert.deepStrictEqual(sent.dropped, [
      "messages.1.content.0",
      "messages.1.content.1",
      "messages.1.content.2",
      "messages.2.content.0"
    ])
  })

  it("ends with message_stop, which is told with and without the name of its event", () => {
    const frame = (event: string, data: string): Frame => ({ event, data })
    assert.isTrue(endMark.is(frame("message_stop", "{}")))
    assert.isTrue(endMark.is(frame("", '{"type": "message_stop"}')))
    assert.isFalse(endMark.is(frame("message_delta", "{}")))
    assert.isFalse(endMark.is(frame("", '{"type":"content_block_delta","delta":{"text":"message_stop"}}')))
    assert.isFalse(isUsageOnly(frame("message_delta", "{}"), [{ type: "finish", reason: "stop" }]))
  })
})
