import { assert, describe, it } from "@effect/vitest"
import { fold } from "@penstock/schema/StreamEvent"
import { buckets } from "@penstock/schema/Usage"
import * as fc from "effect/FastCheck"
import { streamed, type Wire } from "./completions.ts"

const everything: Wire = {
  parts: ["reasoning", "text", "refusal", "tool-call"],
  order: "any",
  reasoning: { max: 3, signed: ["anthropic-messages"], unsigned: true },
  arguments: "text",
  finishReasons: ["stop", "length", "tool_calls", "content_filter"],
  stopSequence: true,
  buckets,
  usageOptional: true
}

describe("arbitrary answers", () => {
  it("an answer cut into random events folds back into itself", () => {
    fc.assert(
      fc.property(streamed(everything), ({ completion, events }) => assert.deepStrictEqual(fold(events), completion))
    )
  })
})
