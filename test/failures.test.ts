/** Whatever a provider does wrong: what the caller gets, and what the ledger keeps. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Lab from "./support/Lab.ts"
import * as Raw from "./support/Raw.ts"
import * as Upstream from "./support/Upstream.ts"
import * as Wire from "./support/Wire.ts"

let lab: Lab.Lab
beforeAll(async () => {
  lab = await Lab.start()
})
afterAll(() => lab.close())

const messages = [{ role: "user", content: "hello" }]
const ask = (provider: Lab.ProviderName | string, stream: boolean) =>
  Raw.chat(lab.penstock.url, {
    model: Lab.models[provider as Lab.ProviderName] ?? provider,
    messages,
    ...(stream && { stream })
  })
const rowOf = (answer: Raw.Answer) => Lab.row(lab.penstock, String(answer.headers["x-request-id"]))

/** Every failure has this shape, and says something. */
const assertShape = (error: {
  readonly message: unknown
  readonly type: unknown
  readonly param: unknown
  readonly code: unknown
}) => {
  assert.isString(error.message)
  assert.isAbove(String(error.message).length, 10)
  assert.isString(error.type)
  assert.isString(error.code)
  assert.isTrue(error.param === null || typeof error.param === "string")
}

const errorOf: { readonly [P in Lab.ProviderName]: (message: string, type: string, code: string | null) => object } = {
  mock: Wire.openaiError,
  anthropic: Wire.anthropicError,
  ollama: (error) => ({ error })
}

interface Case {
  readonly upstream: number
  readonly type: string
  readonly code?: string
  readonly status: number
  readonly reason: string
}

/** The provider's status and words, and what becomes of them. */
const cases: ReadonlyArray<Case> = [
  { upstream: 400, type: "invalid_request_error", status: 400, reason: "invalid_request" },
  { upstream: 401, type: "authentication_error", status: 502, reason: "authentication" },
  { upstream: 403, type: "permission_error", status: 502, reason: "authentication" },
  { upstream: 404, type: "not_found_error", status: 404, reason: "model_not_found" },
  { upstream: 413, type: "request_too_large", status: 413, reason: "too_large" },
  { upstream: 429, type: "rate_limit_error", status: 429, reason: "rate_limit" },
  { upstream: 500, type: "api_error", status: 502, reason: "server" },
  { upstream: 503, type: "overloaded_error", status: 502, reason: "server" }
]

/** Frames of an ordinary stream and how many of them come before the first token. */
const streams = {
  mock: { frames: Wire.openaiStream(), silent: 1, headers: { "content-type": "text/event-stream" } },
  anthropic: { frames: Wire.anthropicStream(), silent: 3, headers: { "content-type": "text/event-stream" } },
  ollama: { frames: Wire.ollamaStream(), silent: 0, headers: { "content-type": "application/x-ndjson" } }
}

for (const provider of Lab.providerNames) {
  const upstream = () => lab.upstreams[provider]
  const { frames, headers, silent } = streams[provider]
  const streamOf = (...body: ReadonlyArray<Upstream.Step>): Upstream.Answer => ({ headers, body })

  /** A failure that the caller learns by status, streaming or not, with its row. */
  const failsCleanly = (what: string, script: Upstream.Script, reason: string) =>
    it(`${what}`, async () => {
      for (const stream of [false, true]) {
        upstream().next(script)
        const answer = await ask(provider, stream)
        assert.strictEqual(answer.status, 502, answer.body)
        assert.isTrue(answer.complete)
        assertShape(answer.json.error)
        const row = await rowOf(answer)
        assert.deepStrictEqual([row.status, row.success, row.provider], ["error", false, provider])
        assert.match(row.error ?? "", new RegExp(`^(${reason}): `))
        assert.isNull(row.cost_nanousd)
      }
    })

  describe(`a failure of ${provider}`, () => {
    for (const { reason, status, type, upstream: upstreamStatus } of cases) {
      it(`${upstreamStatus} reaches the caller as ${status}, with what the provider itself said`, async () => {
        for (const stream of [false, true]) {
          const body = errorOf[provider](`it says ${upstreamStatus}`, type, null)
          upstream().next({ status: upstreamStatus, headers: { "retry-after": "3" }, body: { ...body } })
          const answer = await ask(provider, stream)
          assert.strictEqual(answer.status, status)
          assertShape(answer.json.error)
          assert.include(answer.json.error.message, `it says ${upstreamStatus}`)
          assert.deepStrictEqual(answer.json.error.upstream, {
            status: upstreamStatus,
            code: provider === "ollama" ? null : type
          })
          assert.strictEqual(answer.headers["retry-after"], "3")
          const row = await rowOf(answer)
          assert.strictEqual(row.status, "error")
          assert.include(row.error, `${reason}: `)
          assert.include(row.error, `it says ${upstreamStatus}`)
        }
      })
    }

    const unclear = "invalid_response|network"
    failsCleanly(
      "an HTML page with an error status is a failure, its status kept",
      { status: 502, headers: { "content-type": "text/html" }, body: "<html><h1>Bad gateway</h1></html>" },
      "server"
    )
    failsCleanly(
      "an HTML page with status 200 is no answer",
      { headers: { "content-type": "text/html" }, body: "<html>Please log in</html>" },
      unclear
    )
    failsCleanly("status 200 with an empty body is no answer", { body: "" }, unclear)
    failsCleanly(
      "an error object with status 200 is no answer",
      { body: { ...errorOf[provider]("not today, thank you", "api_error", null) } },
      "server"
    )
    failsCleanly("JSON that is something else is no answer", { body: { hello: "world" } }, "invalid_response")
    failsCleanly(
      "JSON that is cut is no answer",
      { headers: { "content-type": "application/json" }, body: '{"id": "x", "choi' },
      unclear
    )
    failsCleanly("a connection that closes before the answer is a failure", { body: [Upstream.cut] }, "network")
    failsCleanly(
      "a connection that is reset in the middle of a whole body is a failure",
      { headers: { "content-type": "application/json" }, body: ['{"id":', Upstream.reset] },
      "network"
    )

    it("a stream that is cut before its first token still fails by status", async () => {
      for (const way of [Upstream.cut, Upstream.reset] as const) {
        upstream().next(streamOf(...frames.slice(0, silent), ": wait\n\n".repeat(provider === "ollama" ? 0 : 1), way))
        const answer = await ask(provider, true)
        assert.strictEqual(answer.status, 502)
        assert.strictEqual(answer.json.error.code, "network")
        assert.strictEqual((await rowOf(answer)).status, "error")
      }
    })

    it("a stream that is cut after its first token ends with an error in its midst, and without an end mark", async () => {
      // The third ends its body well, but without the terminal event.
      for (const way of [[Upstream.cut], [Upstream.reset], []] as const) {
        upstream().next(streamOf(...frames.slice(0, silent + 1), ...way))
        const answer = await ask(provider, true)
        assert.strictEqual(answer.status, 200)
        const chunks = Raw.chunksOf(answer.body)
        assert.include(answer.body, "Hello")
        assertShape(chunks.at(-1).error)
        assert.strictEqual(chunks.at(-1).error.code, "network")
        assert.notInclude(answer.body, "[DONE]")
        assert.isUndefined(chunks.find((chunk) => chunk.choices?.[0]?.finish_reason))
        const row = await rowOf(answer)
        assert.strictEqual(row.status, "error")
        assert.include(row.error, "network: ")
      }
    })

    it("an error event before the first token is a status, after it an error in the stream", async () => {
      const event = {
        mock: Wire.sse(Wire.openaiError("overloaded", "server_error", "overloaded")),
        anthropic: Wire.sse(Wire.anthropicError("overloaded", "overloaded_error"), "error"),
        ollama: Wire.ndjson({ error: "overloaded" })
      }[provider]
      upstream().next(streamOf(...frames.slice(0, silent), event))
      const before = await ask(provider, true)
      assert.strictEqual(before.status, 502)
      assert.include(before.json.error.message, "overloaded")
      upstream().next(streamOf(...frames.slice(0, silent + 1), event))
      const after = await ask(provider, true)
      assert.strictEqual(after.status, 200)
      assert.include(Raw.chunksOf(after.body).at(-1).error.message, "overloaded")
      assert.notInclude(after.body, "[DONE]")
      for (const answer of [before, after]) assert.strictEqual((await rowOf(answer)).status, "error")
    })

    it("a malformed event is skipped when the stream still ends well", async () => {
      const bad = provider === "ollama" ? "{not json\n" : "data: {not json\n\n"
      upstream().next(streamOf(...frames.slice(0, silent + 1), bad, ...frames.slice(silent + 1)))
      const answer = await ask(provider, true)
      assert.strictEqual(textOf(answer), "Hello from upstream.")
      assert.strictEqual(Raw.dataOf(answer.body).at(-1), "[DONE]")
      assert.notInclude(answer.body, "not json")
      assert.strictEqual((await rowOf(answer)).status, "ok")
    })

    it("a connection that stays open after the terminal event does not keep the caller waiting", async () => {
      upstream().next(streamOf(...frames, Upstream.hang))
      const answer = await ask(provider, true)
      assert.isTrue(answer.complete)
      assert.strictEqual(textOf(answer), "Hello from upstream.")
      assert.strictEqual(Raw.dataOf(answer.body).at(-1), "[DONE]")
      assert.strictEqual((await rowOf(answer)).status, "ok")
    })

    it("a body that comes byte by byte is the same answer", async () => {
      const bytes = [...Buffer.from(frames.join(""))].map((byte) => Buffer.from([byte]))
      upstream().next(streamOf(...bytes))
      const answer = await ask(provider, true)
      assert.strictEqual(textOf(answer), "Hello from upstream.")
    })

    it("and the next request is answered", async () => {
      assert.strictEqual((await ask(provider, false)).status, 200)
      assert.isTrue(await Lab.isAlive(lab.penstock))
    })
  })
}

const textOf = (answer: Raw.Answer): string =>
  Raw.chunksOf(answer.body)
    .map((chunk) => chunk.choices?.[0]?.delta?.content ?? "")
    .join("")

describe("a provider that cannot be reached", () => {
  it("refused: 503 that names the address to set, and a row", async () => {
    for (const stream of [false, true]) {
      const answer = await ask("gone/m", stream)
      assert.strictEqual(answer.status, 503)
      assertShape(answer.json.error)
      assert.include(answer.json.error.message, "providers.gone.base_url")
      assert.include(answer.json.error.message, "http://127.0.0.1:9/v1")
      assert.include((await rowOf(answer)).error, "unreachable: ")
    }
  })

  it("without its key: 503 that names the variable, and nothing is sent", async () => {
    const before = lab.upstreams.mock.requests.length
    const answer = await ask("keyless/m", false)
    assert.strictEqual(answer.status, 503)
    assert.strictEqual(answer.json.error.code, "not_configured")
    assert.include(answer.json.error.message, "UNSET_KEY")
    assert.strictEqual(lab.upstreams.mock.requests.length, before)
  })

  it("never lets a provider's key into an answer or a log", async () => {
    lab.upstreams.mock.next({
      status: 401,
      body: Wire.openaiError("Incorrect API key", "invalid_request_error", "invalid_api_key")
    })
    const answer = await ask("mock", false)
    assert.strictEqual(answer.status, 502)
    assert.deepStrictEqual(answer.json.error.upstream, { status: 401, code: "invalid_api_key" })
    for (const secret of ["mock-secret-key", "anthropic-secret-key"]) {
      assert.notInclude(answer.body, secret)
      assert.notInclude(lab.penstock.logs(), secret)
    }
  })
})
