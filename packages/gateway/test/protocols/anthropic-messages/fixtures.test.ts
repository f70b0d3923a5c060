/** Recorded answers of the real API, whole and streamed. */
import { readdirSync, readFileSync, existsSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import type { Completion } from "@penstock/schema/Completion"
import { fold, type StreamEvent } from "@penstock/schema/StreamEvent"
import * as Either from "effect/Either"
import { protocol } from "@penstock/gateway/protocols/anthropic-messages/AnthropicMessages"

const folder = new URL("../../../../../../shared/fixtures/anthropic/", import.meta.url)
const present = existsSync(folder)
const files = present ? readdirSync(folder) : []
const text = (name: string): string => readFileSync(new URL(name, folder), "utf8")

const streams = files.filter((name) => name.endsWith(".chunks.txt"))
const wholes = files.filter((name) => name.endsWith(".json"))

const whole = (name: string): Completion => Either.getOrThrow(protocol.decode(JSON.parse(text(name))))

const events = (name: string): ReadonlyArray<StreamEvent> => {
  const decoder = protocol.decoder()
  const seen = text(name)
    .split("\n")
    .filter((line) => line.trim() !== "")
    .flatMap((data) => {
      const step = decoder.step({ event: "", data })
      assert.notStrictEqual(step, "malformed", `${name}: ${data.slice(0, 200)}`)
      return step === "malformed" ? [] : step
    })
  return [...seen, ...decoder.end()]
}

/** What must be alike in two recordings of one prompt: kinds of parts, names of tools, the end; not the words. */
const shape = (completion: Completion | null) => ({
  parts: [
    ...new Set(
      completion?.content.map((part) => (part.type === "tool-call" ? `${part.type} ${part.name}` : part.type)) ?? []
    )
  ],
  signed: completion?.content.some((part) => part.type === "reasoning" && part.signature !== undefined),
  finishReason: completion?.finishReason,
  counted: (completion?.usage?.totalTokens ?? 0) > 0
})

describe.skipIf(!present)("anthropic-messages: recorded answers (needs ../shared/fixtures)", () => {
  it("there are recordings of both kinds", () => {
    assert.isAbove(streams.length, 10)
    assert.isAbove(wholes.length, 10)
  })

  for (const name of wholes) {
    it(`${name} is read`, () => {
      const completion = whole(name)
      assert.isAbove(completion.usage?.promptTokens ?? 0, 0)
      assert.strictEqual(
        completion.content.length === 0,
        completion.finishReason === "content_filter" && !name.endsWith("refusal.json")
      )
    })
  }

  for (const name of streams.filter((each) => !each.startsWith("spliced"))) {
    it(`${name} ends with its one finish, and after a final count`, () => {
      const seen = events(name)
      assert.strictEqual(seen.filter((event) => event.type === "finish").length, 1)
      assert.strictEqual(seen.filter((event) => event.type === "start").length, 1)
      assert.deepStrictEqual(
        seen.slice(-2).map((event) => event.type),
        ["usage", "finish"]
      )
      assert.isNotNull(fold(seen))
    })
  }

  for (const name of streams.filter((each) => wholes.includes(each.replace(".chunks.txt", ".json")))) {
    it(`${name} has the shape of its whole counterpart`, () => {
      assert.deepStrictEqual(shape(fold(events(name))), shape(whole(name.replace(".chunks.txt", ".json"))))
    })
  }

  it("every call's arguments are JSON, those of a call without arguments too", () => {
    const calls = [...wholes.map(whole), ...streams.map((name) => fold(events(name)))].flatMap((completion) =>
      (completion?.content ?? []).flatMap((part) => (part.type === "tool-call" ? [part] : []))
    )
    for (const call of calls) assert.isObject(JSON.parse(call.arguments))
    assert.isTrue(calls.filter((call) => call.name === "updateIssueList").every((call) => call.arguments === "{}"))
  })

  it("a repeated message_start changes nothing", () => {
    const completion = fold(events("duplicate-message-start.chunks.txt"))
    assert.deepStrictEqual(completion?.content, [{ type: "text", text: "Hello, World!" }])
    assert.deepInclude(completion?.usage, { input: 17, output: 227 })
  })

  it("a second answer spliced into the first is an error, not a mixture of the two", () => {
    const seen = events("spliced-message-start.chunks.txt")
    assert.isNull(fold(seen))
    assert.nestedPropertyVal(seen.at(-1), "error.code", "restarted")
    assert.strictEqual(seen.filter((event) => event.type === "start").length, 1)
  })

  it("the input count of message_delta is the one that counts", () => {
    assert.deepInclude(fold(events("anthropic-message-delta-input-tokens.chunks.txt"))?.usage, { input: 61, output: 2 })
  })

  it("a refusal carries the provider's explanation", () => {
    const refused = [whole("anthropic-refusal.json"), fold(events("anthropic-refusal.chunks.txt"))]
    for (const completion of refused) {
      assert.strictEqual(completion?.finishReason, "content_filter")
      assert.deepStrictEqual(
        completion?.content.map((part) => part.type),
        ["refusal"]
      )
    }
  })
})
