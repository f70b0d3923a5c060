/** Anthropic's official client against the server, whichever provider answers behind it. */
import Anthropic, {
  APIError,
  AuthenticationError,
  BadRequestError,
  NotFoundError,
  RateLimitError
} from "@anthropic-ai/sdk"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Lab from "./support/Lab.ts"
import * as Raw from "./support/Raw.ts"
import * as Wire from "./support/Wire.ts"

let lab: Lab.Lab
let client: Anthropic
beforeAll(async () => {
  lab = await Lab.start()
  client = new Anthropic({ baseURL: lab.penstock.url, apiKey: "no key is asked for", maxRetries: 0 })
})
afterAll(() => lab.close())

const hello: Array<Anthropic.MessageParam> = [{ role: "user", content: "hello" }]
const weather: Anthropic.Tool = {
  name: "weather",
  description: "The weather in a city",
  input_schema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] }
}
const call = [{ id: "call_1", name: "weather", args: ['{"city"', ':"Oslo"}'] }]

const failureOf = async (promise: PromiseLike<unknown>): Promise<APIError> => {
  try {
    await promise
  } catch (error) {
    if (error instanceof APIError) return error
    throw error
  }
  throw new Error("it did not fail")
}

for (const provider of Lab.providerNames) {
  const model = Lab.models[provider]
  const sent = () => lab.upstreams[provider].requests.at(-1)!.json
  const next = (said: Wire.Said) => lab.upstreams[provider].next(Lab.says(said))

  describe(`Anthropic's client, answered by ${provider}`, () => {
    it("gets a whole answer with its usage and where it came from", async () => {
      next({ text: ["Grüße, ", "世界"], inputTokens: 40, outputTokens: 7 })
      const { data, response } = await client.messages.create({ model, max_tokens: 50, messages: hello }).withResponse()
      assert.deepStrictEqual(
        data.content.map((block) => (block.type === "text" ? block.text : block.type)),
        ["Grüße, 世界"]
      )
      assert.strictEqual(data.stop_reason, "end_turn")
      assert.deepStrictEqual([data.usage.input_tokens, data.usage.output_tokens], [40, 7])
      assert.strictEqual(response.headers.get("x-penstock-provider"), provider)
      assert.match(response.headers.get("request-id") ?? "", /^req_/)
      const row = await Lab.row(lab.penstock, response.headers.get("x-request-id"))
      assert.deepStrictEqual([row.status, row.prompt_tokens, row.completion_tokens], ["ok", 40, 7])
    })

    it("gathers the same answer from a stream as from a whole one", async () => {
      const said = { text: ["same ", "either way"], reasoning: ["first ", "think"], tools: call }
      const asked = { model, max_tokens: 2000, messages: hello, tools: [weather] }
      next(said)
      const whole = await client.messages.create(asked)
      next(said)
      const streamed = await client.messages.stream(asked).finalMessage()
      const shown = ({ content, stop_reason, usage }: Anthropic.Message) => ({
        content: content.map((block) =>
          block.type === "tool_use"
            ? [block.name, block.input]
            : block.type === "thinking"
              ? block.thinking
              : block.type === "text"
                ? block.text
                : block.type
        ),
        stop_reason,
        tokens: [usage.input_tokens, usage.output_tokens]
      })
      assert.deepStrictEqual(shown(streamed), shown(whole))
      assert.deepStrictEqual(shown(whole).content, ["first think", "same either way", ["weather", { city: "Oslo" }]])
      assert.strictEqual(whole.stop_reason, "tool_use")
    })

    it("calls a tool, and the provider gets the call and its result back", async () => {
      next({ tools: call })
      const first = await client.messages.create({
        model,
        max_tokens: 50,
        system: "Be brief.",
        messages: hello,
        tools: [weather]
      })
      const use = first.content.find((block) => block.type === "tool_use")!
      next({ text: ["Sunny."] })
      const second = await client.messages.create({
        model,
        max_tokens: 50,
        messages: [
          ...hello,
          { role: "assistant", content: first.content },
          { role: "user", content: [{ type: "tool_result", tool_use_id: use.id, content: "sunny" }] }
        ],
        tools: [weather]
      })
      assert.strictEqual(second.stop_reason, "end_turn")
      const history = JSON.stringify(sent())
      assert.include(history, "Oslo")
      assert.include(history, "sunny")
    })

    it("gets the provider's rate limit as a RateLimitError with its Retry-After", async () => {
      const body =
        provider === "anthropic"
          ? Wire.anthropicError("slow down", "rate_limit_error")
          : provider === "ollama"
            ? { error: "slow down" }
            : Wire.openaiError("slow down", "requests", "rate_limit_exceeded")
      lab.upstreams[provider].next({ status: 429, headers: { "retry-after": "7" }, body })
      const error = await failureOf(client.messages.create({ model, max_tokens: 50, messages: hello }))
      assert.instanceOf(error, RateLimitError)
      assert.strictEqual(error.headers?.get("retry-after"), "7")
      assert.strictEqual(error.type, "rate_limit_error")
      assert.match(error.requestID ?? "", /^req_/)
      assert.include(error.message, "slow down")
    })
  })
}

describe("/v1/messages", () => {
  it("passes a beta and an Anthropic caller's bytes on as they are", async () => {
    await client.beta.messages.create({
      model: Lab.models.anthropic,
      max_tokens: 50,
      messages: hello,
      betas: ["a-beta-2030-01-01"]
    })
    const { headers, json } = lab.upstreams.anthropic.requests.at(-1)!
    assert.strictEqual(headers["anthropic-beta"], "a-beta-2030-01-01")
    assert.strictEqual(headers["x-api-key"], "anthropic-secret-key")
    assert.deepStrictEqual(json, { model: Lab.models.anthropic, max_tokens: 50, messages: hello })
  })

  it("passes the caller's version of the API on, and gives one where there is none", async () => {
    for (const [given, expected] of [
      ["2030-01-01", "2030-01-01"],
      [undefined, "2023-06-01"]
    ] as const) {
      await Raw.send(`${lab.penstock.url}/v1/messages`, {
        headers: given === undefined ? {} : { "anthropic-version": given },
        body: { model: Lab.models.anthropic, max_tokens: 50, messages: hello }
      })
      assert.strictEqual(lab.upstreams.anthropic.requests.at(-1)!.headers["anthropic-version"], expected)
    }
  })

  it("is answered by the demo", async () => {
    const answer = await client.messages.create({ model: "demo/echo", max_tokens: 50, messages: hello })
    assert.deepStrictEqual(
      answer.content.map((block) => (block.type === "text" ? block.text : block.type)),
      ["hello"]
    )
  })

  it("says in Anthropic's words what is wrong with a request", async () => {
    const error = await failureOf(client.messages.create({ model: "demo/echo", max_tokens: 50, messages: [] }))
    assert.instanceOf(error, BadRequestError)
    assert.strictEqual((error.error as { type: string }).type, "error")
    assert.strictEqual(error.type, "invalid_request_error")
    assert.include(error.message, "messages")
  })

  it("ends a stream with a comment of its cost, which every reader of SSE skips", async () => {
    const { body } = await Raw.send(`${lab.penstock.url}/v1/messages`, {
      body: { model: "fast", max_tokens: 50, messages: hello, stream: true }
    })
    assert.match(body, /"type":"message_stop"\}\n\n: x-penstock-cost-usd: [0-9.]+\n\n$/)
  })

  it("takes a key in x-api-key, and refuses others as Anthropic does", async () => {
    const keyed = await Lab.start("server: { auth: keys }\nkeys: [{ name: alice, key: sk-alice-0123456789abcdef }]\n")
    try {
      const as = (apiKey: string) =>
        new Anthropic({ baseURL: keyed.penstock.url, apiKey, maxRetries: 0 }).messages.create({
          model: "demo/echo",
          max_tokens: 50,
          messages: hello
        })
      assert.strictEqual((await as("sk-alice-0123456789abcdef")).type, "message")
      const error = await failureOf(as("somebody else's"))
      assert.instanceOf(error, AuthenticationError)
      assert.strictEqual(error.type, "authentication_error")
    } finally {
      await keyed.close()
    }
  })

  it("lets a client see that the server is there", async () => {
    const { status } = await Raw.send(`${lab.penstock.url}/`, { method: "HEAD" })
    assert.strictEqual(status, 200)
  })
})

describe("/v1/messages/count_tokens", () => {
  const count = (model: string) => client.messages.countTokens({ model, messages: hello }).withResponse()

  it("is Anthropic's own count, and leaves no row", async () => {
    const before = (await Lab.rows(lab.penstock)).length
    lab.upstreams.anthropic.next({ body: { input_tokens: 8 } })
    const { data, response } = await count("claude-sonnet")
    assert.strictEqual(data.input_tokens, 8)
    assert.isNull(response.headers.get("x-penstock-estimated"))
    const { json, path } = lab.upstreams.anthropic.requests.at(-1)!
    assert.strictEqual(path, "/v1/messages/count_tokens")
    assert.match(json.model, /^claude-sonnet-/)
    assert.lengthOf(await Lab.rows(lab.penstock), before)
  })

  it("is an estimate that says so where nobody counts", async () => {
    const short = await count("fast")
    assert.strictEqual(short.response.headers.get("x-penstock-estimated"), "true")
    const long = await client.messages.countTokens({
      model: "fast",
      messages: [{ role: "user", content: "hello ".repeat(1000) }]
    })
    assert.isAbove(long.input_tokens - short.data.input_tokens, 1000)
  })

  it("fails as the provider does", async () => {
    lab.upstreams.anthropic.next({ status: 404, body: Wire.anthropicError("no such model", "not_found_error") })
    assert.instanceOf(await failureOf(count(Lab.models.anthropic)), NotFoundError)
  })
})
