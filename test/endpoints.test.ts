/**
 * What holds on every endpoint for models, walked one by one: who may not ask, what is no request, what costs too much,
 * what a provider does wrong, and who leaves. Status, the dialect's own failure, headers, and the ledger's row.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Penstock from "./support/Penstock.ts"
import * as Raw from "./support/Raw.ts"
import * as Upstream from "./support/Upstream.ts"
import * as Wire from "./support/Wire.ts"

interface Endpoint {
  readonly path: string
  readonly dialect: "openai" | "anthropic"
  readonly body: (model: string) => object
  /** As a form, with a file. */
  readonly isForm?: true
  /** A good answer where it is not the provider's ordinary one. */
  readonly answer?: Upstream.Answer
  /** Whether an answer says what it used. */
  readonly isCounted: boolean
  readonly streams: boolean
}

const messages = [{ role: "user", content: "hello" }]
const heard = { body: { text: "Hello." } }
const conversation = { isCounted: true, streams: true } as const
const operation = { dialect: "openai", isCounted: false, streams: false } as const

const endpoints: ReadonlyArray<Endpoint> = [
  {
    path: "/v1/chat/completions",
    dialect: "openai",
    body: (model) => ({ model, messages, max_tokens: 50 }),
    ...conversation
  },
  {
    path: "/v1/messages",
    dialect: "anthropic",
    body: (model) => ({ model, messages, max_tokens: 50 }),
    ...conversation
  },
  {
    path: "/v1/responses",
    dialect: "openai",
    body: (model) => ({ model, input: "hello", max_output_tokens: 50 }),
    ...conversation
  },
  {
    path: "/v1/completions",
    dialect: "openai",
    body: (model) => ({ model, prompt: "hello" }),
    answer: {
      body: {
        id: "cmpl-1",
        object: "text_completion",
        created: 1,
        model: "upstream-model",
        choices: [{ text: "Hi", index: 0, logprobs: null, finish_reason: "stop" }],
        usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }
      }
    },
    ...conversation
  },
  { path: "/v1/embeddings", body: (model) => ({ model, input: "hello" }), ...operation, isCounted: true },
  {
    path: "/v1/moderations",
    body: (model) => ({ model, input: "hello" }),
    answer: { body: { id: "modr-1", model: "m", results: [] } },
    ...operation
  },
  {
    path: "/v1/images/generations",
    body: (model) => ({ model, prompt: "hello" }),
    answer: { body: { created: 1, data: [{ url: "http://127.0.0.1/1.png" }] } },
    ...operation
  },
  {
    path: "/v1/audio/speech",
    body: (model) => ({ model, input: "hello", voice: "alloy" }),
    answer: { headers: { "content-type": "audio/mpeg" }, body: "sound" },
    ...operation
  },
  { path: "/v1/audio/transcriptions", body: (model) => ({ model }), isForm: true, answer: heard, ...operation },
  { path: "/v1/audio/translations", body: (model) => ({ model }), isForm: true, answer: heard, ...operation }
]

let penstock: Penstock.Penstock
let mock: Upstream.Upstream
let spare: Upstream.Upstream
const admin = "key-of-the-admin"

beforeAll(async () => {
  mock = await Upstream.start()
  spare = await Upstream.start()
  const all = "[chat, responses, completions, embeddings, moderations, images, speech, transcriptions, translations]"
  const provider = (url: string) =>
    `{ protocol: openai, base_url: "${url}/v1", api_key: provider-secret, endpoints: ${all}, pricing: { input: 1, output: 1 } }`
  penstock = await Penstock.start({
    env: { PENSTOCK_ADMIN_KEY: admin },
    config: `
server: { auth: keys }
providers:
  mock: ${provider(mock.url)}
  spare: ${provider(spare.url)}
routes:
  - { match: ["demo/*"], provider: demo }
models:
  walked: { targets: [mock/first, spare/second], retry: { max: 1, delay: 1ms, jitter: none } }
defaults: { breaker: { failures: 10000 } }
keys:
  - { name: walker, key: key-of-the-walker }
  - { name: poor, key: key-of-the-poor, budget: { usd: 0.000000001, per: day } }
`
  })
})
afterAll(async () => {
  await Promise.all([mock.close(), spare.close()])
  await penstock.stop()
})

const boundary = "a-boundary"
const form = (fields: object): string =>
  [
    ...Object.entries(fields).map(([name, value]) => `Content-Disposition: form-data; name="${name}"\r\n\r\n${value}`),
    'Content-Disposition: form-data; name="file"; filename="a.wav"\r\nContent-Type: audio/wav\r\n\r\nRIFF'
  ]
    .map((part) => `--${boundary}\r\n${part}\r\n`)
    .join("") + `--${boundary}--\r\n`

interface Asking {
  readonly model?: string
  readonly key?: string
  readonly more?: object
  readonly headers?: { readonly [name: string]: string }
  /** Sent as it is. */
  readonly raw?: string
  readonly signal?: AbortSignal
}

const ask = (endpoint: Endpoint, asking: Asking = {}) => {
  const { headers = {}, key = "key-of-the-walker", model = "walked", more = {}, raw, signal } = asking
  const fields = { ...endpoint.body(model), ...more }
  const isForm = endpoint.isForm === true
  return Raw.send(`${penstock.url}${endpoint.path}`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${key}`,
      "content-type": isForm ? `multipart/form-data; boundary=${boundary}` : "application/json",
      ...headers
    },
    body: raw ?? (isForm ? form(fields) : JSON.stringify(fields)),
    ...(signal === undefined ? {} : { signal })
  })
}

const idOf = ({ headers }: Raw.Answer): string => String(headers["x-request-id"])

const rows = async (query = "limit=1000"): Promise<ReadonlyArray<Raw.Loose>> => {
  const { json } = await Raw.send(`${penstock.url}/v1/requests?${query}`, {
    headers: { authorization: `Bearer ${admin}` }
  })
  return json.requests
}

/** Once it is settled, which is a moment after the answer's last byte. */
const settled = async (find: (row: Raw.Loose) => boolean): Promise<Raw.Loose> => {
  for (const deadline = performance.now() + 10_000; ;) {
    const row = (await rows()).find(find)
    if (row !== undefined && row.status !== "open") return row
    if (performance.now() > deadline) throw new Error(`no settled row: ${JSON.stringify(row)}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
const rowOf = (answer: Raw.Answer) => settled(({ id }) => id === idOf(answer))

/** A failure in the words of the endpoint's dialect, under an id that the caller can name. */
const assertFailure = ({ dialect }: Endpoint, answer: Raw.Answer, status: number, type: RegExp) => {
  assert.strictEqual(answer.status, status, answer.body)
  assert.match(String(answer.headers["content-type"]), /^application\/json/)
  assert.match(idOf(answer), /\S/)
  const { error, request_id, type: outer } = answer.json
  assert.isAbove(String(error.message).length, 10)
  assert.match(`${error.type} ${error.code ?? ""}`, type)
  if (dialect === "anthropic") {
    assert.deepStrictEqual([outer, request_id], ["error", idOf(answer)])
    assert.strictEqual(answer.headers["request-id"], idOf(answer))
  } else {
    assert.isTrue(error.param === null || typeof error.param === "string")
    assert.isString(error.code)
  }
}

const asked = () => mock.requests.length + spare.requests.length
const upstreamError = Wire.openaiError("the provider says no")

const piece = { id: "cmpl-1", object: "text_completion", created: 1, model: "upstream-model" }

/** An ordinary stream in what was asked for. */
const streamOf = (request: Upstream.Received): ReadonlyArray<string> => {
  const pieces = (text: string, finish_reason: string | null) =>
    Wire.sse({ ...piece, choices: [{ text, index: 0, logprobs: null, finish_reason }] })
  return request.path.endsWith("/v1/completions")
    ? [pieces("Hi", null), pieces(" there", null), pieces("", "stop"), Wire.sse("[DONE]")]
    : [...(Upstream.ordinary(request).body as ReadonlyArray<string>)]
}

/** A stream that breaks off after its first text. */
const begun: Upstream.Script = (request) => {
  const frames = streamOf(request)
  const text = frames.findIndex((frame) => /"content":"[^"]|output_text\.delta|"text":"[^"]/.test(frame))
  return Upstream.eventStream(...frames.slice(0, text + 1), Upstream.cut)
}

/** The text of a stream, in whichever words. */
const textIn = (body: string): string =>
  Raw.chunksOf(body)
    .map((each) => {
      const [choice] = each.choices ?? []
      if (each.type === "content_block_delta") return each.delta.text
      if (each.type === "response.output_text.delta") return each.delta
      return choice?.delta?.content ?? choice?.text ?? ""
    })
    .join("")

describe.each(endpoints)("$path", (endpoint) => {
  const { answer: good, isCounted } = endpoint
  const answersWell: Upstream.Script = good ?? ((request) => Upstream.ordinary(request))

  /** Refused before anybody is asked, and before there is a row. */
  const refused = async (asking: Asking, status: number, type: RegExp) => {
    const before = asked()
    const answer = await ask(endpoint, asking)
    assertFailure(endpoint, answer, status, type)
    assert.strictEqual(asked(), before)
    assert.isUndefined((await rows()).find(({ id }) => id === idOf(answer)))
    return answer
  }

  it("refuses who has no key, or a wrong one", async () => {
    for (const key of ["nobody", ""]) {
      const answer = await refused({ key }, 401, /authentication/)
      assert.match(String(answer.headers["www-authenticate"]), /^Bearer/)
    }
  })

  it("does not know a model that leads nowhere", async () => {
    const answer = await refused({ model: "nobody-has-it" }, 404, /not_found/)
    assert.include(answer.json.error.message, "nobody-has-it")
  })

  it("refuses what is no request", async () => {
    const answer = await refused({ raw: "{" }, 400, /invalid_request/)
    assert.match(answer.json.error.message, endpoint.isForm === true ? /form/ : /JSON/)
  })

  it("refuses a request for no model by the field's name", async () => {
    const answer = await refused({ more: { model: "" } }, 400, /invalid_request/)
    assert.include(answer.json.error.message, "model")
  })

  it("refuses what its caller cannot pay", async () => {
    const answer = await refused({ key: "key-of-the-poor" }, 402, /budget_exceeded|billing/)
    assert.include(answer.json.error.message, "poor")
  })

  it("tells who answered and what it cost, in the head and in the ledger", async () => {
    mock.next(answersWell)
    const answer = await ask(endpoint)
    assert.strictEqual(answer.status, 200, answer.body)
    const { headers } = answer
    assert.deepInclude(headers, {
      "x-penstock-provider": "mock",
      "x-penstock-model": "first",
      "x-penstock-attempts": "1"
    })
    assert.notProperty(headers, "x-penstock-fallback")
    assert.strictEqual("x-penstock-cost-usd" in headers, isCounted)
    const row = await rowOf(answer)
    assert.deepInclude(row, { status: "ok", provider: "mock", model: "first", key_name: "walker", attempts: 1 })
    assert.strictEqual(row.cost_nanousd === null, !isCounted)
    if (isCounted) {
      assert.strictEqual(Number(headers["x-penstock-cost-usd"]), row.cost_usd)
      assert.strictEqual(row.total_tokens, row.prompt_tokens + row.completion_tokens)
      // A dollar for a million of either.
      assert.strictEqual(row.cost_nanousd, row.total_tokens * 1000)
    }
  })

  it("asks again after a 429, and nobody is told", async () => {
    mock.next({ status: 429, headers: { "retry-after-ms": "1" }, body: upstreamError }, answersWell)
    const answer = await ask(endpoint)
    assert.strictEqual(answer.status, 200, answer.body)
    assert.deepInclude(answer.headers, { "x-penstock-provider": "mock", "x-penstock-attempts": "2" })
    assert.notProperty(answer.headers, "x-penstock-fallback")
    assert.deepInclude(await rowOf(answer), { status: "ok", provider: "mock", attempts: 2 })
  })

  it("goes to the next target when the first keeps failing, and says so", async () => {
    mock.next({ status: 500, body: upstreamError }, { headless: true })
    spare.next(answersWell)
    const answer = await ask(endpoint)
    assert.strictEqual(answer.status, 200, answer.body)
    assert.deepInclude(answer.headers, {
      "x-penstock-provider": "spare",
      "x-penstock-model": "second",
      "x-penstock-attempts": "3",
      "x-penstock-fallback": "true"
    })
    assert.deepInclude(await rowOf(answer), { status: "ok", provider: "spare", model: "second", attempts: 3 })
  })

  it("fails when all do, with what the provider said, and costs nothing", async () => {
    const failing = { status: 500, body: upstreamError }
    mock.next(failing, failing)
    spare.next(failing, failing)
    const answer = await ask(endpoint)
    assertFailure(endpoint, answer, 502, /error/)
    assert.strictEqual(answer.json.error.upstream.status, 500)
    assert.include(answer.json.error.message, "the provider says no")
    const row = await rowOf(answer)
    assert.deepInclude(row, { status: "error", success: false, attempts: 4 })
    assert.isTrue(row.cost_nanousd === null || row.cost_nanousd === 0)
  })

  it("refuses what the provider refuses, and asks nobody else", async () => {
    const before = asked()
    mock.next({ status: 400, body: upstreamError })
    const answer = await ask(endpoint)
    assertFailure(endpoint, answer, 400, /invalid_request/)
    assert.strictEqual(asked(), before + 1)
    assert.deepInclude(await rowOf(answer), { status: "error", attempts: 1 })
  })

  it("answers one call for all who send the same Idempotency-Key, and refuses another body", async () => {
    mock.next(answersWell)
    const before = asked()
    const headers = { "idempotency-key": `walk-${endpoint.path}` }
    const first = await ask(endpoint, { headers })
    const again = await ask(endpoint, { headers })
    assert.strictEqual(again.headers["idempotent-replayed"], "true")
    assert.deepStrictEqual([again.status, again.body, idOf(again)], [200, first.body, idOf(first)])
    assert.strictEqual(asked(), before + 1)
    const other = await ask(endpoint, { headers, more: { user: "another" } })
    assertFailure(endpoint, other, 409, /./)
    assert.strictEqual(asked(), before + 1)
  })

  it("leaves the provider at once when the caller leaves, and the row is partial", async () => {
    const before = mock.requests.length
    const known = new Set((await rows()).map(({ id }) => id))
    mock.next({ silent: true })
    const leaving = new AbortController()
    const left = ask(endpoint, { signal: leaving.signal }).catch(() => null)
    while (mock.requests.length === before) await mock.nextRequest()
    leaving.abort()
    await mock.nextAbort()
    assert.isNull(await left)
    const row = await settled(({ id }) => !known.has(id))
    assert.deepInclude(row, { status: "partial", success: false, attempts: 1, key_name: "walker" })
    assert.strictEqual(mock.requests.length, before + 1)
  })
})

describe.each(endpoints.filter(({ streams }) => streams))("a stream of $path", (endpoint) => {
  it("that breaks before its first token is a failure by status", async () => {
    mock.next(Upstream.eventStream(": nothing yet\n\n", Upstream.cut), Upstream.eventStream(Upstream.cut))
    const failing = { status: 503, body: upstreamError }
    spare.next(failing, failing)
    const answer = await ask(endpoint, { more: { stream: true } })
    assertFailure(endpoint, answer, 502, /error/)
    assert.deepInclude(await rowOf(answer), { status: "error", attempts: 4 })
  })

  it("that breaks later goes on with what a target says that was asked in the same words", async () => {
    const whole: Upstream.Script = (request) => Upstream.eventStream(...streamOf(request))
    mock.next(whole)
    const expected = textIn((await ask(endpoint, { more: { stream: true } })).body)
    assert.isAbove(expected.length, 4)
    mock.next(begun)
    spare.next(whole)
    const answer = await ask(endpoint, { more: { stream: true } })
    assert.strictEqual(textIn(answer.body), expected)
    assert.match(answer.body, /\[DONE\]|message_stop|response\.completed/)
    const [first, second] = [mock, spare].map(({ requests }) => requests.at(-1)!)
    assert.strictEqual(second!.path, first!.path)
    assert.deepStrictEqual({ ...second!.json, model: "first" }, first!.json)
    assert.deepInclude(await rowOf(answer), { status: "ok", provider: "spare", attempts: 2 })
  })

  it("that breaks later ends with its own failure, and never as if it were whole", async () => {
    mock.next(begun)
    // Once the caller has a part, a target that answers anew is asked once.
    spare.next({ status: 503, body: upstreamError })
    const answer = await ask(endpoint, { more: { stream: true } })
    assert.deepStrictEqual([answer.status, answer.complete], [200, true])
    assert.match(String(answer.headers["content-type"]), /^text\/event-stream/)
    assert.match(answer.body, /"error"/)
    assert.notMatch(answer.body, /\[DONE\]|message_stop|response\.completed/)
    const last = Raw.chunksOf(answer.body).at(-1)
    const told = last.error ?? last.response?.error ?? last
    assert.isAbove(String(told.message).length, 10, answer.body)
    assert.deepInclude(await rowOf(answer), { status: "error", success: false })
  })
})

describe("/v1/messages/count_tokens", () => {
  const endpoint: Endpoint = {
    path: "/v1/messages/count_tokens",
    dialect: "anthropic",
    body: (model) => ({ model, messages }),
    ...conversation
  }

  it("refuses in the same words, and needs no budget and no row", async () => {
    const before = (await rows()).length
    assertFailure(endpoint, await ask(endpoint, { key: "nobody" }), 401, /authentication/)
    assertFailure(endpoint, await ask(endpoint, { model: "nobody-has-it" }), 404, /not_found/)
    assertFailure(endpoint, await ask(endpoint, { raw: "{" }), 400, /invalid_request/)
    const counted = await ask(endpoint, { key: "key-of-the-poor" })
    assert.strictEqual(counted.status, 200)
    assert.isAbove(counted.json.input_tokens, 0)
    assert.strictEqual((await rows()).length, before)
  })
})
