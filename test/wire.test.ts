/** The bytes: what reaches a provider, what comes back, and whether it is what OpenAI's description promises. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Lab from "./support/Lab.ts"
import * as OpenApi from "./support/OpenApi.ts"
import * as Raw from "./support/Raw.ts"
import * as Upstream from "./support/Upstream.ts"
import type * as Wire from "./support/Wire.ts"

let lab: Lab.Lab
beforeAll(async () => {
  lab = await Lab.start()
})
afterAll(() => lab.close())

const messages = [{ role: "user", content: "What is the weather in paris?" }]
const mock = () => lab.upstreams.mock
const received = () => mock().requests.at(-1)!
const ask = (body: { readonly [key: string]: unknown } | string) => Raw.chat(lab.penstock.url, body)
/** The comment that follows a stream whose cost is known. */
const costComment = /\n\n: x-penstock-cost-usd: [\d.]+\n\n$/

const chunk = (choices: string, more = "") =>
  `data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m",${choices}${more}}`
const usage = `"usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12}`

/** Frames that no encoder of ours would write: CRLF, comments, fields nobody knows, odd numbers and spaces. */
const odd = {
  frames: [
    ": welcome\n\n",
    "id: 7\nevent: message\nretry: 10\n" +
      chunk(`"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]`) +
      "\n\n",
    chunk(
      `"choices": [ {"index":0.0, "delta":{"content":"Gr\\u00fc\\u00dfe 世界"},"x_new":1e2}]`,
      `,"obfuscation":"ab"`
    ) + "\r\n\r\n",
    ": keep-alive\n\n",
    "data:" + chunk(`"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]`).slice(6) + "\n\n"
  ],
  usage: chunk(`"choices":[],${usage}`) + "\n\n",
  done: "data: [DONE]\n\n"
}

describe("a stream of the caller's own protocol", () => {
  it("reaches the caller byte for byte when it asked for usage itself", async () => {
    const frames = [...odd.frames, odd.usage, odd.done]
    mock().next(Upstream.eventStream(...frames))
    const answer = await ask({ model: "fast", messages, stream: true, stream_options: { include_usage: true } })
    assert.strictEqual(answer.headers["content-type"], "text/event-stream; charset=utf-8")
    assert.match(answer.body, costComment)
    assert.strictEqual(answer.body.replace(costComment, "\n\n"), frames.join(""))
  })

  it("lacks nothing but the usage chunk when the gateway asked for it in the caller's place", async () => {
    mock().next(Upstream.eventStream(...odd.frames, odd.usage, odd.done))
    const answer = await ask({ model: "fast", messages, stream: true })
    assert.strictEqual(answer.body.replace(costComment, "\n\n"), [...odd.frames, odd.done].join(""))
    assert.strictEqual((await Lab.row(lab.penstock, String(answer.headers["x-request-id"]))).total_tokens, 12)
  })

  it("has no comment of ours when the cost is unknown", async () => {
    mock().next(Upstream.eventStream(...odd.frames, odd.done))
    const answer = await ask({ model: "unpriced/m", messages, stream: true })
    assert.strictEqual(answer.body, [...odd.frames, odd.done].join(""))
  })

  it("gets the end mark that its provider left out, once", async () => {
    mock().next(Upstream.eventStream(...odd.frames))
    const answer = await ask({ model: "unpriced/m", messages, stream: true })
    assert.strictEqual(answer.body, [...odd.frames, odd.done].join(""))
  })

  it("is the same however the network cuts it", async () => {
    const bytes = Buffer.from([...odd.frames, odd.done].join(""))
    for (const size of [1, 2, 3, 7, 50]) {
      const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
        bytes.subarray(at * size, at * size + size)
      )
      mock().next(Upstream.eventStream(...pieces))
      const answer = await ask({ model: "unpriced/m", messages, stream: true })
      assert.isTrue(answer.bytes.equals(bytes), `pieces of ${size}`)
    }
  })

  it("ends once, even if its provider ends it twice or goes on", async () => {
    mock().next(Upstream.eventStream([...odd.frames, odd.done, odd.done, odd.frames[2]].join("")))
    const answer = await ask({ model: "unpriced/m", messages, stream: true })
    assert.strictEqual(answer.body, [...odd.frames, odd.done].join(""))
  })

  it("sent whole by a provider that cannot stream it is a stream to the caller", async () => {
    mock().next((request) => Upstream.ordinary({ ...request, json: { model: "m" } }))
    const answer = await ask({ model: "fast", messages, stream: true })
    assert.include(answer.headers["content-type"], "text/event-stream")
    assert.strictEqual(Raw.dataOf(answer.body).at(-1), "[DONE]")
    assert.include(answer.body, "Hello from upstream.")
  })
})

describe("a whole answer of the caller's own protocol", () => {
  it("reaches the caller byte for byte", async () => {
    const body = `{ "id":"x",\n\t"choices":[{"index":0,"message":{"role":"assistant","content":"\\u00fc"},"finish_reason":"stop","new":[1.0,1e2]}],"model":"m","zz":null, "usage":{"prompt_tokens":1,"completion_tokens":1} }\n`
    mock().next({ headers: { "content-type": "application/json; charset=utf-8" }, body })
    const answer = await ask({ model: "fast", messages })
    assert.strictEqual(answer.body, body)
    assert.strictEqual(answer.headers["content-length"], String(Buffer.byteLength(body)))
  })
})

describe("a request of the provider's own protocol", () => {
  /** `model` and the usage option are ours to change; everything else is the caller's. */
  const text = (model: string, options = "") =>
    `{ "messages" : [{"role":"user","content":"\\u00fc \\"model\\": \\"no\\"","x":1.0}],\n\t"temperature":1.0, "top_p":1e0,"big":12345678901234567890, "model" :  "${model}" ,"unknown":{"model":"inner","b":1,"a":2},"seed":-0${options} }`

  it("reaches it untouched when the model has the same name there", async () => {
    await ask(text("mock/upstream-model"))
    assert.strictEqual(received().body, text("upstream-model"))
  })

  it("has nothing but its model changed, in place", async () => {
    await ask(text("fast"))
    assert.strictEqual(received().body, text("upstream-model"))
    assert.strictEqual(received().headers["content-length"], String(Buffer.byteLength(text("upstream-model"))))
  })

  it("has the usage option added when it streams, and that only", async () => {
    await ask(text("fast", `, "stream":true`))
    assert.strictEqual(
      received().body.replace(`"stream_options":{"include_usage":true},`, ""),
      text("upstream-model", `, "stream":true`)
    )
    assert.deepStrictEqual(received().json.stream_options, { include_usage: true })
  })

  it("keeps its own usage option and what else it says of the stream", async () => {
    const wants = `, "stream":true, "stream_options": { "include_usage" : true, "include_obfuscation":false }`
    await ask(text("fast", wants))
    assert.strictEqual(received().body, text("upstream-model", wants))
    await ask(text("fast", `, "stream":true, "stream_options":{"include_obfuscation":false}`))
    assert.deepStrictEqual(received().json.stream_options, { include_obfuscation: false, include_usage: true })
  })

  it("with its model twice or spelled with escapes reaches the model that the gateway has seen", async () => {
    for (const body of [
      `{"model":"nowhere/x","messages":[{"role":"user","content":"x"}],"model":"fast"}`,
      `{"m\\u006fdel":"fast","messages":[{"role":"user","content":"x"}]}`
    ]) {
      assert.strictEqual((await ask(body)).status, 200)
      assert.strictEqual(received().json.model, "upstream-model")
      assert.notInclude(received().body, "fast")
    }
  })

  it("carries the provider's key and nothing of the caller's headers", async () => {
    await Raw.chat(
      lab.penstock.url,
      { model: "fast", messages },
      {
        authorization: "Bearer of-the-caller",
        "x-api-key": "of-the-caller",
        cookie: "secret=of-the-caller"
      }
    )
    assert.strictEqual(received().headers.authorization, "Bearer mock-secret-key")
    assert.notInclude(JSON.stringify(received().headers), "of-the-caller")
  })
})

const tool = {
  type: "function",
  function: {
    name: "weather",
    description: "weather in a city",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] }
  }
}
const said: { readonly [what: string]: Wire.Said } = {
  text: {},
  "empty text": { text: [""] },
  "tool calls": {
    tools: [
      { id: "a", name: "weather", args: ["{", "}"] },
      { id: "b", name: "weather", args: ['{"city":"x"}'] }
    ]
  },
  "text and tools": { text: ["I look"], tools: [{ id: "a", name: "weather", args: [] }] },
  refusal: { refusal: "I would rather not." },
  reasoning: { reasoning: ["hm", " so"], text: ["x"], reasoningTokens: 2 },
  "usage with details": { inputTokens: 100, cachedTokens: 60, outputTokens: 50, reasoningTokens: 20 }
}
const requests = [
  ...Lab.providerNames.flatMap((provider) =>
    Object.entries({
      ...said,
      length: { finish: provider === "anthropic" ? "max_tokens" : "length" }
    }).map(([what, said]) => ({ name: `${provider}, ${what}`, model: Lab.models[provider], provider, said, more: {} }))
  ),
  { name: "demo, echo", model: "demo/echo", provider: null, said: {}, more: {} },
  { name: "demo, extract", model: "demo/extract", provider: null, said: {}, more: {} },
  { name: "demo, tools", model: "demo/extract", provider: null, said: {}, more: { tools: [tool] } },
  { name: "demo, length", model: "demo/echo", provider: null, said: {}, more: { max_tokens: 1 } },
  {
    name: "demo, schema",
    model: "demo/extract",
    provider: null,
    said: {},
    more: { response_format: { type: "json_schema", json_schema: { name: "x", schema: tool.function.parameters } } }
  }
] as const

describe("every answer", () => {
  for (const { model, more, name, provider, said } of requests) {
    it(`${name}: ends exactly once, and its chunks have one id and one model`, async () => {
      for (const include_usage of [false, true]) {
        if (provider !== null) lab.upstreams[provider].next(Lab.says(said))
        const answer = await ask({ model, messages, ...more, stream: true, stream_options: { include_usage } })
        const data = Raw.dataOf(answer.body)
        const chunks = Raw.chunksOf(answer.body)
        assert.strictEqual(data.filter((each) => each === "[DONE]").length, 1)
        assert.strictEqual(data.at(-1), "[DONE]")
        assert.strictEqual(chunks.filter((each) => each.choices[0]?.finish_reason).length, 1)
        assert.isTrue(chunks.every((each) => each.id === chunks[0].id && each.model === chunks[0].model))
        assert.strictEqual(chunks[0].choices[0].delta.role, "assistant")
        assert.strictEqual(chunks.filter((each) => each.usage).length, include_usage ? 1 : 0)
        // With usage, the last chunk has it and no choice; without, the last says why it ended.
        assert.strictEqual(chunks.at(-1).choices.length, include_usage ? 0 : 1)
      }
    })
  }
})

describe.skipIf(!OpenApi.present)("OpenAI's own description (skipped without it)", () => {
  const judge = OpenApi.present ? OpenApi.judges() : () => () => null

  for (const { model, more, name, provider, said } of requests) {
    it(`${name}: is what it promises, whole and chunk by chunk`, async () => {
      const whole = judge("CreateChatCompletionResponse")
      const streamed = judge("CreateChatCompletionStreamResponse")
      if (provider !== null) lab.upstreams[provider].next(Lab.says(said), Lab.says(said))
      assert.isNull(whole((await ask({ model, messages, ...more })).json))
      const options = { stream: true, stream_options: { include_usage: true } }
      const answer = await ask({ model, messages, ...more, ...options })
      const chunks = Raw.chunksOf(answer.body)
      assert.isNotEmpty(chunks)
      for (const chunk of chunks) assert.isNull(streamed(chunk), JSON.stringify(chunk))
    })
  }

  it("describes our errors and our list of models", async () => {
    const isError = judge("ErrorResponse")
    assert.isNotNull(isError({ error: "no" }))
    for (const body of [{ model: "gone/m", messages }, { model: 5 }, { model: "keyless/m", messages }]) {
      assert.isNull(isError((await ask(body)).json))
    }
    assert.isNull(isError((await Raw.send(`${lab.penstock.url}/nowhere`)).json))
    assert.isNull(judge("ListModelsResponse")((await Raw.send(`${lab.penstock.url}/v1/models`)).json))
  })
})
