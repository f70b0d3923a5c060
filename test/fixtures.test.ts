/** Answers that real providers gave, replayed over a socket and read back by the official client. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import type OpenAI from "openai"
import * as Lab from "./support/Lab.ts"
import * as Raw from "./support/Raw.ts"
import * as Upstream from "./support/Upstream.ts"
import * as Wire from "./support/Wire.ts"

const fixtures = new URL("../../shared/fixtures/", import.meta.url)
/** Legacy completions, embeddings and an error lie in the same folders; they are no chat answers. */
const isChat = (name: string): boolean => !/completion-text|embedding|error/.test(name)
const read = (folder: string) => {
  const directory = new URL(`${folder}/`, fixtures)
  return existsSync(directory)
    ? readdirSync(directory)
        .filter(isChat)
        .map((name) => ({ name, text: readFileSync(new URL(name, directory), "utf8") }))
    : []
}
const linesOf = (text: string) => text.split("\n").filter((line) => line.trim() !== "")

const openai = [...read("openai-chat"), ...read("openai-compatible")]
const anthropic = read("anthropic")

let lab: Lab.Lab
beforeAll(async () => {
  lab = await Lab.start()
})
afterAll(() => lab.close())

const messages: Array<OpenAI.ChatCompletionMessageParam> = [{ role: "user", content: "hello" }]
const stream_options = { include_usage: true }

/** What a caller sees of an answer. */
interface Seen {
  readonly text: string
  readonly calls: ReadonlyArray<readonly [name: string, args: unknown]>
}

const json = (text: string): unknown => (text === "" ? {} : JSON.parse(text))

const seen = (message: OpenAI.ChatCompletionMessage): Seen => ({
  text: message.content ?? "",
  calls: (message.tool_calls ?? []).map((call) =>
    "function" in call ? [call.function.name, json(call.function.arguments)] : ["custom", null]
  )
})

/** What a recording says, read with as little code as possible. */
const saidByOpenAi = (chunks: ReadonlyArray<Raw.Loose>): Seen => {
  const calls = new Map<number, { name: string; args: string }>()
  let text = ""
  for (const { choices } of chunks) {
    const part = choices?.[0]?.delta ?? choices?.[0]?.message ?? {}
    const content = typeof part.content === "string" ? [{ type: "text", text: part.content }] : (part.content ?? [])
    for (const each of content) text += each.type === "text" ? each.text : ""
    for (const [at, call] of (part.tool_calls ?? []).entries()) {
      const index = call.index ?? at
      const known = calls.get(index) ?? { name: "", args: "" }
      calls.set(index, {
        name: known.name || (call.function.name ?? ""),
        args: known.args + (call.function.arguments ?? "")
      })
    }
  }
  return { text, calls: [...calls.values()].map(({ args, name }) => [name, json(args)]) }
}

const saidByAnthropic = (events: ReadonlyArray<Raw.Loose>): Seen => {
  const blocks: Array<Raw.Loose> = []
  for (const event of events) {
    if (event.type === "content_block_start") blocks[event.index] = { ...event.content_block, args: "" }
    if (event.delta?.type === "text_delta") blocks[event.index].text += event.delta.text
    if (event.delta?.type === "input_json_delta") blocks[event.index].args += event.delta.partial_json
  }
  for (const block of blocks) if (block.args) block.input = JSON.parse(block.args)
  return fromBlocks(blocks)
}

const fromBlocks = (blocks: ReadonlyArray<Raw.Loose>): Seen => ({
  text: blocks.flatMap((block) => (block.type === "text" ? [block.text] : [])).join(""),
  calls: blocks.flatMap((block) => (block.type === "tool_use" ? [[block.name, block.input] as const] : []))
})

describe.skipIf(openai.length === 0)("a recorded OpenAI-style answer (skipped without the recordings)", () => {
  for (const { name, text } of openai) {
    it(`${name}: passes through, and the official client reads in it what the vendor said`, async () => {
      const { mock } = lab.upstreams
      if (name.endsWith(".json")) {
        const answer: Upstream.Answer = { headers: { "content-type": "application/json" }, body: text }
        mock.next(answer)
        const raw = await Raw.chat(lab.penstock.url, { model: "fast", messages })
        assert.strictEqual(raw.body, text)
        mock.next(answer)
        const { choices, usage } = await lab.client.chat.completions.create({ model: "fast", messages })
        const row = await Lab.row(lab.penstock, String(raw.headers["x-request-id"]))
        assert.strictEqual(row.prompt_tokens, usage?.prompt_tokens)
        assert.deepStrictEqual(saidByOpenAi([{ choices }]), saidByOpenAi([JSON.parse(text)]))
        return
      }
      const frames = name.endsWith(".sse")
        ? [text]
        : [...linesOf(text).map((line) => Wire.sse(line)), Wire.sse("[DONE]")]
      const chunks = name.endsWith(".sse") ? Raw.chunksOf(text) : linesOf(text).map((line) => JSON.parse(line))
      mock.next(Upstream.eventStream(...frames))
      const raw = await Raw.chat(lab.penstock.url, { model: "fast", messages, stream: true, stream_options })
      assert.isTrue(raw.body.startsWith(frames.join("").trimEnd()))
      assert.strictEqual(Raw.dataOf(raw.body).filter((data) => data === "[DONE]").length, 1)
      // By chunk, not with the gathering helper: that wants a role and a type in every call, which Mistral leaves out.
      mock.next(Upstream.eventStream(...frames))
      const stream = await lab.client.chat.completions.create({
        model: "fast",
        messages,
        stream: true,
        stream_options
      })
      const readBack: Array<OpenAI.ChatCompletionChunk> = []
      for await (const chunk of stream) readBack.push(chunk)
      assert.deepStrictEqual(saidByOpenAi(readBack), saidByOpenAi(chunks))
      assert.isTrue(readBack.some((chunk) => Boolean(chunk.choices[0]?.finish_reason)))
    })
  }
})

describe.skipIf(anthropic.length === 0)("a recorded Anthropic answer (skipped without the recordings)", () => {
  const model = Lab.models.anthropic
  for (const { name, text } of anthropic.filter((each) => !/spliced/.test(each.name))) {
    it(`${name}: the official OpenAI client reads in it what Anthropic said`, async () => {
      const upstream = lab.upstreams.anthropic
      if (name.endsWith(".json")) {
        upstream.next({ headers: { "content-type": "application/json" }, body: text })
        const { choices, usage } = await lab.client.chat.completions.create({ model, messages })
        assert.deepStrictEqual(seen(choices[0]!.message), fromBlocks(JSON.parse(text).content))
        assert.isAbove(usage?.total_tokens ?? 0, 0)
        assert.oneOf(choices[0]!.finish_reason, ["stop", "length", "tool_calls", "content_filter"])
        return
      }
      const events = linesOf(text).map((line) => JSON.parse(line))
      upstream.next(Upstream.eventStream(...events.map((event) => Wire.sse(event, event.type))))
      const stream = lab.client.chat.completions.stream({ model, messages, stream_options })
      const final = await stream.finalChatCompletion()
      assert.deepStrictEqual(seen(final.choices[0]!.message), saidByAnthropic(events))
      assert.isAbove(final.usage?.total_tokens ?? 0, 0)
    })
  }

  it("two answers spliced into one stream are an error, not a mixture", async () => {
    const spliced = anthropic.find(({ name }) => /spliced/.test(name))
    assert.isDefined(spliced)
    const events = linesOf(spliced!.text).map((line) => JSON.parse(line))
    lab.upstreams.anthropic.next(Upstream.eventStream(...events.map((event) => Wire.sse(event, event.type))))
    const answer = await Raw.chat(lab.penstock.url, { model, messages, stream: true })
    assert.isDefined(answer.status === 200 ? Raw.chunksOf(answer.body).at(-1).error : answer.json.error)
    assert.notInclude(answer.body, "[DONE]")
  })
})
