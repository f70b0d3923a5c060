/** Conversations over several turns and providers: what each of them is shown again, and what none but one may see. */
import Anthropic from "@anthropic-ai/sdk"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import type OpenAI from "openai"
import * as Lab from "../support/Lab.ts"
import type * as Raw from "../support/Raw.ts"
import * as Upstream from "../support/Upstream.ts"
import * as Wire from "../support/Wire.ts"

let lab: Lab.Lab
let openai: Upstream.Upstream
let claude: Anthropic
beforeAll(async () => {
  openai = await Upstream.start()
  lab = await Lab.start(
    "",
    { OPENAI_API_KEY: "openai-secret-key", OPENAI_BASE_URL: `${openai.url}/v1` },
    { models: "  roomy: { targets: [anthropic/claude-sonnet-4-5, openai/gpt-4.1] }\n" }
  )
  claude = new Anthropic({ baseURL: lab.penstock.url, apiKey: "unused", maxRetries: 0 })
})
afterAll(async () => {
  await lab.close()
  await openai.close()
})

const gpt = "gpt-5"
const sentTo = (upstream: Upstream.Upstream): Raw.Loose => upstream.requests.at(-1)!.json
const toClaude = () => lab.upstreams.anthropic

const thought = (signature: string): Wire.Said => ({ reasoning: ["Let me ", "think."], signature, text: ["42"] })

describe("thinking", () => {
  const model = Lab.models.anthropic
  const asked = { model, max_tokens: 2000, messages: [{ role: "user" as const, content: "hello" }] }
  const next = (content: Anthropic.ContentBlock[]): Array<Anthropic.MessageParam> => [
    ...asked.messages,
    { role: "assistant", content },
    { role: "user", content: "Sure?" }
  ]

  for (const stream of [false, true]) {
    it(`of Anthropic's returns to it as it was signed, ${stream ? "streamed" : "whole"}, and to nobody else`, async () => {
      toClaude().next(Lab.says(thought("signed-by-anthropic")))
      const { content } = stream
        ? await claude.messages.stream(asked).finalMessage()
        : await claude.messages.create(asked)
      await claude.messages.create({ ...asked, messages: next(content) })
      assert.deepInclude(sentTo(toClaude()).messages[1].content, {
        type: "thinking",
        thinking: "Let me think.",
        signature: "signed-by-anthropic"
      })
      await claude.messages.create({ ...asked, model: gpt, messages: next(content) })
      assert.notInclude(JSON.stringify(sentTo(openai)), "signed-by-anthropic")
      assert.include(JSON.stringify(sentTo(openai)), "42")
    })
  }

  it("of OpenAI's returns to OpenAI under its id, and never to Anthropic", async () => {
    openai.next(Lab.says(thought("sealed-by-openai")))
    const input: OpenAI.Responses.ResponseInput = [{ role: "user", content: "hello" }]
    const first = await lab.client.responses.create({ model: gpt, input, include: ["reasoning.encrypted_content"] })
    const again = [...input, ...first.output, { role: "user" as const, content: "Sure?" }] as typeof input
    await lab.client.responses.create({ model: gpt, input: again })
    assert.deepInclude(
      sentTo(openai).input.find((item: Raw.Loose) => item.type === "reasoning"),
      { id: "rs_upstream", encrypted_content: "sealed-by-openai" }
    )
    const { response } = await lab.client.responses.create({ model, input: again }).withResponse()
    assert.notInclude(JSON.stringify(sentTo(toClaude())), "sealed-by-openai")
    assert.include(response.headers.get("x-penstock-dropped") ?? "", "messages.1.content.0")
  })

  it("of Anthropic's reaches a Responses client, and returns to Anthropic only", async () => {
    for (const stream of [false, true]) {
      toClaude().next(Lab.says(thought("signed-by-anthropic")))
      const input: OpenAI.Responses.ResponseInput = [{ role: "user", content: "hello" }]
      const asked = { model, input, max_output_tokens: 2000 }
      const { output } = stream
        ? await lab.client.responses.stream(asked).finalResponse()
        : await lab.client.responses.create(asked)
      const again = [...input, ...output, { role: "user" as const, content: "Sure?" }] as typeof input
      await lab.client.responses.create({ ...asked, input: again })
      assert.deepInclude(sentTo(toClaude()).messages[1].content, {
        type: "thinking",
        thinking: "Let me think.",
        signature: "signed-by-anthropic"
      })
      await lab.client.responses.create({ ...asked, model: gpt, input: again })
      assert.notInclude(JSON.stringify(sentTo(openai)), "signed-by-anthropic")
    }
  })
})

describe("a tool that takes text", () => {
  const sql: OpenAI.Responses.CustomTool = { type: "custom", name: "sql", description: "Asks the database." }

  for (const provider of Lab.providerNames) {
    it(`is called with text where a function stands in for it, at ${provider}`, async () => {
      const model = Lab.models[provider]
      const asked = { model, tools: [sql] }
      const call = { id: "call_1", name: "sql", args: ['{"inp', 'ut":"SELECT 1"}'] }
      const input: OpenAI.Responses.ResponseInput = [{ role: "user", content: "How many?" }]
      for (const stream of [false, true]) {
        lab.upstreams[provider].next(Lab.says({ tools: [call] }))
        const first = stream
          ? await lab.client.responses.stream({ ...asked, input }).finalResponse()
          : await lab.client.responses.create({ ...asked, input })
        const called: Raw.Loose = first.output.find((item) => item.type === "custom_tool_call")
        assert.deepStrictEqual([called.name, called.input], ["sql", "SELECT 1"])
        const result = { type: "custom_tool_call_output" as const, call_id: called.call_id, output: "one row" }
        await lab.client.responses.create({ ...asked, input: [...input, called, result] })
        const sent = JSON.stringify(sentTo(lab.upstreams[provider]))
        for (const said of ["SELECT 1", "one row", "Asks the database."]) assert.include(sent, said)
      }
    })
  }

  const chatSql: OpenAI.ChatCompletionCustomTool = {
    type: "custom",
    custom: { name: "sql", description: "Asks the database." }
  }

  for (const provider of ["anthropic", "ollama"] as const) {
    it(`and so it is in chat completions, at ${provider}`, async () => {
      const asked = { model: Lab.models[provider], tools: [chatSql] }
      const call = { id: "call_1", name: "sql", args: ['{"inp', 'ut":"SELECT 1"}'] }
      const messages: Array<OpenAI.ChatCompletionMessageParam> = [{ role: "user", content: "How many?" }]
      for (const stream of [false, true]) {
        lab.upstreams[provider].next(Lab.says({ tools: [call] }))
        const called = { id: "", type: "custom" as const, custom: { name: "", input: "" } }
        if (stream) {
          for await (const { choices } of await lab.client.chat.completions.create({ ...asked, messages, stream })) {
            // The client's types know pieces of functions only.
            const [piece] = (choices[0]?.delta.tool_calls ?? []) as ReadonlyArray<Raw.Loose>
            if (piece === undefined) continue
            called.id += piece.id ?? ""
            called.custom.name += piece.custom.name ?? ""
            called.custom.input += piece.custom.input
          }
        } else {
          const { choices } = await lab.client.chat.completions.create({ ...asked, messages })
          Object.assign(called, choices[0]!.message.tool_calls![0])
          assert.strictEqual(choices[0]!.finish_reason, "tool_calls")
        }
        assert.strictEqual(called.type, "custom")
        assert.deepStrictEqual(called.custom, { name: "sql", input: "SELECT 1" })
        const result = { role: "tool" as const, tool_call_id: called.id, content: "one row" }
        const turn = { role: "assistant" as const, tool_calls: [called] }
        const { response } = await lab.client.chat.completions
          .create({ ...asked, messages: [...messages, turn, result] })
          .withResponse()
        assert.strictEqual(response.headers.get("x-penstock-dropped"), "tools.0.custom.format")
        const sent = JSON.stringify(sentTo(lab.upstreams[provider]))
        for (const said of ["SELECT 1", "one row", "Asks the database."]) assert.include(sent, said)
      }
    })
  }

  it("is passed on as it is to who has such tools", async () => {
    await lab.client.responses.create({ model: gpt, input: "How many?", tools: [sql] })
    assert.deepStrictEqual(sentTo(openai).tools, [sql])
  })

  it("and what only OpenAI has is named as dropped elsewhere: namespaces and tools of a kind that nobody knows", async () => {
    const tools = [
      { type: "namespace", name: "crm", description: "Customers", tools: [] },
      { type: "from_the_future", name: "x" }
    ] as unknown as Array<OpenAI.Responses.Tool>
    await lab.client.responses.create({ model: gpt, input: "hi", tools })
    assert.deepStrictEqual(sentTo(openai).tools, tools)
    const { response } = await lab.client.responses
      .create({ model: Lab.models.anthropic, input: "hi", tools })
      .withResponse()
    assert.strictEqual(response.headers.get("x-penstock-dropped"), "tools.0, tools.1")
    assert.isUndefined(sentTo(toClaude()).tools)
  })
})

describe("Anthropic's prompt cache", () => {
  const turns = (count: number): Array<OpenAI.ChatCompletionMessageParam> =>
    Array.from({ length: 2 * count - 1 }, (_, at) => ({
      role: at % 2 === 0 ? ("user" as const) : ("assistant" as const),
      content: `turn ${at}`
    }))
  const marks = (json: Raw.Loose): number => JSON.stringify(json).split('"cache_control"').length - 1
  const unmarked = (json: Raw.Loose): string =>
    JSON.stringify(json.messages).replaceAll(',"cache_control":{"type":"ephemeral"}', "")
  const ask = async (client: OpenAI, upstream: Upstream.Upstream, count: number) => {
    await client.chat.completions.create({ model: Lab.models.anthropic, messages: turns(count) })
    return sentTo(upstream)
  }

  it("is asked for from the second turn on, for callers who have no word for it; what was sent stays the same", async () => {
    const [first, second, third] = [
      await ask(lab.client, toClaude(), 1),
      await ask(lab.client, toClaude(), 2),
      await ask(lab.client, toClaude(), 3)
    ]
    assert.deepStrictEqual([first, second, third].map(marks), [0, 2, 2])
    assert.isTrue(unmarked(third).startsWith(unmarked(second).slice(0, -1)))
  })

  it("is left to a caller who speaks Anthropic's words", async () => {
    const messages = turns(2).map(({ role, content }) => ({ role, content })) as Array<Anthropic.MessageParam>
    await claude.messages.create({ model: Lab.models.anthropic, max_tokens: 50, messages })
    assert.strictEqual(marks(sentTo(toClaude())), 0)
  })

  it("is not asked for where the configuration says so", async () => {
    const upstream = await Upstream.start()
    const quiet = await Lab.start(
      "",
      {},
      { providers: `  plain: { protocol: anthropic, base_url: "${upstream.url}", api_key: k, prompt_cache: false }\n` }
    )
    try {
      await quiet.client.chat.completions.create({ model: "plain/claude-sonnet-4-5", messages: turns(2) })
      assert.strictEqual(marks(sentTo(upstream)), 0)
    } finally {
      await quiet.close()
      await upstream.close()
    }
  })
})

describe("a prompt that is too long for Anthropic", () => {
  const tooLong: Upstream.Answer = {
    status: 400,
    body: Wire.anthropicError("prompt is too long: 210011 tokens > 200000 maximum")
  }

  it("goes to a target with more room", async () => {
    toClaude().next(tooLong)
    const { data, response } = await claude.messages
      .create({ model: "roomy", max_tokens: 50, messages: [{ role: "user", content: "hello" }] })
      .withResponse()
    assert.strictEqual(data.type, "message")
    assert.strictEqual(response.headers.get("x-penstock-provider"), "openai")
  })

  it("is told to OpenAI's clients by OpenAI's code, at which agents compact their conversation", async () => {
    toClaude().next(tooLong)
    const error = await Lab.failureOf(
      lab.client.chat.completions.create({
        model: Lab.models.anthropic,
        messages: [{ role: "user", content: "hello" }]
      })
    )
    assert.deepStrictEqual([error.status, error.code], [400, "context_length_exceeded"])
  })
})
