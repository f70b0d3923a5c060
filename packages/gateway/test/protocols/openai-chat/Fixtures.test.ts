import { assert, describe, it } from "@effect/vitest"
import { dialect, protocol } from "@penstock/gateway/protocols/openai-chat/OpenAiChat"
import type { Completion } from "@penstock/schema/Completion"
import { unfold } from "@penstock/schema/StreamEvent"
import * as Either from "effect/Either"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import OpenAI from "openai"
import { dataOf, decodeStream } from "./wire.ts"

const fixtures = new URL("../../../../../../shared/fixtures/", import.meta.url)
const context = { created: 1_700_000_000, includeUsage: true }

/** Legacy completions, embeddings and an error lie in the same folders; they are no chat answers. */
const isChat = (name: string): boolean => !/completion-text|embedding|error/.test(name)

const files = ["openai-chat", "openai-compatible"].flatMap((folder) => {
  const directory = new URL(`${folder}/`, fixtures)
  return existsSync(directory)
    ? readdirSync(directory)
        .filter(isChat)
        .map((name) => ({ name, text: readFileSync(new URL(name, directory), "utf8") }))
    : []
})

const answers: ReadonlyArray<{ readonly name: string; readonly completion: () => Completion }> = files.map(
  ({ name, text }) => ({
    name,
    completion: () => {
      if (name.endsWith(".json")) return Either.getOrThrow(protocol.decode(JSON.parse(text)))
      const data = name.endsWith(".sse") ? dataOf(text.trim() + "\n\n") : text.split("\n").filter((line) => line !== "")
      const decoded = decodeStream(data)
      assert.strictEqual(decoded.malformed, 0)
      assert.isNotNull(decoded.completion)
      return decoded.completion!
    }
  })
)

const sse = (completion: Completion): string => {
  const encoder = dialect.encoder(context)
  return [...unfold(completion)].map(encoder.write.bind(encoder)).join("")
}

const client = (body: string, type: string) =>
  new OpenAI({
    apiKey: "none",
    maxRetries: 0,
    fetch: () => Promise.resolve(new Response(body, { headers: { "content-type": type } }))
  })

const request = {
  model: "m",
  messages: [{ role: "user", content: "hi" }]
} satisfies Partial<OpenAI.ChatCompletionCreateParams>

/** What the official client must have read. */
const sameAs = (message: OpenAI.ChatCompletionMessage, completion: Completion) => {
  const text = (type: "text" | "refusal" | "reasoning") =>
    completion.content.flatMap((part) => (part.type === type ? [part.text] : [])).join("")
  assert.strictEqual(message.content ?? "", text("text"))
  assert.strictEqual(message.refusal ?? "", text("refusal"))
  assert.deepStrictEqual(
    (message.tool_calls ?? []).map(
      (call) => call.type === "function" && [call.id, call.function.name, call.function.arguments]
    ),
    completion.content.flatMap((part) => (part.type === "tool-call" ? [[part.id, part.name, part.arguments]] : []))
  )
}

describe.skipIf(files.length === 0)("recorded answers (skipped without the recordings)", () => {
  for (const { name, completion } of answers) {
    it(`${name}: decodes whole, without a malformed event, and is the same after writing and reading again`, () => {
      const answer = completion()
      assert.isNotEmpty(answer.content)
      assert.isNotEmpty(answer.id)
      assert.isNotEmpty(answer.model)
      if (!name.endsWith(".sse") && !name.startsWith("azure")) assert.isAbove(answer.usage?.totalTokens ?? 0, 0)
      assert.deepStrictEqual(Either.getOrThrow(protocol.decode(dialect.write(answer, context))), answer)
      assert.deepStrictEqual(decodeStream(dataOf(sse(answer))).completion, answer)
    })

    it(`${name}: the official client reads what we write`, async () => {
      const answer = completion()
      const whole = await client(
        JSON.stringify(dialect.write(answer, context)),
        "application/json"
      ).chat.completions.create(request)
      sameAs(whole.choices[0]!.message, answer)
      assert.strictEqual(whole.choices[0]!.finish_reason, answer.finishReason)

      const stream = client(sse(answer), "text/event-stream").chat.completions.stream({
        ...request,
        stream_options: { include_usage: true }
      })
      const final = await stream.finalChatCompletion()
      sameAs(final.choices[0]!.message, answer)
      assert.strictEqual(final.id, answer.id)
      assert.strictEqual(final.usage?.total_tokens, answer.usage?.totalTokens)
    })
  }

  it("a vendor's stream has the parts of its whole answer", () => {
    const shape = (completion: Completion) => completion.content.map((part) => part.type)
    const whole = new Map(answers.filter(({ name }) => name.endsWith(".json")).map((each) => [each.name, each]))
    let pairs = 0
    for (const { name, completion } of answers) {
      const pair = whole.get(name.replace(".chunks.txt", ".json"))
      if (!name.endsWith(".chunks.txt") || pair === undefined) continue
      pairs++
      assert.deepStrictEqual(shape(completion()), shape(pair.completion()), name)
    }
    assert.isAtLeast(pairs, 8)
  })
})
