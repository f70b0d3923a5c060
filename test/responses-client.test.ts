/** OpenAI's official client of the Responses API against the server, whichever provider answers behind it. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import type OpenAI from "openai"
import { BadRequestError, RateLimitError } from "openai"
import * as Lab from "./support/Lab.ts"
import * as Upstream from "./support/Upstream.ts"
import type * as Wire from "./support/Wire.ts"

let lab: Lab.Lab
let native: Upstream.Upstream
beforeAll(async () => {
  native = await Upstream.start()
  lab = await Lab.start("", { OPENAI_API_KEY: "openai-secret-key", OPENAI_BASE_URL: `${native.url}/v1` })
})
afterAll(async () => {
  await lab.close()
  await native.close()
})

const weather: OpenAI.Responses.FunctionTool = {
  type: "function",
  name: "weather",
  description: "The weather in a city",
  strict: false,
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] }
}
const call = [{ id: "call_1", name: "weather", args: ['{"city"', ':"Oslo"}'] }]
/** The client has `output_text` for answers that came whole. */
const textOf = ({ output }: OpenAI.Responses.Response) =>
  output
    .flatMap((item) => (item.type === "message" ? item.content : []))
    .map((part) => (part.type === "output_text" ? part.text : ""))
    .join("")
const calls = ({ output }: OpenAI.Responses.Response) =>
  output.flatMap((item) => (item.type === "function_call" ? [[item.name, JSON.parse(item.arguments)]] : []))

for (const provider of Lab.providerNames) {
  const model = Lab.models[provider]
  const sent = () => JSON.stringify(lab.upstreams[provider].requests.at(-1)!.json)
  const next = (said: Wire.Said) => lab.upstreams[provider].next(Lab.says(said))

  describe(`the Responses client, answered by ${provider}`, () => {
    it("gets a whole answer with its usage and where it came from", async () => {
      next({ text: ["Grüße, ", "世界"], inputTokens: 40, outputTokens: 7 })
      const { data, response } = await lab.client.responses.create({ model, input: "hello" }).withResponse()
      assert.strictEqual(data.output_text, "Grüße, 世界")
      assert.deepStrictEqual([data.status, data.usage?.input_tokens, data.usage?.output_tokens], ["completed", 40, 7])
      assert.strictEqual(response.headers.get("x-penstock-provider"), provider)
      const row = await Lab.row(lab.penstock, response.headers.get("x-request-id"))
      assert.deepStrictEqual([row.status, row.prompt_tokens], ["ok", 40])
    })

    it("gathers the same answer from a stream as from a whole one, tools included", async () => {
      const said = { text: ["same ", "either way"], tools: call }
      next(said)
      const whole = await lab.client.responses.create({ model, input: "hello", tools: [weather] })
      next(said)
      const streamed = await lab.client.responses.stream({ model, input: "hello", tools: [weather] }).finalResponse()
      assert.strictEqual(textOf(streamed), "same either way")
      assert.strictEqual(textOf(streamed), whole.output_text)
      assert.deepStrictEqual(calls(whole), [["weather", { city: "Oslo" }]])
      assert.deepStrictEqual(calls(streamed), calls(whole))
      assert.strictEqual(streamed.usage?.total_tokens, whole.usage?.total_tokens)
    })

    it("asks for JSON by schema", async () => {
      next({ text: ['{"city":"Oslo"}'] })
      const schema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] }
      const answer = await lab.client.responses.create({
        model,
        input: "hello",
        text: { format: { type: "json_schema", name: "place", schema } }
      })
      assert.deepStrictEqual(JSON.parse(answer.output_text), { city: "Oslo" })
      assert.include(sent(), '"city"')
    })

    it("goes on from a response by its id, streamed or whole", async () => {
      next({ text: ["Blue."] })
      const first = await lab.client.responses.stream({ model, input: "My colour?" }).finalResponse()
      next({ text: ["Still blue."] })
      const second = await lab.client.responses.create({ model, input: "Sure?", previous_response_id: first.id })
      for (const said of ["My colour?", "Blue.", "Sure?"]) assert.include(sent(), said)
      assert.strictEqual(second.previous_response_id, first.id)
      assert.strictEqual(second.output_text, "Still blue.")
    })

    it("gets the provider's rate limit as a RateLimitError", async () => {
      lab.upstreams[provider].next({ status: 429, body: { error: { message: "slow down" } } })
      const error = await Lab.failureOf(lab.client.responses.create({ model, input: "hello" }))
      assert.instanceOf(error, RateLimitError)
    })
  })
}

describe("/v1/responses", () => {
  it("is answered by the demo", async () => {
    const answer = await lab.client.responses.create({ model: "demo/echo", input: "hello" })
    assert.strictEqual(answer.output_text, "hello")
  })

  it("refuses what it cannot do: an id that nobody has, one that was not to be stored, and the background", async () => {
    const kept = await lab.client.responses.create({ model: "demo/echo", input: "hello", store: false })
    for (const id of ["resp_unknown", kept.id]) {
      const error = await Lab.failureOf(
        lab.client.responses.create({ model: "demo/echo", input: "hello", previous_response_id: id })
      )
      assert.instanceOf(error, BadRequestError)
      assert.deepStrictEqual([error.code, error.param], ["previous_response_not_found", "previous_response_id"])
    }
    const error = await Lab.failureOf(
      lab.client.responses.create({ model: "demo/echo", input: "hello", background: true })
    )
    assert.strictEqual(error.param, "background")
  })

  it("keeps a response to be got, listed and deleted by its id, streamed or whole", async () => {
    const { responses } = lab.client
    const model = "demo/echo"
    const first = await responses.stream({ model, input: "hello" }).finalResponse()
    const second = await responses.create({ model, input: "again", previous_response_id: first.id })
    const got = await responses.retrieve(second.id)
    assert.deepStrictEqual([got.id, got.output], [second.id, second.output])
    const { data: listed } = await responses.inputItems.list(second.id, { order: "asc" })
    assert.deepStrictEqual(
      listed.map(
        (item) => item.type === "message" && [item.role, item.content.map((part) => "text" in part && part.text)]
      ),
      [
        ["user", ["hello"]],
        ["assistant", [textOf(first)]],
        ["user", ["again"]]
      ]
    )
    // The client asks for page after page.
    const ids: Array<string | undefined> = []
    for await (const { id } of responses.inputItems.list(second.id, { limit: 1 })) ids.push(id)
    assert.deepStrictEqual(
      ids.toReversed(),
      listed.map(({ id }) => id)
    )
    await responses.delete(second.id)
    const gone = await Lab.failureOf(responses.retrieve(second.id))
    assert.deepStrictEqual([gone.status, gone.code, gone.param], [404, "response_not_found", "response_id"])
    assert.strictEqual((await Lab.failureOf(responses.delete(second.id))).status, 404)
    assert.strictEqual((await responses.retrieve(first.id)).id, first.id)
    assert.strictEqual((await Lab.failureOf(responses.cancel(first.id))).status, 400)
    assert.strictEqual((await Lab.failureOf(responses.inputItems.list(first.id, { limit: 101 }))).param, "limit")
    const past = await Lab.failureOf(responses.inputItems.list(first.id, { after: "nothing" }))
    assert.strictEqual(past.param, "after")
    const wrong = await fetch(`${lab.penstock.url}/v1/responses/resp_1`, { method: "PUT" })
    assert.deepStrictEqual([wrong.status, wrong.headers.get("allow")], [405, "HEAD, GET, DELETE"])
  })

  it("passes request and answer through to a provider that has it, ids of its own included", async () => {
    const response = {
      id: "resp_native",
      object: "response",
      created_at: 1_700_000_000,
      status: "completed",
      model: "gpt-4o-mini",
      output: [
        {
          id: "msg_1",
          type: "message",
          role: "assistant",
          status: "completed",
          content: [{ type: "output_text", text: "natively", annotations: [] }]
        }
      ],
      usage: { input_tokens: 12, output_tokens: 5, total_tokens: 17 }
    }
    native.always({ body: response })
    const first = await lab.client.responses.create({ model: "gpt-4o-mini", input: "one" })
    assert.strictEqual(first.output_text, "natively")
    await lab.client.responses.create({ model: "gpt-4o-mini", input: "two", previous_response_id: first.id })
    const { json, path } = native.requests.at(-1)!
    assert.strictEqual(path, "/v1/responses")
    assert.deepStrictEqual(json, { model: "gpt-4o-mini", input: "two", previous_response_id: "resp_native" })
    // From elsewhere the same conversation goes on with all that was said.
    await lab.client.responses.create({ model: Lab.models.anthropic, input: "three", previous_response_id: first.id })
    const history = JSON.stringify(lab.upstreams.anthropic.requests.at(-1)!.json)
    for (const said of ["natively", "three"]) assert.include(history, said)
  })
})
