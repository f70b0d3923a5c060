/** What a page of another site can do through the browser of somebody who runs Penstock without keys: nothing. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Penstock from "./support/Penstock.ts"
import * as Raw from "./support/Raw.ts"
import * as Upstream from "./support/Upstream.ts"

let upstream: Upstream.Upstream
let penstock: Penstock.Penstock

beforeAll(async () => {
  upstream = await Upstream.start()
  penstock = await Penstock.start({
    config: `providers: { steady: { protocol: openai, base_url: "${upstream.url}/v1", api_key: none } }`
  })
}, 60_000)

afterAll(async () => {
  await penstock.stop()
  await upstream.close()
})

const paths = [
  "/v1/chat/completions",
  "/v1/completions",
  "/v1/messages",
  "/v1/messages/count_tokens",
  "/v1/responses",
  "/v1/embeddings",
  "/v1/moderations",
  "/v1/images/generations",
  "/v1/audio/speech",
  "/v1/audio/transcriptions",
  "/v1/audio/translations",
  "/v1/workflows/any/runs",
  "/mcp"
]

const body = { model: "steady/small", messages: [{ role: "user", content: "hi" }], max_tokens: 5 }

/** As a form or `fetch` sends it without a preflight. */
const send = (path: string, headers: Record<string, string>) =>
  Raw.send(`${penstock.url}${path}`, { method: "POST", body, headers: { "content-type": "text/plain", ...headers } })

const asked = () => upstream.requests.filter(({ method }) => method === "POST").length

describe("a page of another site", () => {
  for (const path of paths) {
    it(`is refused at ${path}, before anything is sent or spent`, async () => {
      for (const origin of ["https://evil.test", "null"]) {
        const { json, status } = await send(path, { origin })
        assert.strictEqual(status, 403, origin)
        assert.include(json.error.message, origin)
      }
      assert.strictEqual(asked(), 0)
    })
  }

  it("is refused by the name that it had point here", async () => {
    const { status } = await send("/v1/chat/completions", { host: "evil.test", origin: "http://evil.test" })
    assert.deepStrictEqual([status, asked()], [403, 0])
  })
})

it("Penstock's own page and programs are answered", async () => {
  const { host } = new URL(penstock.url)
  assert.strictEqual((await send("/v1/chat/completions", { origin: `http://${host}` })).status, 200)
  assert.strictEqual((await send("/v1/chat/completions", {})).status, 200)
})
