import { assert, describe, it } from "@effect/vitest"
import { protocol as anthropic } from "@penstock/gateway/protocols/anthropic-messages/AnthropicMessages"
import { protocol as chat } from "@penstock/gateway/protocols/openai-chat/OpenAiChat"
import { protocol as responses } from "@penstock/gateway/protocols/openai-responses/OpenAiResponses"
import { fittest, native, type Spoken } from "@penstock/gateway/providers/ChooseProtocol"
import type { ChatRequest } from "@penstock/schema/ChatRequest"

const openai: Spoken = [responses, chat]
const options = { model: "gpt-5", maxOutputTokens: null }
const chosen = (more: Partial<ChatRequest>, spoken = openai) =>
  fittest(
    spoken,
    { model: "m", messages: [{ role: "user", content: [{ type: "text", text: "hi" }] }], extra: {}, ...more },
    options
  ).id

describe("the protocol for a provider that speaks several", () => {
  it("is the caller's own where the provider has it", () => {
    assert.strictEqual(native(openai, "openai-chat"), chat)
    assert.strictEqual(native(openai, "openai-responses"), responses)
    assert.isNull(native(openai, "anthropic-messages"))
  })

  it("is the preferred one for what both can say", () => {
    assert.strictEqual(chosen({ temperature: 1 }), "openai-responses")
    assert.strictEqual(chosen({ temperature: 1 }, [chat, responses]), "openai-chat")
    assert.strictEqual(chosen({ topK: 1, maxTokens: 20 }), "openai-responses")
  })

  it("is the one in which less is lost", () => {
    assert.strictEqual(chosen({ stop: ["END"], seed: 1 }), "openai-chat")
    assert.strictEqual(chosen({ extra: { logit_bias: {} } }), "openai-chat")
  })

  it("brings reasoning back to who encrypted it", () => {
    const thought = {
      type: "reasoning",
      text: "",
      redacted: true,
      signature: "rs_1:Z0FB",
      issuer: "openai-responses"
    } as const
    const messages = [
      { role: "user", content: [{ type: "text", text: "hi" }] },
      { role: "assistant", content: [thought, { type: "text", text: "so" }] },
      { role: "user", content: [{ type: "text", text: "go on" }] }
    ] as const
    assert.strictEqual(chosen({ messages }, [chat, responses]), "openai-responses")
  })

  it("is the only one where there is one, or the one that does not refuse", () => {
    assert.strictEqual(chosen({ stop: ["END"] }, [responses]), "openai-responses")
    const audio = { messages: [{ role: "user", content: [{ type: "audio", format: "wav", data: "AAAA" }] }] } as const
    assert.strictEqual(chosen(audio, [anthropic, chat]), "openai-chat")
  })
})
