import * as Envelope from "@penstock/gateway/protocols/openai-chat/Envelope"
import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as Schema from "effect/Schema"

const accepts = Schema.is(Envelope.ChatEnvelope)

const anything = FastCheck.jsonValue({ maxDepth: 1 })
/** Mostly the first, which is right. */
const oneOf = (right: unknown, ...others: ReadonlyArray<unknown>) =>
  FastCheck.oneof(
    { arbitrary: FastCheck.constant(right), weight: 10 },
    { arbitrary: FastCheck.constantFrom(right, ...others), weight: 2 },
    { arbitrary: anything, weight: 1 }
  )

/** Requests as they come, and those that are wrong in one place or another. */
const request = FastCheck.record(
  {
    model: oneOf("gpt-5", "", "m".repeat(256), "m".repeat(257)),
    messages: oneOf([{ role: "user", content: "hi" }], [], [{}], [{ role: 1 }], [null]),
    stream: oneOf(true, false, null),
    temperature: oneOf(0, 0.7, null),
    top_p: oneOf(1, null),
    max_tokens: oneOf(256, 0.5, -1, 2 ** 53, null),
    max_completion_tokens: oneOf(256, 1e300, null),
    n: oneOf(1, null),
    stream_options: oneOf({ include_usage: true }, [], null),
    tools: oneOf([], [{ type: "function" }], ["a"], null),
    more: anything
  },
  { requiredKeys: [] }
)

describe("an envelope", () => {
  it("that is taken at a glance is one to the schema as well", () => {
    const taken = FastCheck.sample(FastCheck.oneof(request, anything), 5000).filter(Envelope.isEnvelope)
    assert.isAbove(taken.length, 50)
    assert.deepStrictEqual(
      taken.filter((json) => !accepts(json)),
      []
    )
  })

  it("of an everyday request is taken at a glance", () => {
    const messages = [
      { role: "system", content: "Answer briefly." },
      { role: "user", content: [{ type: "text", text: "hi" }] }
    ]
    const tools = [{ type: "function", function: { name: "f", parameters: {} } }]
    assert.isTrue(Envelope.isEnvelope({ model: "gpt-5", messages }))
    assert.isTrue(Envelope.isEnvelope({ model: "gpt-5", messages, tools, stream: true, max_tokens: 5, n: null }))
  })
})
