import { assert, describe, it } from "@effect/vitest"
import { isTold } from "@penstock/gateway/exchange/Resume"

const told = (extra: { readonly [name: string]: unknown }): boolean =>
  isTold({ model: "m", messages: [{ role: "user", content: [{ type: "text", text: "hi" }] }], extra })

describe("an answer that was passed on and broke is gone on with elsewhere", () => {
  it("where its events tell all of it", () => {
    assert.isTrue(told({}))
    assert.isTrue(told({ n: 1, logprobs: false, top_logprobs: 0, mcp_servers: [], modalities: ["text"], include: [] }))
    assert.isTrue(told({ metadata: { a: "b" }, context_management: null, container: null, "input.0.phase": "x" }))
  })

  it("and not where it holds more: what was asked for would end where the answer goes on", () => {
    for (const extra of [
      { n: 2 },
      { logprobs: true },
      { top_logprobs: 3 },
      { moderation: { model: "m" } },
      { context_management: { edits: [] } },
      { context_management: [{ type: "compaction" }] },
      { container: "container_1" },
      { diagnostics: { previous_message_id: "msg_1" } },
      { "tools.0": { type: "web_search" } },
      { "messages.0.content.0.citations": { enabled: true } }
    ]) {
      assert.isFalse(told(extra), JSON.stringify(extra))
    }
  })
})
