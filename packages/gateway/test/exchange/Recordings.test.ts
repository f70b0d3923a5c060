/** Recorded answers of real providers, written for every kind of caller. */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import type { Protocol } from "@penstock/gateway/protocols/Protocol"
import * as Json from "@penstock/gateway/wire/Json"
import * as Framing from "@penstock/gateway/wire/Framing"
import type { Completion } from "@penstock/schema/Completion"
import { fold, unfold } from "@penstock/schema/StreamEvent"
import * as Either from "effect/Either"
import { anthropic, askers, openai, responses } from "./answers.ts"

const fixtures = new URL("../../../../../shared/fixtures/", import.meta.url)

const folders: { readonly [folder: string]: Protocol } = {
  anthropic: anthropic.protocol,
  "openai-chat": openai.protocol,
  "openai-compatible": openai.protocol,
  "openai-responses": responses.protocol
}

/** Legacy completions, embeddings and errors lie in the same folders; a spliced stream is an error as well. */
const isAnswer = (name: string): boolean => !/completion-text|embedding|error|spliced|\.sse$/.test(name)

/** The answers of a file: one, or one for each stream that was recorded into it. */
const answersOf = (protocol: Protocol, name: string, text: string): ReadonlyArray<Completion> => {
  if (name.endsWith(".json")) return [Either.getOrThrow(protocol.decode(JSON.parse(text)))]
  return text.split(/(?=^\{"type":"response\.created")/m).flatMap((part) => {
    const decoder = protocol.decoder()
    const steps = part
      .split("\n")
      .filter(Boolean)
      .map((data) => decoder.step({ event: "", data }))
    const answer = fold([...steps.flatMap((step) => (step === "malformed" ? [] : step)), ...decoder.end()])
    return answer === null ? [] : [answer]
  })
}

const recordings = Object.entries(folders).flatMap(([folder, protocol]) => {
  const directory = new URL(`${folder}/`, fixtures)
  if (!existsSync(directory)) return []
  return readdirSync(directory)
    .filter(isAnswer)
    .map((name) => ({ name, answers: () => answersOf(protocol, name, readFileSync(new URL(name, directory), "utf8")) }))
})

/** Anthropic's wire has objects for arguments: their spaces are not kept. */
const json = (text: string): unknown => Json.parse(text.trim() || "{}") ?? text

/** What a caller must find in an answer, however its wire arranges it. */
const gist = ({ content, model, usage }: Completion) => {
  const texts = (type: "text" | "refusal" | "reasoning") =>
    content.flatMap((part) => (part.type === type ? [part.text] : [])).join("")
  return {
    model,
    text: texts("text"),
    refusal: texts("refusal"),
    reasoning: texts("reasoning"),
    signatures: content.flatMap((part) =>
      part.type === "reasoning" && part.signature ? [[part.issuer, part.signature]] : []
    ),
    calls: content.flatMap((part) => (part.type === "tool-call" ? [[part.id, part.name, json(part.arguments)]] : [])),
    total: usage?.totalTokens ?? 0
  }
}

describe.skipIf(recordings.length === 0)("recorded answers (skipped without the recordings)", () => {
  it("there are some of every kind of provider", () => assert.isAbove(recordings.length, 60))

  for (const { dialect, isLast, protocol } of askers) {
    for (const { answers, name } of recordings) {
      it(`${name}, for a caller of ${dialect.id}, says whole and streamed what it said`, () => {
        const context = { created: 7, includeUsage: true }
        for (const answer of answers()) {
          const whole = Either.getOrThrow(protocol.decode(JSON.parse(JSON.stringify(dialect.write(answer, context)))))
          const encoder = dialect.encoder(context)
          const text = [...unfold(answer)].map((event) => encoder.write(event)).join("")
          const frames = Framing.make("sse")
            .push(Buffer.from(text))
            .flatMap((raw) => Framing.parse("sse", raw) ?? [])
          assert.deepStrictEqual(frames.findIndex(isLast), frames.length - 1)
          const decoder = protocol.decoder()
          const steps = frames.map((frame) => decoder.step(frame))
          assert.notInclude(steps, "malformed")
          const streamed = fold(steps.flatMap((step) => (step === "malformed" ? [] : step)))
          // A custom tool is called with text, which Anthropic's wire wraps when it is whole.
          if (!(dialect.id === "anthropic-messages" && name.includes("custom-tool"))) {
            assert.deepStrictEqual(gist(whole), gist(answer))
          }
          assert.deepStrictEqual(gist(streamed!), gist(answer))
        }
      })
    }
  }
})
