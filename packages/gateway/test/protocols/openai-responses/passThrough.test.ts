import { assert, describe, it } from "@effect/vitest"
import { dialect, protocol } from "@penstock/gateway/protocols/openai-responses/OpenAiResponses"
import { unfold } from "@penstock/schema/StreamEvent"
import { dataOf, sse } from "./wire.ts"

const rewritten = (text: string, model: string) => {
  const { body, dropped } = dialect.passThrough.rewrite({ bytes: Buffer.from(text), json: JSON.parse(text) }, model)
  return { text: body.toString(), dropped }
}

const thought = { type: "reasoning", text: "hm", signature: "rs_abc:Z0FB", issuer: "openai-responses" } as const

describe("a request for a response that is passed through", () => {
  it("has its model changed in its place and nothing else", () => {
    const body = (model: string) =>
      `{ "input":[{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"Z0FB"},{"type":"reasoning","id":"rs_2","summary":[]}],"model" : "${model}","x":12345678901234567890}`
    assert.deepStrictEqual(rewritten(body("fast"), "gpt-5"), { text: body("gpt-5"), dropped: [] })
  })

  it("loses the reasoning of others, and gets OpenAI's back under the id that it is bound to", () => {
    const answers = [
      [{ ...thought, signature: "c2ln", issuer: "anthropic-messages" }],
      [{ type: "reasoning", text: "plain" } as const],
      [thought]
    ]
    // As a caller has got them: streamed, where an id had to be given before the real one was known.
    const items = answers.map((content) => {
      const events = unfold({ id: "a", model: "m", content, finishReason: "stop", usage: null })
      return dataOf(sse(events)).at(-1).response.output[0]
    })
    const message = { role: "user", content: "go on" }
    const sent = rewritten(JSON.stringify({ model: "m", input: [...items, message], later: [1] }), "gpt-5")
    assert.deepStrictEqual(JSON.parse(sent.text), {
      model: "gpt-5",
      input: [
        { id: "rs_abc", type: "reasoning", summary: [{ type: "summary_text", text: "hm" }], encrypted_content: "Z0FB" },
        message
      ],
      later: [1]
    })
    assert.deepStrictEqual(sent.dropped, ["input.0", "input.1"])
  })

  it("OpenAI's own reasoning has its own id in a whole answer", () => {
    const { output } = dialect.write(
      { id: "a", model: "m", content: [thought], finishReason: "stop", usage: null },
      { created: 1, includeUsage: false }
    )
    assert.deepInclude((output as ReadonlyArray<object>)[0], { id: "rs_abc", encrypted_content: "Z0FB" })
  })

  it("goes to the same server as chat completions, at another path", () => {
    assert.strictEqual(protocol.chatPath, "/responses")
    assert.deepStrictEqual(protocol.authorize("k"), { authorization: "Bearer k" })
  })
})
