/** Recorded answers of every provider, in every caller's dialect: what was said is heard, whole and streamed. */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as AnthropicMessages from "@penstock/gateway/protocols/anthropic-messages/AnthropicMessages"
import { callInput } from "@penstock/gateway/protocols/anthropic-messages/Content"
import type { Dialect } from "@penstock/gateway/protocols/Dialect"
import * as OpenAiChat from "@penstock/gateway/protocols/openai-chat/OpenAiChat"
import * as OpenAiResponses from "@penstock/gateway/protocols/openai-responses/OpenAiResponses"
import type { Protocol } from "@penstock/gateway/protocols/Protocol"
import * as Framing from "@penstock/gateway/wire/Framing"
import type { AssistantPart } from "@penstock/schema/ChatRequest"
import type { Completion } from "@penstock/schema/Completion"
import { fold, type StreamEvent, unfold } from "@penstock/schema/StreamEvent"
import * as Either from "effect/Either"

const fixtures = new URL("../../../../../shared/fixtures/", import.meta.url)
const context = { created: 1_700_000_000, includeUsage: true, requestId: "req_000000000000000000000000" }

/** Folders, and what the providers speak whose answers lie there. */
const folders: ReadonlyArray<readonly [folder: string, protocol: Protocol]> = [
  ["openai-chat", OpenAiChat.protocol],
  ["openai-compatible", OpenAiChat.protocol],
  ["openai-responses", OpenAiResponses.protocol],
  ["anthropic", AnthropicMessages.protocol]
]

/** What is written in each dialect is read back by the protocol of the same wire. */
const egresses: ReadonlyArray<{ readonly dialect: Dialect; readonly protocol: Protocol }> = [
  OpenAiChat,
  OpenAiResponses,
  AnthropicMessages
]

/** Other endpoints, failures and one stream that was broken lie in the same folders. */
const isAnswer = (name: string): boolean => !/completion-text|embedding|error|spliced/.test(name)

const dataIn = (text: string): ReadonlyArray<string> =>
  Framing.make("sse")
    .push(Buffer.from(text))
    .flatMap((raw) => Framing.parse("sse", raw) ?? [])
    .map(({ data }) => data)

const read = (protocol: Protocol, data: ReadonlyArray<string>): ReadonlyArray<StreamEvent> => {
  const decoder = protocol.decoder()
  const seen = data.flatMap((each) => {
    const step = decoder.step({ event: "", data: each })
    assert.notStrictEqual(step, "malformed")
    return step === "malformed" ? [] : step
  })
  return [...seen, ...decoder.end()]
}

/** The events of a recording; several conversations may lie in one. */
const eventsIn = (protocol: Protocol, name: string, text: string): ReadonlyArray<ReadonlyArray<StreamEvent>> => {
  if (name.endsWith(".json")) return [[...unfold(Either.getOrThrow(protocol.decode(JSON.parse(text))))]]
  if (name.endsWith(".sse")) return [read(protocol, dataIn(`${text.trim()}\n\n`))]
  return text
    .split(/(?=^\{"type":"response\.created")/m)
    .map((each) => each.split("\n").filter((line) => line.trim() !== ""))
    .filter((lines) => lines.length > 0)
    .map((lines) => read(protocol, lines))
}

const textOf = (content: ReadonlyArray<AssistantPart>, type: "text" | "refusal" | "reasoning"): string =>
  content.flatMap((part) => (part.type === type ? [part.text] : [])).join("")

/** What no dialect may lose. Arguments are an object on some wires; what is none is put into one there. */
const heard = (completion: Completion | null) => ({
  text: textOf(completion?.content ?? [], "text"),
  refusal: textOf(completion?.content ?? [], "refusal"),
  reasoning: textOf(completion?.content ?? [], "reasoning"),
  calls: completion?.content.flatMap((part) =>
    part.type === "tool-call" ? [[part.id, part.name, callInput(part.arguments)]] : []
  ),
  finishReason: completion?.finishReason,
  prompt: completion?.usage?.promptTokens ?? 0,
  answer: completion?.usage?.completionTokens ?? 0
})

const recordings = folders.flatMap(([folder, protocol]) => {
  const directory = new URL(`${folder}/`, fixtures)
  return existsSync(directory)
    ? readdirSync(directory)
        .filter(isAnswer)
        .map((name) => ({ folder, name, protocol, text: readFileSync(new URL(name, directory), "utf8") }))
    : []
})

describe.skipIf(recordings.length === 0)("recorded answers in every dialect (needs ../shared/fixtures)", () => {
  it("there are recordings of every provider", () => {
    assert.strictEqual(new Set(recordings.map(({ folder }) => folder)).size, folders.length)
    assert.isAbove(recordings.length, 60)
  })

  for (const { folder, name, protocol, text } of recordings) {
    for (const egress of egresses) {
      it(`${folder}/${name} as ${egress.dialect.endpoint}`, () => {
        for (const events of eventsIn(protocol, name, text)) {
          const said = fold(events)
          assert.isNotNull(said)
          const expected = heard(said)
          const encoder = egress.dialect.encoder(context)
          const stream = events.map((event) => encoder.write(event)).join("")
          assert.deepStrictEqual(heard(fold(read(egress.protocol, dataIn(stream)))), expected, "streamed")
          const whole = JSON.parse(JSON.stringify(egress.dialect.write(said!, context)))
          assert.deepStrictEqual(heard(Either.getOrThrow(egress.protocol.decode(whole))), expected, "whole")
        }
      })
    }
  }
})
