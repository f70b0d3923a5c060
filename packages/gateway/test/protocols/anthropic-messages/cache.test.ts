import { assert, describe, it } from "@effect/vitest"
import { protocol } from "@penstock/gateway/protocols/anthropic-messages/AnthropicMessages"
import type { ChatRequest } from "@penstock/schema/ChatRequest"
import * as Either from "effect/Either"
import * as fc from "effect/FastCheck"
import { request as requests } from "../requests.ts"
import { budget, request, weather } from "./lowering.ts"

const lower = (asked: ChatRequest, cachePrompt: boolean) =>
  protocol.lower(asked, { model: budget, maxOutputTokens: 64_000, cachePrompt })
const bodyOf = (more: Partial<ChatRequest>, cachePrompt = true) =>
  JSON.stringify(Either.getOrThrow(lower(request(more), cachePrompt)).body)
const marksIn = (text: string): number => text.split('"cache_control":{"type":"ephemeral"}').length - 1

const says = (role: "user" | "assistant", text: string) => ({ role, content: [{ type: "text" as const, text }] })
const conversation = [
  { role: "system", content: [{ type: "text", text: "be brief" }] },
  says("user", "one"),
  says("assistant", "two"),
  says("user", "three"),
  says("assistant", "four"),
  says("user", "five")
] as const

describe("marks for Anthropic's prompt cache", () => {
  it("end the tools, the instructions and the last two turns of the user", () => {
    const body = JSON.parse(bodyOf({ messages: conversation, tools: [weather, { ...weather, name: "other" }] }))
    const marks = (all: ReadonlyArray<object>) => all.map((each) => "cache_control" in each)
    assert.deepStrictEqual(marks(body.tools), [false, true])
    assert.deepStrictEqual(marks(body.system), [true])
    assert.deepStrictEqual(
      body.messages.map(({ content }: { content: ReadonlyArray<object> }) => marks(content)),
      [[false], [false], [true], [false], [true]]
    )
  })

  it("are not set for one question alone, nor unasked, nor beside the caller's own", () => {
    assert.strictEqual(marksIn(bodyOf({ messages: [conversation[1]], tools: [weather] })), 0)
    assert.strictEqual(marksIn(bodyOf({ messages: conversation }, false)), 0)
    assert.strictEqual(marksIn(bodyOf({ messages: conversation, dialect: "anthropic-messages" })), 0)
    const own = { cache_control: { type: "ephemeral" } }
    assert.strictEqual(marksIn(bodyOf({ messages: conversation, extra: own })), 1)
  })

  it("are four at most, and change nothing else", () => {
    fc.assert(
      fc.property(requests, (asked) => {
        const plain = lower(asked, false)
        fc.pre(Either.isRight(plain))
        const text = JSON.stringify(Either.getOrThrow(lower(asked, true)).body)
        assert.isAtMost(marksIn(text), 4)
        assert.strictEqual(
          text.replaceAll(',"cache_control":{"type":"ephemeral"}', ""),
          JSON.stringify(Either.getOrThrow(plain).body)
        )
      })
    )
  })
})
