import { assert, describe, it } from "@effect/vitest"
import { dialect, protocol } from "@penstock/gateway/protocols/anthropic-messages/AnthropicMessages"
import type { Frame } from "@penstock/gateway/protocols/Protocol"
import * as Relay from "@penstock/gateway/wire/Relay"

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

  it("keeps unsigned reasoning for a vendor that wants its own back, and ours from others from it", () => {
    const thinking = (signature: string) => ({
      model: "m",
      messages: [
        {
          role: "assistant",
          content: [
            { type: "thinking", thinking: "c", signature },
            { type: "text", text: "t" }
          ]
        }
      ]
    })
    assert.isEmpty(rewritten(JSON.stringify(thinking("")), "glm-5").dropped)
    assert.isNotEmpty(rewritten(JSON.stringify(thinking("")), "claude-sonnet-4-5").dropped)
    assert.isNotEmpty(rewritten(JSON.stringify(thinking("issuer=;")), "glm-5").dropped)
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

describe("a streamed message that is passed through", () => {
  const frames = [
    { type: "message_start", message: { id: "msg_1", model: "m", usage: { input_tokens: 1, output_tokens: 1 } } },
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "hi" } },
    { type: "content_block_stop", index: 0 },
    { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 2 } },
    { type: "message_stop" }
  ].map((data) => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`)
  const relayed = (text: string) => {
    const relay = Relay.passThrough(protocol, isUsageOnly, endMark)
    const out = [relay.push(Buffer.from(text)), relay.end()].map((each) => (each === null ? "" : Buffer.from(each)))
    return { out: out.join(""), seen: relay.seen }
  }

  it("is not touched", () => {
    assert.strictEqual(relayed(frames.join("")).out, frames.join(""))
  })

  it("gets its end where the provider left that out, and none where it was cut", () => {
    const whole = relayed(frames.slice(0, -1).join(""))
    assert.isTrue(whole.seen.finished)
    assert.strictEqual(whole.out, frames.join(""))
    const cut = relayed(frames.slice(0, -2).join(""))
    assert.isFalse(cut.seen.finished)
    assert.strictEqual(cut.out, frames.slice(0, -2).join(""))
  })
})
