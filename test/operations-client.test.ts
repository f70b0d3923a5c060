/** OpenAI's official client for what is asked beside conversations: moderation and pictures, and what all of it shares. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { BadRequestError, InternalServerError, RateLimitError, toFile } from "openai"
import * as Lab from "./support/Lab.ts"
import * as OpenApi from "./support/OpenApi.ts"
import * as OperationsLab from "./support/OperationsLab.ts"
import * as Penstock from "./support/Penstock.ts"
import * as Upstream from "./support/Upstream.ts"
import * as Wire from "./support/Wire.ts"

let lab: OperationsLab.OperationsLab
let mock: Upstream.Upstream
const judges = OpenApi.present ? OpenApi.judges() : null
/** What is wrong with a value by OpenAI's description; null when nothing is, or nobody judges. */
const faultOf = (schema: string, value: unknown) => judges?.(schema)(value) ?? null

beforeAll(async () => {
  lab = await OperationsLab.start()
  mock = lab.mock
})
afterAll(() => lab.close())

const rowOf = (headers: Headers | undefined) => Lab.row(lab.penstock, headers?.get("x-request-id") ?? null)
const last = () => mock.requests.at(-1)!
const sse = (...events: ReadonlyArray<object>) => events.map((event) => Wire.sse(event))
const post = (path: string, body: object) =>
  fetch(`${lab.penstock.url}${path}`, { method: "POST", body: JSON.stringify(body) })

describe("moderations", () => {
  const result = {
    id: "modr-1",
    model: "omni-moderation-latest",
    results: [{ flagged: false, categories: {}, category_scores: {}, category_applied_input_types: {} }]
  }

  it("are passed on and back byte for byte, recorded, and of a cost that nobody knows", async () => {
    mock.next({ headers: { "content-type": "application/json" }, body: JSON.stringify(result, null, 3) })
    const text = `{"input": "hello",  "model":"mock/omni"}`
    const response = await fetch(`${lab.penstock.url}/v1/moderations`, { method: "POST", body: text })
    assert.strictEqual(await response.text(), JSON.stringify(result, null, 3))
    assert.deepStrictEqual([last().path, last().body], ["/v1/moderations", text.replace("mock/omni", "omni")])
    assert.isNull(response.headers.get("x-penstock-cost-usd"))
    const row = await rowOf(response.headers)
    assert.deepStrictEqual([row.status, row.provider, row.prompt_tokens, row.cost_nanousd], ["ok", "mock", null, null])
  })

  it("are given from the cache when they are asked again", async () => {
    mock.next({ body: result })
    const ask = () => post("/v1/moderations", { model: "mock/omni", input: ["again"] })
    assert.deepStrictEqual(
      [await ask(), await ask()].map(({ headers }) => headers.get("x-penstock-cache")),
      ["miss", "hit"]
    )
  })

  it("without a model go where OpenAI's own name for it leads", async () => {
    const error = await Lab.failureOf(lab.client.moderations.create({ input: "hello" }))
    assert.strictEqual(error.status, 503)
    assert.include(error.message, "OPENAI_API_KEY")
  })
})

describe("pictures", () => {
  const usage = {
    input_tokens: 10,
    output_tokens: 1000,
    total_tokens: 1010,
    input_tokens_details: { text_tokens: 10, image_tokens: 0 }
  }
  const picture = { created: 1_700_000_000, data: [{ b64_json: "aGVsbG8=" }], usage }

  it("are passed back, and priced by the tokens that the answer counts", async () => {
    mock.next({ body: picture })
    const { data, response } = await lab.client.images
      .generate({ model: "mock/gpt-image-1", prompt: "a penstock" })
      .withResponse()
    assert.deepStrictEqual(data, { ...picture })
    assert.isNull(faultOf("ImagesResponse", data))
    assert.deepStrictEqual(last().json, { model: "gpt-image-1", prompt: "a penstock" })
    const row = await rowOf(response.headers)
    assert.deepStrictEqual(
      [row.prompt_tokens, row.completion_tokens, row.cost_nanousd],
      [10, 1000, 10 * 150 + 1000 * 600]
    )
    assert.strictEqual(response.headers.get("x-penstock-cost-usd"), "0.0006015")
  })

  it("that are paid by the piece have no known cost, and the same prompt makes another one", async () => {
    mock.always({ body: { created: 1, data: [{ url: "http://127.0.0.1/1.png" }] } })
    const before = mock.requests.length
    for (let times = 0; times < 2; times += 1) {
      const { response } = await lab.client.images.generate({ model: "mock/dall-e-3", prompt: "one" }).withResponse()
      assert.isNull((await rowOf(response.headers)).cost_nanousd)
    }
    assert.strictEqual(mock.requests.length, before + 2)
    mock.always(undefined)
  })

  it("come as events, which end with the last picture", async () => {
    const part = {
      b64_json: "cA==",
      created_at: 1,
      size: "auto",
      quality: "low",
      background: "auto",
      output_format: "png"
    }
    const events = sse(
      { type: "image_generation.partial_image", partial_image_index: 0, ...part },
      { type: "image_generation.completed", ...part, usage }
    )
    // Nothing follows, and the connection stays open: the last event is the end.
    mock.next(Upstream.eventStream(...events, Upstream.hang))
    const { data, response } = await lab.client.images
      .generate({ model: "mock/gpt-image-1", prompt: "slowly", stream: true, partial_images: 1 })
      .withResponse()
    const types: Array<string> = []
    for await (const event of data) types.push(event.type)
    assert.deepStrictEqual(types, ["image_generation.partial_image", "image_generation.completed"])
    const row = await rowOf(response.headers)
    assert.deepStrictEqual([row.status, row.stream, row.completion_tokens], ["ok", true, 1000])
  })

  it("that break off are never a clean end", async () => {
    mock.next(Upstream.eventStream(Wire.sse({ type: "image_generation.partial_image", b64_json: "cA==" })))
    const response = await post("/v1/images/generations", { model: "mock/m", prompt: "x", stream: true })
    const text = await response.text()
    assert.include(text, "partial_image")
    assert.include(text, '"error"')
    assert.strictEqual((await rowOf(response.headers)).status, "error")
  })

  it("that the provider refuses are refused in its words, also within a stream", async () => {
    const refusal = { error: { message: "not that", type: "image_generation_user_error", code: "moderation_blocked" } }
    mock.next({ status: 400, body: refusal })
    const error = await Lab.failureOf(lab.client.images.generate({ model: "either", prompt: "that" }))
    assert.instanceOf(error, BadRequestError)
    assert.strictEqual(error.code, "moderation_blocked")
    mock.next(Upstream.eventStream(Wire.sse({ type: "error", ...refusal })))
    const response = await post("/v1/images/generations", { model: "mock/m", prompt: "that", stream: true })
    assert.strictEqual(response.status, 400)
  })

  it("need a prompt and a sane number", async () => {
    for (const [body, param] of [
      [{ model: "mock/m" }, "prompt"],
      [{ model: "mock/m", prompt: "x", n: 0 }, "n"],
      [{ model: "mock/m", prompt: "x", stream: "yes" }, "stream"]
    ] as const) {
      const response = await post("/v1/images/generations", body)
      const { error } = (await response.json()) as { error: { param: string } }
      assert.deepStrictEqual([response.status, error.param], [400, param])
    }
  })
})

describe("failures of every kind of endpoint", () => {
  const file = () => toFile(Buffer.from("RIFF"), "a.wav")
  const asks = {
    moderations: () => lab.client.moderations.create({ model: "mock/m", input: "x" }),
    images: () => lab.client.images.generate({ model: "mock/m", prompt: "x" }),
    speech: () => lab.client.audio.speech.create({ model: "mock/m", input: "x", voice: "alloy" }),
    transcriptions: async () => lab.client.audio.transcriptions.create({ model: "mock/m", file: await file() }),
    translations: async () => lab.client.audio.translations.create({ model: "mock/m", file: await file() })
  }
  for (const [name, ask] of Object.entries(asks)) {
    it(`${name}: the provider's rate limit, its failure, and a provider without the endpoint`, async () => {
      mock.next({ status: 429, headers: { "retry-after": "7" }, body: Wire.openaiError("slow down") })
      const limited = await Lab.failureOf(ask())
      assert.instanceOf(limited, RateLimitError)
      assert.strictEqual(limited.headers?.get("retry-after"), "7")
      mock.next({ status: 500, body: "<html>" })
      const failed = await Lab.failureOf(ask())
      assert.instanceOf(failed, InternalServerError)
      assert.strictEqual(failed.status, 502)
      const row = await rowOf(failed.headers)
      assert.deepStrictEqual([row.status, row.cost_nanousd], ["error", null])
      mock.next({ body: { error: { message: "said with a 200", type: "server_error" } } })
      assert.strictEqual((await Lab.failureOf(ask())).status, 502)
    })
  }

  it("a model whose provider has no such endpoint is refused, with those that have one", async () => {
    for (const model of ["claude-sonnet-4-5", "llama3.2", "demo/echo", "silent/m"]) {
      const error = await Lab.failureOf(lab.client.images.generate({ model, prompt: "x" }))
      assert.deepStrictEqual([error.status, error.code], [400, "unsupported_endpoint"])
      assert.include(error.message, "mock, unpriced, spare and openai once OPENAI_API_KEY is set")
    }
  })
})

describe("the limits of keys", () => {
  let penstock: Penstock.Penstock
  beforeAll(async () => {
    penstock = await Penstock.start({
      config: `
server: { auth: keys }
providers:
  mock: { protocol: openai, base_url: "${mock.url}/v1", api_key: mock-secret-key, pricing: { input: 1, output: 1 } }
keys:
  - { name: poor, key: key-of-the-poor, budget: { usd: 0.000001, per: day } }
  - { name: choosy, key: key-of-the-choosy, models: ["mock/small*"] }
  - { name: slow, key: key-of-the-slow, rate: { requests_per_minute: 1 } }
`
    })
  })
  afterAll(async () => {
    await penstock.stop()
  })

  it("hold for embeddings: 402, 403, 429 and 401, before anybody is asked", async () => {
    const before = mock.requests.length
    const embed = (key: string, model = "mock/m") =>
      Lab.clientOf(penstock, key).embeddings.create({ model, input: "a text of more than one token" })
    const over = await Lab.failureOf(embed("key-of-the-poor"))
    assert.deepStrictEqual([over.status, over.code], [402, "budget_exceeded"])
    assert.strictEqual((await Lab.failureOf(embed("key-of-the-choosy"))).status, 403)
    assert.strictEqual((await Lab.failureOf(embed("nobody"))).status, 401)
    assert.strictEqual(mock.requests.length, before)
    await embed("key-of-the-choosy", "mock/small")
    await embed("key-of-the-slow")
    const limited = await Lab.failureOf(embed("key-of-the-slow"))
    assert.instanceOf(limited, RateLimitError)
    assert.isNotNull(limited.headers?.get("retry-after"))
    assert.strictEqual(mock.requests.length, before + 2)
  })

  it("hold a picture's worst case back, and leave alone what has no price in tokens", async () => {
    const client = Lab.clientOf(penstock, "key-of-the-poor")
    const error = await Lab.failureOf(client.images.generate({ model: "mock/m", prompt: "x" }))
    assert.strictEqual(error.status, 402)
    mock.next({ body: { results: [] } })
    await Lab.clientOf(penstock, "key-of-the-choosy").moderations.create({ model: "mock/small", input: "x" })
  })
})
