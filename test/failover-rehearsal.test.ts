/** A provider's `fault` block on the real server: a rehearsal is handled as a real failure is, and harms nothing else. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Lab from "./support/Lab.ts"
import * as Penstock from "./support/Penstock.ts"
import * as Raw from "./support/Raw.ts"
import * as Upstream from "./support/Upstream.ts"

/** The demo provider and a scripted one, both made to fail; `well` is the one that answers instead. */
const config = (mock: string) => `providers:
  well: { protocol: openai, base_url: "${mock}/v1", api_key: mock-secret-key, pricing: { input: 1, output: 2 } }
  busy: { protocol: demo, fault: { status: 429, retry_after: 1h } }
  gone: { protocol: openai, base_url: "${mock}/v1", api_key: mock-secret-key, fault: { reset: true } }
  half: { protocol: openai, base_url: "${mock}/v1", api_key: mock-secret-key, fault: { probability: 0.5, seed: 11, status: 500 } }
  bent: { protocol: openai, base_url: "${mock}/v1", api_key: mock-secret-key, fault: { malformed_after: 2 } }
  silent: { protocol: openai, base_url: "${mock}/v1", api_key: mock-secret-key, fault: { stall_after: 1 } }
  short: { protocol: openai, base_url: "${mock}/v1", api_key: mock-secret-key, fault: { cut_after: 3 } }
defaults: { retry: { max: 0 }, timeout: { first_token: 300ms, idle: 300ms, total: 10s }, breaker: { failures: 100 } }
models:
  busy: { targets: [busy/echo, well/m] }
  gone: { targets: [gone/m, well/m] }
  silent: { targets: [silent/m, well/m] }
`

let upstream: Upstream.Upstream
let server: Penstock.Penstock
const start = () => Penstock.start({ config: config(upstream.url) })
beforeAll(async () => {
  upstream = await Upstream.start()
  server = await start()
})
afterAll(async () => {
  await server?.stop()
  await upstream?.close()
})

const ask = (model: string, stream: boolean, { url } = server) =>
  Raw.chat(url, { model, messages: [{ role: "user", content: "hello" }], ...(stream && { stream }) })

describe("a provider that fails on purpose", () => {
  for (const model of ["busy", "gone", "silent"]) {
    it(`${model}: the next target answers, streamed and whole, and the attempt is counted`, async () => {
      for (const stream of [false, true]) {
        const answer = await ask(model, stream)
        assert.strictEqual(answer.status, 200, answer.body)
        assert.include(answer.body, "upstream.")
        assert.strictEqual(answer.headers["x-penstock-fallback"], "true")
        assert.strictEqual(answer.headers["x-penstock-attempts"], "2")
        const row = await Lab.row(server, String(answer.headers["x-request-id"]))
        assert.deepStrictEqual([row.status, row.provider, row.attempts], ["ok", "well", 2])
      }
    })
  }

  it("befalls the calls that its seed says: the same after every start", async () => {
    const statuses: Array<number> = []
    for (let call = 0; call < 12; call++) statuses.push((await ask("half/m", false)).status)
    assert.includeMembers(statuses, [200, 502])
    const again = await start()
    try {
      for (const status of statuses) assert.strictEqual((await ask("half/m", false, again)).status, status)
    } finally {
      await again.stop()
    }
  })

  it("with a malformed event the answer is whole without it, cut it ends with an error in the stream", async () => {
    const bent = await ask("bent/m", true)
    assert.include(bent.body, " upstream.")
    assert.notInclude(bent.body, "malformed")
    assert.strictEqual(Raw.dataOf(bent.body).at(-1), "[DONE]")
    const short = await ask("short/m", true)
    assert.strictEqual(Raw.chunksOf(short.body).at(-1).error.code, "network")
    assert.notInclude(short.body, "[DONE]")
  })

  it("is ready as far as anybody can tell, and its model list is whole", async () => {
    const { json } = await Raw.send(`${server.url}/ready`)
    for (const name of ["busy", "gone", "silent"]) assert.isTrue(json.providers[name].ready, name)
  })
})
