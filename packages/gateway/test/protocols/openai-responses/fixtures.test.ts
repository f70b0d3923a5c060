/** Recorded answers of the real API, whole and streamed. */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { dialect, protocol } from "@penstock/gateway/protocols/openai-responses/OpenAiResponses"
import type { Completion } from "@penstock/schema/Completion"
import { unfold } from "@penstock/schema/StreamEvent"
import * as Either from "effect/Either"
import OpenAI from "openai"
import { context, decodeStream, sse } from "./wire.ts"

const folder = new URL("../../../../../../shared/fixtures/openai-responses/", import.meta.url)
const present = existsSync(folder)
const files = present ? readdirSync(folder) : []
const text = (name: string): string => readFileSync(new URL(name, folder), "utf8")

const isFailure = (name: string): boolean => name.includes("error")
const wholes = files.filter((name) => name.endsWith(".json") && !isFailure(name))

/** A recording may hold several streams, one for each step of a conversation. */
const streams = files
  .filter((name) => name.endsWith(".chunks.txt") && !isFailure(name))
  .flatMap((name) =>
    text(name)
      .split(/(?=^\{"type":"response\.created")/m)
      .map((each) => each.split("\n").filter((line) => line.trim() !== ""))
      .filter((lines) => lines.length > 0)
      .map((lines, at) => ({ name: `${name} (${at + 1})`, lines }))
  )

const whole = (name: string): Completion => Either.getOrThrow(protocol.decode(JSON.parse(text(name))))

const client = (body: string, type: string) =>
  new OpenAI({
    apiKey: "none",
    maxRetries: 0,
    fetch: () => Promise.resolve(new Response(body, { headers: { "content-type": type } }))
  })

const said = (completion: Completion): string =>
  completion.content.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("")

/** OpenAI encrypts anew whenever it repeats an item. */
const unsealed = (completion: Completion | null) => ({
  ...completion,
  content: completion?.content.map((part) =>
    part.type === "reasoning" ? { ...part, signature: part.signature?.split(":")[0] } : part
  )
})

describe.skipIf(!present)("openai-responses: recorded answers (needs ../shared/fixtures)", () => {
  it("there are recordings of both kinds", () => {
    assert.isAbove(streams.length, 10)
    assert.isAbove(wholes.length, 7)
  })

  for (const name of wholes) {
    it(`${name} is read, written for a caller, and read by the official client as what it was`, async () => {
      const completion = whole(name)
      assert.isAbove(completion.usage?.promptTokens ?? 0, 0)
      const body = JSON.stringify(dialect.write(completion, context))
      assert.deepStrictEqual(Either.getOrThrow(protocol.decode(JSON.parse(body))), completion)
      const response = await client(body, "application/json").responses.create({ model: "m", input: "hi" })
      assert.strictEqual(response.output_text, said(completion))
      assert.strictEqual(response.usage?.total_tokens, completion.usage?.totalTokens)
    })
  }

  for (const { lines, name } of streams) {
    it(`${name} says what its last event says in whole`, () => {
      const { completion, events, malformed } = decodeStream(lines)
      assert.strictEqual(malformed, 0)
      const { response } = JSON.parse(lines.at(-1)!)
      assert.deepStrictEqual(unsealed(completion), unsealed(Either.getOrThrow(protocol.decode(response))))
      assert.strictEqual(completion?.usage?.totalTokens, response.usage.total_tokens)
      assert.strictEqual(events.filter(({ type }) => type === "start").length, 1)
    })

    it(`${name}, written for a caller, is read by the official client as what it was`, async () => {
      const { completion } = decodeStream(lines)
      assert.isNotNull(completion)
      const stream = client(sse(unfold(completion!)), "text/event-stream").responses.stream({ model: "m", input: "hi" })
      const response = await stream.finalResponse()
      const texts = response.output.flatMap((item) => (item.type === "message" ? item.content : []))
      assert.strictEqual(
        texts.map((part) => (part.type === "output_text" ? part.text : "")).join(""),
        said(completion!)
      )
      assert.strictEqual(response.output.length, completion!.content.length)
    })
  }

  it("a failure is one, whole and streamed, with the provider's own code", () => {
    const body: unknown = JSON.parse(text("openai-error.1.json"))
    assert.deepInclude(protocol.failure(429, body, {}), { reason: "rate_limit", code: "insufficient_quota" })
    const { events } = decodeStream(text("openai-error.1.chunks.txt").split("\n"))
    const last = events.at(-1)
    assert.strictEqual(last?.type, "error")
    assert.deepInclude(last?.type === "error" ? last.error : {}, { reason: "rate_limit", code: "insufficient_quota" })
  })

  it("ciphertext comes with the id that it is bound to", () => {
    const signatures = streams.flatMap(({ lines }) =>
      (decodeStream(lines).completion?.content ?? []).flatMap((part) =>
        part.type === "reasoning" && part.issuer === "openai-responses" ? [part.signature ?? ""] : []
      )
    )
    assert.isNotEmpty(signatures)
    for (const signature of signatures) assert.match(signature, /^rs_[0-9a-f]+:gAAAA/)
  })
})
