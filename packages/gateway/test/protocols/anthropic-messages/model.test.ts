import { assert, describe, it } from "@effect/vitest"
import { model } from "@penstock/gateway/protocols/anthropic-messages/Model"

const facts = (name: string) => {
  const { thinking, thinkingOff, sampling, structuredOutput, forcedTools, systemMessages } = model(name)
  return [thinking, thinkingOff, sampling, structuredOutput, forcedTools, systemMessages]
}

describe("anthropic-messages: what a model accepts", () => {
  // thinking, its off switch, sampling, structured output, forced tools, system messages
  const known: ReadonlyArray<readonly [string, ReturnType<typeof facts>]> = [
    ["claude-2.1", ["none", null, true, false, true, false]],
    ["claude-instant-1.2", ["none", null, true, false, true, false]],
    ["claude-3-haiku-20240307", ["none", null, true, false, true, false]],
    ["claude-3-5-sonnet-latest", ["none", null, true, false, true, false]],
    ["claude-3-7-sonnet-20250219", ["budget", null, true, false, true, false]],
    ["claude-sonnet-4-20250514", ["budget", null, true, false, true, false]],
    ["claude-opus-4-0", ["budget", null, true, false, true, false]],
    ["claude-opus-4-1-20250805", ["budget", null, true, false, true, false]],
    ["claude-sonnet-4-5", ["budget", null, true, true, true, false]],
    ["claude-haiku-4-5-20251001", ["budget", null, true, true, true, false]],
    ["claude-opus-4.6", ["adaptive", null, true, true, true, false]],
    ["claude-opus-4-7", ["adaptive", null, false, true, true, false]],
    ["claude-opus-4-8", ["adaptive", null, false, true, true, true]],
    ["claude-sonnet-5", ["adaptive", "disabled", false, true, true, false]],
    ["claude-opus-5", ["adaptive", "disabled", false, true, true, true]],
    ["claude-fable-5", ["adaptive", "impossible", false, true, true, true]],
    ["claude-fable-5-1", ["adaptive", "impossible", false, true, false, true]],
    ["claude-sonnet-5-5", ["adaptive", "between_tools", false, true, false, true]],
    ["claude-haiku-5-5", ["adaptive", "disabled", false, true, true, true]],
    ["claude-opus-5-5", ["adaptive", "impossible", false, true, false, true]],
    ["claude-mythos-preview", ["adaptive", "impossible", false, true, false, true]],
    ["anthropic.claude-opus-4-8-v1:0", ["adaptive", null, false, true, true, true]]
  ]

  for (const [name, expected] of known) {
    it(`${name} is known by its version`, () => assert.deepStrictEqual(facts(name), expected))
  }

  it("a model of a later version is taken to be like the newest", () => {
    assert.deepStrictEqual(facts("claude-opus-7"), facts("claude-opus-5-5"))
  })

  it("a model of another vendor is taken to accept what every generation had in common", () => {
    assert.deepStrictEqual(facts("kimi-k2"), ["budget", null, true, false, true, false])
  })
})
