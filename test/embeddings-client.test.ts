/** OpenAI's official client asking for embeddings, whichever provider has them. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { APIError, BadRequestError, RateLimitError } from "openai"
import * as Lab from "./support/Lab.ts"
import * as OpenApi from "./support/OpenApi.ts"
import * as Upstream from "./support/Upstream.ts"
import * as Wire from "./support/Wire.ts"

const more = `
cache: { enabled: true }
budget: { usd: 1000, per: day }
`
const patient = "defaults: { retry: { max: 0 }, breaker: { failures: 1000 } }"

let lab: Lab.Lab
let spare: Upstream.Upstream
let judge: OpenApi.Judge | null = null
beforeAll(async () => {
  spare = await Upstream.start()
  lab = await Lab.start(more)
  const { mock } = lab.upstreams
  lab.penstock.writeConfig(
    Lab.config(mock.url, more)
      .replace("defaults: { retry: { max: 0 } }", patient)
      .replace(
        "models:\n",
        `  small: { protocol: openai, base_url: "${mock.url}/v1", api_key: small-secret, embedding_batch: 3, pricing: { input: 0.15, output: 0.6 } }
  talker: { protocol: openai, base_url: "${mock.url}/v1", api_key: talker-secret, endpoints: [chat] }
  spare: { protocol: openai, base_url: "${spare.url}/v1", api_key: spare-secret, pricing: { input: 0.15, output: 0.6 } }
models:
  bilingual: { targets: [ollama/nomic-embed-text, mock/second] }
  embedder: { targets: [talker/nothing, mock/first, spare/second], retry: { max: 1, delay: 1ms } }
  retried: { targets: [small/first], retry: { max: 1, delay: 1ms } }
  hurried: { targets: [mock/first, spare/second], retry: { max: 0 }, timeout: { first_token: 100ms } }
`
      )
  )
  await untilKnown("hurried")
  if (OpenApi.present) judge = OpenApi.judges()("CreateEmbeddingResponse")
})
afterAll(async () => {
  await lab.close()
  await spare.close()
})

const untilKnown = async (name: string) => {
  for (const deadline = performance.now() + 10_000; performance.now() < deadline;) {
    const response = await fetch(`${lab.penstock.url}/v1/models/${name}`)
    if (response.status === 200) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`the configuration with ${name} did not come into force`)
}

const rowOf = (response: Response) => Lab.row(lab.penstock, response.headers.get("x-request-id"))
const post = (body: object, headers: Record<string, string> = {}) =>
  fetch(`${lab.penstock.url}/v1/embeddings`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body)
  })
/** 0.15 USD per million tokens is 150 nano-dollars for each. */
const priced = (tokens: number) => tokens * 150

for (const [provider, model] of [
  ["mock", "mock/upstream-model"],
  ["ollama", "nomic-embed-text"]
] as const) {
  describe(`embeddings of ${provider}`, () => {
    it("are vectors in the order of the texts, and are counted and priced", async () => {
      const { data, response } = await lab.client.embeddings
        .create({ model, input: ["one", "two"], encoding_format: "float" })
        .withResponse()
      assert.deepStrictEqual(
        data.data.map(({ embedding, index }) => [index, embedding]),
        [0, 1].map((index) => [index, Wire.vector(index)])
      )
      assert.isNull(judge?.(data) ?? null)
      assert.deepStrictEqual(data.usage, { prompt_tokens: 8, total_tokens: 8 })
      assert.strictEqual(response.headers.get("x-penstock-provider"), provider)
      const row = await rowOf(response)
      assert.deepStrictEqual(
        [row.status, row.prompt_tokens, row.completion_tokens, row.cost_nanousd],
        ["ok", 8, 0, provider === "mock" ? priced(8) : 0]
      )
      assert.strictEqual(response.headers.get("x-penstock-cost-usd") !== null, true)
    })

    it("come as the client wants them by itself, which is base64", async () => {
      const { data } = await lab.client.embeddings.create({ model, input: "by itself" })
      assert.deepStrictEqual([...data[0]!.embedding], Wire.vector(0))
    })
  })
}

describe("the request for embeddings", () => {
  it("reaches a provider of the same wire byte for byte, but for the model's name", async () => {
    const text = `{ "model" : "mock/up", "input":["a\\u00e9"], "dimensions": 4,  "new_field": 1.50 }`
    const response = await fetch(`${lab.penstock.url}/v1/embeddings`, { method: "POST", body: text })
    assert.strictEqual(response.status, 200)
    assert.strictEqual(lab.upstreams.mock.requests.at(-1)!.body, text.replace("mock/up", "up"))
    assert.strictEqual(lab.upstreams.mock.requests.at(-1)!.path, "/v1/embeddings")
  })

  it("reaches Ollama in its own words, where a text that is too long is a failure and not cut in silence", async () => {
    const { response } = await lab.client.embeddings
      .create({ model: "nomic-embed-text", input: "a text", dimensions: 64, user: "somebody" })
      .withResponse()
    const { json, path } = lab.upstreams.ollama.requests.at(-1)!
    assert.strictEqual(path, "/api/embed")
    assert.deepStrictEqual(json, { model: "nomic-embed-text", input: ["a text"], truncate: false, dimensions: 64 })
    assert.strictEqual(response.headers.get("x-penstock-dropped"), "user")
  })

  it("may hold tokens, which go to OpenAI's wire as they are and are refused for Ollama", async () => {
    const single = await lab.client.embeddings.create({ model: "mock/m", input: [1, 2, 3], encoding_format: "float" })
    assert.strictEqual(single.data.length, 1)
    const several = await lab.client.embeddings.create({ model: "mock/m", input: [[1, 2], [3]] })
    assert.strictEqual(several.data.length, 2)
    assert.deepStrictEqual(lab.upstreams.mock.requests.at(-1)!.json.input, [[1, 2], [3]])
    const error = await Lab.failureOf(lab.client.embeddings.create({ model: "nomic-embed-text", input: [1, 2, 3] }))
    assert.instanceOf(error, BadRequestError)
    assert.strictEqual(error.param, "input")
  })

  it("goes to a target that understands it: one that takes no tokens is passed over, and the plan says why", async () => {
    const body = { model: "bilingual", input: [1, 2, 3] }
    const response = await post(body)
    assert.strictEqual(response.status, 200)
    const heads = ["x-penstock-provider", "x-penstock-attempts", "x-penstock-fallback"]
    assert.deepStrictEqual(
      heads.map((name) => response.headers.get(name)),
      ["mock", "1", null]
    )
    const explained = async (asked: object) => {
      const plan = await fetch(`${lab.penstock.url}/v1/explain`, { method: "POST", body: JSON.stringify(asked) })
      const { candidates } = (await plan.json()) as {
        candidates: ReadonlyArray<{ kept: boolean; reason: string }>
      }
      return candidates
    }
    const [first, second] = await explained({ ...body, endpoint: "embeddings" })
    assert.deepStrictEqual([first!.kept, second!.kept], [false, true])
    assert.include(first!.reason, "tokens of another model's tokenizer")
    assert.isTrue((await explained({ ...body, input: "a text", endpoint: "embeddings" })).every(({ kept }) => kept))
  })

  it("is refused when it is none, in OpenAI's words and with the field's name", async () => {
    for (const [body, param] of [
      [{ input: "x" }, "model"],
      [{ model: "workflow/any", input: "x" }, "model"],
      [{ model: "mock/m" }, "input"],
      [{ model: "mock/m", input: "" }, "input"],
      [{ model: "mock/m", input: [] }, "input"],
      [{ model: "mock/m", input: ["x", 1] }, "input"],
      [{ model: "mock/m", input: "x", encoding_format: "int8" }, "encoding_format"],
      [{ model: "mock/m", input: "x", dimensions: 0 }, "dimensions"]
    ] as const) {
      const response = await post(body)
      const { error } = (await response.json()) as { error: { param: string; type: string } }
      assert.deepStrictEqual([response.status, error.param, error.type], [400, param, "invalid_request_error"])
    }
  })
})

describe("the format of vectors", () => {
  it("is the one that was asked for when the provider has only the other", async () => {
    for (const [asked, has] of [
      ["float", "base64"],
      ["base64", "float"]
    ] as const) {
      lab.upstreams.mock.next(({ json }) => ({ body: Wire.openaiEmbeddings(json, has) }))
      const response = await post({ model: "mock/m", input: `as ${asked}`, encoding_format: asked })
      const { data } = (await response.json()) as { data: ReadonlyArray<{ embedding: unknown }> }
      assert.deepStrictEqual(data[0]!.embedding, asked === "float" ? Wire.vector(0) : Wire.base64(Wire.vector(0)))
    }
  })

  it("of a recorded answer of OpenAI is converted and comes back the same", async () => {
    const file = new URL("../../shared/fixtures/openai-chat/openai-embedding.json", import.meta.url)
    const recorded = (() => {
      try {
        return readFileSync(file, "utf8")
      } catch {
        return null
      }
    })()
    if (recorded === null) return
    const original = JSON.parse(recorded) as { data: ReadonlyArray<{ embedding: ReadonlyArray<number> }> }
    lab.upstreams.mock.next({ headers: { "content-type": "application/json" }, body: recorded })
    const asIs = await post({ model: "mock/m", input: ["recorded", "twice"], encoding_format: "float" })
    assert.strictEqual(await asIs.text(), recorded)
    lab.upstreams.mock.next({ headers: { "content-type": "application/json" }, body: recorded })
    const { data } = await lab.client.embeddings.create({ model: "mock/m", input: ["recorded", "twice"] })
    for (const [at, { embedding }] of data.entries()) {
      assert.deepStrictEqual([...embedding], original.data[at]!.embedding.map(Math.fround))
    }
  })
})

describe("more texts than a provider takes at once", () => {
  it("are sent in several requests, joined in order, and counted together", async () => {
    const input = ["t0", "t1", "t2", "t3", "t4", "t5", "t6"]
    lab.upstreams.mock.next(
      ...[0, 3, 6].map((from) => ({ json }: Upstream.Received) => {
        const { data, ...rest } = Wire.openaiEmbeddings(json)
        // A provider may answer in any order.
        return {
          body: { ...rest, data: data.map((each, at) => ({ ...each, embedding: [from + at, 1] })).toReversed() }
        }
      })
    )
    const before = lab.upstreams.mock.requests.length
    const { data, response } = await lab.client.embeddings
      .create({ model: "small/m", input, encoding_format: "float" })
      .withResponse()
    assert.deepStrictEqual(
      lab.upstreams.mock.requests.slice(before).map(({ json }) => json.input),
      [input.slice(0, 3), input.slice(3, 6), input.slice(6)]
    )
    assert.deepStrictEqual(
      data.data.map(({ embedding, index }) => [index, embedding[0]]),
      input.map((_, index) => [index, index])
    )
    assert.deepStrictEqual(data.usage, { prompt_tokens: 28, total_tokens: 28 })
    assert.isNull(judge?.(data) ?? null)
    const row = await rowOf(response)
    assert.deepStrictEqual([row.prompt_tokens, row.cost_nanousd, row.attempts], [28, priced(28), 1])
  })

  it("are asked for from where they failed, and each batch is billed once", async () => {
    const input = ["r0", "r1", "r2", "r3", "r4"]
    lab.upstreams.mock.next((request) => Upstream.ordinary(request), {
      status: 500,
      body: Wire.openaiError("broken", "server_error")
    })
    const before = lab.upstreams.mock.requests.length
    const { data, response } = await lab.client.embeddings.create({ model: "retried", input }).withResponse()
    assert.strictEqual(data.data.length, 5)
    assert.deepStrictEqual(
      lab.upstreams.mock.requests.slice(before).map(({ json }) => json.input.length),
      [3, 2, 2]
    )
    const row = await rowOf(response)
    assert.deepStrictEqual([row.prompt_tokens, row.cost_nanousd, row.attempts], [20, priced(20), 2])
  })

  it("fail as the batch that failed, and what was billed before is in the ledger", async () => {
    lab.upstreams.mock.next((request) => Upstream.ordinary(request), { status: 400, body: Wire.openaiError("too odd") })
    const error = await Lab.failureOf(
      lab.client.embeddings.create({ model: "small/m", input: ["f0", "f1", "f2", "f3"] })
    )
    assert.instanceOf(error, BadRequestError)
    assert.include(error.message, "too odd")
    const row = await Lab.row(lab.penstock, error.headers?.get("x-request-id") ?? null)
    assert.deepStrictEqual([row.status, row.prompt_tokens, row.cost_nanousd], ["error", 12, priced(12)])
  })
})

describe("when embedding fails", () => {
  it("a 429 is waited for and tried again", async () => {
    lab.upstreams.mock.next({ status: 429, headers: { "retry-after-ms": "1" }, body: Wire.openaiError("slow down") })
    const { response } = await lab.client.embeddings.create({ model: "embedder", input: "429" }).withResponse()
    assert.strictEqual(response.headers.get("x-penstock-attempts"), "2")
    assert.strictEqual(response.headers.get("x-penstock-provider"), "mock")
  })

  for (const [what, script] of [
    ["500s", { status: 500, body: "oops" }],
    ["a reset in the middle of the body", { body: ['{"object":"list","data":[', Upstream.reset] }],
    ["a reset before the head", { headless: true }],
    ["an answer that is not JSON", { body: "<html>" }],
    ["fewer vectors than texts", { body: Wire.openaiEmbeddings({ input: [] }) }],
    ["a vector with a hole", { body: { data: [{ embedding: [1, null] }] } }]
  ] as const) {
    it(`the next target answers: ${what}`, async () => {
      lab.upstreams.mock.next(script, script)
      const { data, response } = await lab.client.embeddings.create({ model: "embedder", input: what }).withResponse()
      assert.strictEqual(data.data.length, 1)
      assert.strictEqual(response.headers.get("x-penstock-provider"), "spare")
      assert.strictEqual(response.headers.get("x-penstock-fallback"), "true")
      assert.strictEqual(response.headers.get("x-penstock-attempts"), "3")
    })
  }

  it("a silent target is not waited for", async () => {
    lab.upstreams.mock.next({ silent: true })
    const { response } = await lab.client.embeddings.create({ model: "hurried", input: "silence" }).withResponse()
    assert.strictEqual(response.headers.get("x-penstock-provider"), "spare")
    assert.strictEqual((await lab.upstreams.mock.nextAbort()).json.input, "silence")
  })

  it("the caller is told in OpenAI's words what the provider said", async () => {
    lab.upstreams.mock.next({ status: 429, headers: { "retry-after": "9" }, body: Wire.openaiError("slow down") })
    const error = await Lab.failureOf(lab.client.embeddings.create({ model: "mock/m", input: "told" }))
    assert.instanceOf(error, RateLimitError)
    assert.strictEqual(error.headers?.get("retry-after"), "9")
  })

  it("a caller who leaves aborts the provider, and the row is partial", async () => {
    lab.upstreams.mock.next({ body: ["{", Upstream.hang] })
    const controller = new AbortController()
    const asked = lab.client.embeddings.create({ model: "mock/m", input: "leaving" }, { signal: controller.signal })
    asked.catch(() => {})
    for (;;) {
      const request = await lab.upstreams.mock.nextRequest()
      if (request.json.input === "leaving") break
    }
    controller.abort()
    const left = await lab.upstreams.mock.nextAbort()
    assert.strictEqual(left.json.input, "leaving")
    for (const deadline = performance.now() + 10_000; ;) {
      const row = (await Lab.rows(lab.penstock)).find(({ status }) => status === "partial")
      if (row !== undefined) return assert.isNull(row.cost_nanousd)
      if (performance.now() > deadline) throw new Error("no partial row")
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  })
})

describe("a provider without embeddings", () => {
  it("is refused by name, with those that have them", async () => {
    for (const model of ["claude-sonnet-4-5", "talker/m"]) {
      const error = await Lab.failureOf(lab.client.embeddings.create({ model, input: "x" }))
      assert.instanceOf(error, BadRequestError)
      assert.deepStrictEqual([error.code, error.param], ["unsupported_endpoint", "model"])
      for (const name of ["ollama", "demo", "mock", "openai once OPENAI_API_KEY is set"]) {
        assert.include(error.message, name)
      }
    }
    assert.strictEqual(lab.upstreams.anthropic.requests.length, 0)
  })

  it("is told by the plan, which says who can be asked for what", async () => {
    const explain = async (body: object) => {
      const response = await fetch(`${lab.penstock.url}/v1/explain`, { method: "POST", body: JSON.stringify(body) })
      const { candidates } = (await response.json()) as {
        candidates: ReadonlyArray<{ kept: boolean; reason: string; endpoints: ReadonlyArray<string> }>
      }
      return candidates
    }
    const [talker, first] = await explain({ model: "embedder", endpoint: "embeddings" })
    assert.deepStrictEqual([talker!.kept, first!.kept], [false, true])
    assert.strictEqual(talker!.reason, 'provider "talker" has no endpoint for embeddings')
    assert.deepStrictEqual(talker!.endpoints, ["chat"])
    assert.isTrue((await explain({ model: "embedder" })).every(({ kept }) => kept))
    const list = await fetch(`${lab.penstock.url}/v1/models`)
    const { endpoints } = (await list.json()) as { endpoints: { [provider: string]: ReadonlyArray<string> } }
    assert.deepStrictEqual(
      [endpoints["talker"], endpoints["anthropic"], endpoints["demo"]],
      [["chat"], ["chat"], ["chat", "embeddings"]]
    )
    assert.includeMembers([...endpoints["openai"]!], ["responses", "images"])
  })

  it("is passed over in a plan", async () => {
    const { response } = await lab.client.embeddings.create({ model: "embedder", input: "over" }).withResponse()
    assert.strictEqual(response.headers.get("x-penstock-model"), "first")
  })
})

describe("repeats", () => {
  it("with an Idempotency-Key are one call", async () => {
    const body = { model: "mock/m", input: "idempotent" }
    const before = lab.upstreams.mock.requests.length
    const answers = await Promise.all(
      [1, 2].map(() => post(body, { "idempotency-key": "e1", "cache-control": "no-store" }))
    )
    const [one, two] = await Promise.all(answers.map((answer) => answer.text()))
    assert.strictEqual(one, two)
    assert.strictEqual(lab.upstreams.mock.requests.length, before + 1)
    assert.strictEqual((await post({ ...body, input: "other" }, { "idempotency-key": "e1" })).status, 409)
  })

  it("are answered from the cache, and cost nothing", async () => {
    const body = { model: "mock/m", input: "cached" }
    const first = await post(body)
    const second = await post(body)
    assert.deepStrictEqual(
      [first, second].map(({ headers }) => headers.get("x-penstock-cache")),
      ["miss", "hit"]
    )
    assert.strictEqual(await first.text(), await second.text())
    assert.strictEqual((await rowOf(second)).cost_nanousd, 0)
    // Another format is another answer.
    assert.strictEqual((await post({ ...body, encoding_format: "base64" })).headers.get("x-penstock-cache"), "miss")
  })
})

describe("demo/embed", () => {
  const similarity = (one: ReadonlyArray<number>, other: ReadonlyArray<number>) =>
    one.reduce((sum, value, at) => sum + value * other[at]!, 0)

  it("gives the same text the same vector of length 1, and similar texts nearer ones", async () => {
    const input = [
      "The invoice is due next week",
      "Next week the invoices are due",
      "Penguins swim in cold water",
      "The invoice is due next week"
    ]
    const { data, usage } = await lab.client.embeddings.create({ model: "demo/embed", input })
    const [due, dueToo, penguins, again] = data.map(({ embedding }) => [...embedding])
    assert.deepStrictEqual(due, again)
    assert.closeTo(similarity(due!, due!), 1, 1e-6)
    assert.isAbove(similarity(due!, dueToo!), 0.5)
    assert.isBelow(similarity(due!, penguins!), 0.3)
    assert.isAbove(usage.prompt_tokens, 0)
  })

  it("has the dimensions that it is asked for, says that it is no AI, and refuses what it is not", async () => {
    const answer = await lab.client.embeddings.create({ model: "demo/embed", input: "x", dimensions: 32 })
    assert.strictEqual(answer.data[0]!.embedding.length, 32)
    assert.strictEqual((answer as unknown as { system_fingerprint: string }).system_fingerprint, "demo-no-ai")
    for (const request of [
      lab.client.embeddings.create({ model: "demo/embed", input: "x", dimensions: 4 }),
      lab.client.embeddings.create({ model: "demo/echo", input: "x" }),
      lab.client.chat.completions.create({ model: "demo/embed", messages: [{ role: "user", content: "x" }] })
    ]) {
      const error = await Lab.failureOf(request)
      assert.instanceOf(error, APIError)
      assert.oneOf(error.status, [400, 404])
    }
  })
})
