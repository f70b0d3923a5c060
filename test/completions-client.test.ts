/** OpenAI's official client for legacy completions: of a prompt, streamed and whole. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { existsSync, readFileSync } from "node:fs"
import { BadRequestError, InternalServerError } from "openai"
import * as Lab from "./support/Lab.ts"
import * as OpenApi from "./support/OpenApi.ts"
import * as Upstream from "./support/Upstream.ts"
import * as Wire from "./support/Wire.ts"

let lab: Lab.Lab
const judge = OpenApi.present ? OpenApi.judges()("CreateCompletionResponse") : () => null
beforeAll(async () => {
  lab = await Lab.start("cache: { enabled: true }")
})
afterAll(() => lab.close())

const rowOf = (response: Response) => Lab.row(lab.penstock, response.headers.get("x-request-id"))
const post = (body: object) =>
  fetch(`${lab.penstock.url}/v1/completions`, { method: "POST", body: JSON.stringify(body) })

const completion = (text: string, index = 0) => ({
  id: "cmpl-upstream",
  object: "text_completion",
  created: 1_700_000_000,
  model: "upstream-model",
  choices: [{ text, index, logprobs: null, finish_reason: "stop" }],
  usage: { prompt_tokens: 10, completion_tokens: 4, total_tokens: 14 }
})
const chunk = (text: string, finish: string | null = null, index = 0) =>
  Wire.sse({
    id: "cmpl-upstream",
    object: "text_completion",
    created: 1_700_000_000,
    model: "upstream-model",
    choices: [{ text, index, logprobs: null, finish_reason: finish }]
  })
const counts = Wire.sse({ id: "cmpl-upstream", object: "text_completion", choices: [], usage: completion("").usage })
const done = Wire.sse("[DONE]")

describe("at a provider that has them", () => {
  it("they are passed through, byte for byte but for the model, and priced", async () => {
    lab.upstreams.mock.next({ body: completion("One.") })
    const text = `{"model":"mock/instruct", "prompt": ["a","b"], "logprobs": 3, "new": 1.0}`
    const response = await fetch(`${lab.penstock.url}/v1/completions`, { method: "POST", body: text })
    assert.deepStrictEqual(await response.json(), completion("One."))
    const { body, path } = lab.upstreams.mock.requests.at(-1)!
    assert.deepStrictEqual([path, body], ["/v1/completions", text.replace("mock/instruct", "instruct")])
    const row = await rowOf(response)
    assert.deepStrictEqual([row.prompt_tokens, row.completion_tokens, row.cost_nanousd], [10, 4, 10 * 150 + 4 * 600])
  })

  it("a stream is, too: its counts are asked for in the caller's place, and hidden", async () => {
    lab.upstreams.mock.next(Upstream.eventStream(chunk("One"), chunk(" two."), chunk("", "stop"), counts, done))
    const { data, response } = await lab.client.completions
      .create({ model: "mock/instruct", prompt: "Count", stream: true })
      .withResponse()
    let text = ""
    for await (const { choices, usage } of data) {
      text += choices[0]?.text ?? ""
      assert.isUndefined(usage)
    }
    assert.strictEqual(text, "One two.")
    assert.deepStrictEqual(lab.upstreams.mock.requests.at(-1)!.json.stream_options, { include_usage: true })
    assert.strictEqual((await rowOf(response)).prompt_tokens, 10)
  })

  it("all answers of a stream are there to the end, in whatever order they end", async () => {
    const gate = Upstream.gate()
    lab.upstreams.mock.next(
      Upstream.eventStream(chunk("a"), chunk("b", null, 1), chunk("", "stop"), gate.opened, chunk("c", "stop", 1), done)
    )
    const stream = await lab.client.completions.create({ model: "mock/m", prompt: "two", n: 2, stream: true })
    const texts = ["", ""]
    for await (const { choices } of stream) {
      const [choice] = choices
      if (choice === undefined) continue
      texts[choice.index] += choice.text
      if (choice.finish_reason !== null) gate.open()
    }
    assert.deepStrictEqual(texts, ["a", "bc"])
  })

  it("a recorded answer of OpenAI comes through, whole and streamed", async () => {
    const at = (name: string) =>
      new URL(`../../shared/fixtures/openai-chat/openai-completion-text${name}`, import.meta.url)
    if (!existsSync(at(".json"))) return
    const whole = readFileSync(at(".json"), "utf8")
    lab.upstreams.mock.next({ headers: { "content-type": "application/json" }, body: whole })
    const response = await post({ model: "mock/recorded", prompt: "holiday" })
    assert.strictEqual(await response.text(), whole)
    assert.strictEqual((await rowOf(response)).total_tokens, 30)
    const frames = readFileSync(at(".chunks.txt"), "utf8")
      .trim()
      .split("\n")
      .map((line) => Wire.sse(line))
    lab.upstreams.mock.next(Upstream.eventStream(...frames, done))
    const streamed = await post({
      model: "mock/recorded",
      prompt: "holidays",
      stream: true,
      stream_options: { include_usage: true }
    })
    assert.include(await streamed.text(), frames.join(""))
    assert.strictEqual((await rowOf(streamed)).status, "ok")
  })

  it("a cut stream is told, and a provider's refusal is the caller's", async () => {
    lab.upstreams.mock.next(Upstream.eventStream(chunk("One"), Upstream.cut))
    const stream = await lab.client.completions.create({ model: "mock/m", prompt: "cut", stream: true })
    const failure = await Lab.failureOf(
      (async () => {
        for await (const _ of stream);
      })()
    )
    assert.include(failure.message, "broke")
    lab.upstreams.mock.next({ status: 500, body: "oops" })
    const failed = await Lab.failureOf(lab.client.completions.create({ model: "mock/m", prompt: "500" }))
    assert.instanceOf(failed, InternalServerError)
  })
})

for (const [provider, model] of [
  ["anthropic", Lab.models.anthropic],
  ["ollama", Lab.models.ollama]
] as const) {
  describe(`at ${provider}, which holds conversations`, () => {
    it("a prompt is asked as one, whole and streamed alike", async () => {
      const said = { text: ["Grüße, ", "世界"], inputTokens: 40, outputTokens: 7 }
      lab.upstreams[provider].next(Lab.says(said), Lab.says(said))
      const { data, response } = await lab.client.completions
        .create({ model, prompt: "Greet", stop: "END", temperature: 0.5, logit_bias: { "50256": -100 } })
        .withResponse()
      assert.strictEqual(data.choices[0]!.text, "Grüße, 世界")
      assert.deepStrictEqual([data.object, data.usage?.prompt_tokens], ["text_completion", 40])
      assert.isNull(judge(data))
      assert.strictEqual(response.headers.get("x-penstock-dropped"), "logit_bias")
      const { json } = lab.upstreams[provider].requests.at(-1)!
      assert.include(JSON.stringify(json.messages), "Greet")
      // What the API promises where nobody sets a limit.
      assert.strictEqual(provider === "anthropic" ? json.max_tokens : json.options.num_predict, 16)
      const stream = await lab.client.completions.create({
        model,
        prompt: ["Greet"],
        stream: true,
        stream_options: { include_usage: true }
      })
      let [text, finish, tokens] = ["", "", 0]
      for await (const each of stream) {
        assert.isNull(
          judge({
            ...each,
            usage: undefined,
            choices: each.choices.map((choice) => ({ ...choice, finish_reason: "stop" }))
          })
        )
        text += each.choices[0]?.text ?? ""
        finish = each.choices[0]?.finish_reason ?? finish
        tokens = each.usage?.total_tokens ?? tokens
      }
      assert.deepStrictEqual([text, finish, tokens], ["Grüße, 世界", "stop", 47])
    })

    it("what only a completion can do is refused, and nobody is asked", async () => {
      const before = lab.upstreams[provider].requests.length
      for (const [more, param] of [
        [{ prompt: ["one", "two"] }, "prompt"],
        [{ prompt: [1, 2, 3] }, "prompt"],
        [{ suffix: "and then" }, "suffix"],
        [{ echo: true }, "echo"],
        [{ n: 2 }, "n"],
        [{ best_of: 3 }, "best_of"],
        [{ logprobs: 1 }, "logprobs"]
      ] as const) {
        const error = await Lab.failureOf(lab.client.completions.create({ model, prompt: "Greet", ...more } as never))
        assert.instanceOf(error, BadRequestError)
        assert.match(error.param ?? "", new RegExp(`^${param}`))
        assert.include(error.message, "conversations only")
      }
      assert.strictEqual(lab.upstreams[provider].requests.length, before)
    })
  })
}

describe("completions", () => {
  it("are answered by the demo, and given again from the cache", async () => {
    const ask = () => post({ model: "demo/echo", prompt: "echo", max_tokens: 50 })
    const [first, second] = [await ask(), await ask()]
    assert.deepStrictEqual(
      [first, second].map(({ headers }) => headers.get("x-penstock-cache")),
      ["miss", "hit"]
    )
    const { choices } = (await second.json()) as ReturnType<typeof completion>
    assert.strictEqual(choices[0]!.text, "echo")
  })
})
