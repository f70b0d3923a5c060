/** What the official client gets from the gateway itself: names, keys, the demo, and failures after the first token. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import type OpenAI from "openai"
import { APIError, AuthenticationError, NotFoundError } from "openai"
import * as Lab from "./support/Lab.ts"
import * as Penstock from "./support/Penstock.ts"
import * as Upstream from "./support/Upstream.ts"
import * as Wire from "./support/Wire.ts"

let lab: Lab.Lab
beforeAll(async () => {
  lab = await Lab.start()
})
afterAll(() => lab.close())

type Create = OpenAI.ChatCompletionCreateParamsNonStreaming
const hello: Create["messages"] = [{ role: "user", content: "hello" }]
const weather = (city: string): OpenAI.ChatCompletionFunctionTool => ({
  type: "function",
  function: {
    name: `weather_${city}`,
    description: `The weather in ${city}`,
    parameters: { type: "object", properties: { unit: { type: "string" } }, required: ["unit"] }
  }
})

describe("the official client", () => {
  it("gets structured output from an older Anthropic model, and never sees the stand-in tool", async () => {
    const tool = { id: "toolu_1", name: "penstock_response_format", args: ['{"city"', ':"Oslo"}'] }
    const request = {
      model: "anthropic/claude-3-5-haiku-20241022",
      messages: hello,
      response_format: {
        type: "json_schema",
        json_schema: { name: "place", schema: { type: "object", properties: { city: { type: "string" } } } }
      }
    } satisfies Create
    lab.upstreams.anthropic.next(Lab.says({ tools: [tool] }), Lab.says({ tools: [tool] }))
    const whole = await lab.client.chat.completions.create(request)
    const streamed = await lab.client.chat.completions.stream(request).finalChatCompletion()
    assert.strictEqual(lab.upstreams.anthropic.requests.at(-1)!.json.tools.length, 1)
    for (const { choices } of [whole, streamed]) {
      assert.strictEqual(choices[0]!.finish_reason, "stop")
      assert.isTrue(choices[0]!.message.tool_calls === undefined || choices[0]!.message.tool_calls.length === 0)
      assert.deepStrictEqual(JSON.parse(choices[0]!.message.content ?? ""), { city: "Oslo" })
    }
  })

  it("gives Anthropic's thinking back with its signature in the next turn", async () => {
    lab.upstreams.anthropic.next(
      Lab.says({ reasoning: ["hm"], signature: "signed!", tools: [{ id: "t1", name: "weather_paris", args: ["{}"] }] })
    )
    const model = Lab.models.anthropic
    const first = await lab.client.chat.completions.create({ model, messages: hello, tools: [weather("paris")] })
    const { message } = first.choices[0]!
    await lab.client.chat.completions.create({
      model,
      tools: [weather("paris")],
      messages: [...hello, message, { role: "tool", tool_call_id: "t1", content: "sunny" }]
    })
    assert.deepStrictEqual(lab.upstreams.anthropic.requests.at(-1)!.json.messages[1].content[0], {
      type: "thinking",
      thinking: "hm",
      signature: "signed!"
    })
  })

  it("tries everything with no key: the demo answers, streams, calls a tool and fills a schema", async () => {
    const { completions } = lab.client.chat
    const echo = await completions.create({ model: "demo/echo", messages: hello })
    assert.strictEqual(echo.choices[0]!.message.content, "hello")
    const stream = completions.stream({ model: "demo/echo", messages: hello })
    assert.strictEqual((await stream.finalChatCompletion()).choices[0]!.message.content, "hello")
    const ask: Create["messages"] = [{ role: "user", content: "What is the weather in paris in unit C?" }]
    const called = await completions.create({ model: "demo/extract", messages: ask, tools: [weather("paris")] })
    assert.deepStrictEqual(
      called.choices[0]!.message.tool_calls?.map((call) => call.type === "function" && call.function.name),
      ["weather_paris"]
    )
    const schema = { type: "object", properties: { n: { type: "integer" } }, required: ["n"] }
    const filled = await completions.create({
      model: "demo/extract",
      messages: ask,
      response_format: { type: "json_schema", json_schema: { name: "n", schema } }
    })
    assert.isTrue(Number.isInteger(JSON.parse(filled.choices[0]!.message.content ?? "").n))
  })

  it("lists models of every provider and of the configuration, and looks one up", async () => {
    const list = await lab.client.models.list()
    const ids = list.data.map((each) => each.id)
    for (const id of ["fast", "claude-sonnet", "local", "mock/upstream-model", "demo/echo", "upstream-model"]) {
      assert.include(ids, id)
    }
    assert.strictEqual(new Set(ids).size, ids.length)
    assert.strictEqual((await lab.client.models.retrieve("mock/upstream-model")).owned_by, "mock")
    assert.instanceOf(await Lab.failureOf(lab.client.models.retrieve("nobody-has/this")), NotFoundError)
  })

  it("reaches a model by alias, by built-in alias and by provider/model", async () => {
    for (const [model, provider] of [
      ["fast", "mock"],
      ["local", "ollama"],
      ["ollama/some/name:7b", "ollama"],
      ["anthropic/claude-sonnet-4-5", "anthropic"],
      ["claude-haiku", "anthropic"]
    ] as const) {
      const { response } = await lab.client.chat.completions.create({ model, messages: hello }).withResponse()
      assert.strictEqual(response.headers.get("x-penstock-provider"), provider)
    }
    assert.strictEqual(lab.upstreams.mock.requests.at(-1)!.headers.authorization, "Bearer mock-secret-key")
    assert.strictEqual(lab.upstreams.anthropic.requests.at(-1)!.headers["x-api-key"], "anthropic-secret-key")
    assert.match(lab.upstreams.anthropic.requests.at(-1)!.json.model, /^claude-haiku-/)
    assert.isUndefined(lab.upstreams.ollama.requests.at(-1)!.headers.authorization)
    assert.strictEqual(lab.upstreams.ollama.requests.at(-1)!.json.model, "some/name:7b")
  })

  it("learns what the provider has no word for, instead of losing it silently", async () => {
    const request = { messages: hello, seed: 7, frequency_penalty: 0.5, user: "u1", logit_bias: { "50256": -100 } }
    const dropped = async (model: string) => {
      const { response } = await lab.client.chat.completions.create({ model, ...request }).withResponse()
      return response.headers.get("x-penstock-dropped")?.split(", ") ?? []
    }
    assert.sameMembers(await dropped("claude-sonnet-4-5"), ["seed", "frequency_penalty", "logit_bias"])
    assert.deepStrictEqual(lab.upstreams.anthropic.requests.at(-1)!.json.metadata, { user_id: "u1" })
    assert.sameMembers(await dropped("llama3.2"), ["user", "logit_bias"])
    assert.deepInclude(lab.upstreams.ollama.requests.at(-1)!.json.options, { seed: 7, frequency_penalty: 0.5 })
    assert.isEmpty(await dropped("fast"))
    assert.deepInclude(lab.upstreams.mock.requests.at(-1)!.json, request)
  })

  it("reaches Ollama's own settings: keep_alive, num_ctx and options", async () => {
    const own = { keep_alive: "5m", num_ctx: 8192, options: { mirostat: 2 } }
    await lab.client.chat.completions.create({ model: "llama3.2", messages: hello, ...own })
    const sent = lab.upstreams.ollama.requests.at(-1)!.json
    assert.strictEqual(sent.keep_alive, "5m")
    assert.deepStrictEqual(sent.options, { num_ctx: 8192, mirostat: 2 })
  })

  it("is told which variable or address to set when a provider cannot be reached", async () => {
    for (const [model, word] of [
      ["openai/gpt-4o-mini", "OPENAI_API_KEY"],
      ["keyless/m", "UNSET_KEY"],
      ["gone/m", "providers.gone.base_url"]
    ] as const) {
      const error = await Lab.failureOf(lab.client.chat.completions.create({ model, messages: hello }))
      assert.strictEqual(error.status, 503, model)
      assert.include(error.message, word)
    }
  })

  it("gets an AuthenticationError for a wrong virtual key, and an answer with the right one", async () => {
    const penstock = await Penstock.start({
      config: 'server: { auth: keys }\nkeys: [{ name: alice, key: "alice-virtual-key", models: ["demo/*"] }]\n'
    })
    try {
      const model = "demo/echo"
      const error = await Lab.failureOf(
        Lab.clientOf(penstock, "somebody-else").chat.completions.create({ model, messages: hello })
      )
      assert.instanceOf(error, AuthenticationError)
      assert.deepStrictEqual([error.status, error.type, error.code], [401, "authentication_error", "invalid_api_key"])
      const listing = await Lab.failureOf(Lab.clientOf(penstock, "somebody-else").models.list())
      assert.deepStrictEqual([listing.status, listing.type, listing.code], [error.status, error.type, error.code])
      assert.notInclude(error.message, "somebody-else")
      const alice = Lab.clientOf(penstock, "alice-virtual-key")
      assert.strictEqual((await alice.chat.completions.create({ model, messages: hello })).object, "chat.completion")
      const forbidden = await Lab.failureOf(alice.chat.completions.create({ model: "llama3.2", messages: hello }))
      assert.strictEqual(forbidden.status, 403)
      assert.strictEqual(forbidden.type, "permission_error")
    } finally {
      await penstock.stop()
    }
  })

  it("fails a stream that breaks after its first token, instead of ending it", async () => {
    const [head, first] = Wire.openaiStream()
    lab.upstreams.mock.next(Upstream.eventStream(head!, first!, Upstream.cut))
    const stream = await lab.client.chat.completions.create({ model: "fast", messages: hello, stream: true })
    let text = ""
    const error = await Lab.failureOf(
      (async () => {
        for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ""
      })()
    )
    assert.strictEqual(text, "Hello")
    assert.instanceOf(error, APIError)
    assert.strictEqual(error.code, "network")
  })
})
