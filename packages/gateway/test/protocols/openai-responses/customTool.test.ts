import { assert, describe, it } from "@effect/vitest"
import { dialect } from "@penstock/gateway/protocols/openai-responses/OpenAiResponses"
import type { Completion } from "@penstock/schema/Completion"
import { unfold } from "@penstock/schema/StreamEvent"
import * as fc from "effect/FastCheck"
import { judges, present } from "../../../../../test/support/OpenApi.ts"
import { context, dataOf } from "./wire.ts"

const asked = {
  model: "m",
  input: "hi",
  tools: [
    { type: "custom", name: "sql" },
    { type: "function", name: "f" }
  ]
}
const told = { ...context, asked }

const answer = (args: string): Completion => ({
  id: "resp_1",
  model: "m",
  content: [
    { type: "tool-call", id: "call_1", name: "sql", arguments: args },
    { type: "tool-call", id: "call_2", name: "f", arguments: args }
  ],
  finishReason: "tool_calls",
  usage: null
})

const outputOf = (args: string) => dialect.write(answer(args), told)["output"]

const eventsOf = (args: string) => {
  const encoder = dialect.encoder(told)
  return dataOf([...unfold(answer(args))].map((event) => encoder.write(event)).join(""))
}

describe("a tool that takes text, where a function stands in for it", () => {
  it("is called with the text that the model wrote into the argument, and functions with their JSON", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (input) => {
        const args = JSON.stringify({ input })
        const output = outputOf(args)
        assert.deepInclude(output, {
          id: "ctc_1_0",
          type: "custom_tool_call",
          call_id: "call_1",
          name: "sql",
          input
        })
        assert.nestedPropertyVal({ output }, "output[1].arguments", args)
      })
    )
  })

  it("is called with all that the model wrote, if that is something else", () => {
    for (const args of ["SELECT 1", "", "{}", '{"input":1}']) {
      assert.nestedPropertyVal({ output: outputOf(args) }, "output[0].input", args)
    }
  })

  it("says the same in a stream: the text at once, when it is whole", () => {
    const events = eventsOf('{"input":"SELECT 1"}')
    const typesOf = events.map(({ type }) => type)
    assert.deepStrictEqual(
      typesOf.filter((type) => String(type).includes("custom")),
      ["response.custom_tool_call_input.delta", "response.custom_tool_call_input.done"]
    )
    assert.deepStrictEqual(
      events.find(({ type }) => type === "response.completed")?.response.output,
      outputOf('{"input":"SELECT 1"}')
    )
  })

  it.skipIf(!present)("is written as OpenAI's description has it (skipped without the description)", () => {
    const schema = judges()
    const [whole, event] = [schema("Response"), schema("ResponseStreamEvent")]
    assert.isNull(whole(JSON.parse(JSON.stringify(dialect.write(answer('{"input":"a"}'), told)))))
    for (const each of eventsOf('{"input":"a"}')) assert.isNull(event(each))
  })
})
