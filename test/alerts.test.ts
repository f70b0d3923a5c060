/** A run that stands still: somebody is told so, and told once, whatever becomes of the server meanwhile. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as fs from "node:fs"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import * as path from "node:path"
import * as Penstock from "./support/Penstock.ts"
import { query } from "./support/Sqlite.ts"
import * as Raw from "./support/Raw.ts"
import * as Upstream from "./support/Upstream.ts"

const received: Array<Raw.Loose> = []
let heard = Upstream.gate()
const webhook = Http.createServer((request, response) => {
  let text = ""
  request.on("data", (chunk: Buffer) => (text += chunk.toString("utf8")))
  request.on("end", () => {
    received.push(JSON.parse(text))
    response.end()
    heard.open()
  })
})

const nextTurn = () => new Promise((resolve) => setImmediate(resolve))

const cwd = Penstock.temporaryFolder()
let upstream: Upstream.Upstream

const start = () => {
  const { port } = webhook.address() as AddressInfo
  return Penstock.start({
    cwd,
    config: `providers:
  mock: { protocol: openai, base_url: "${upstream.url}/v1", api_key: key-12345678 }
alerts: { webhook: "http://127.0.0.1:${port}/alerts", every: 100ms, stuck_after: 500ms }
`
  })
}

beforeAll(async () => {
  await new Promise<void>((resolve) => webhook.listen(0, "127.0.0.1", resolve))
  upstream = await Upstream.start()
  fs.mkdirSync(path.join(cwd, "workflows"))
  fs.writeFileSync(
    path.join(cwd, "workflows/still.yaml"),
    "name: still\nsteps: [{ id: ask, type: llm, model: mock/m, prompt: hi, output: said }]\noutput: said\n"
  )
})
afterAll(async () => {
  await upstream.close()
  webhook.close()
  fs.rmSync(cwd, { recursive: true, force: true })
})

describe("a run that makes no progress", () => {
  it("is told of once, over a restart, and once more when it goes on", { timeout: 60_000 }, async () => {
    const answered = Upstream.gate()
    upstream.always(async (request) => {
      await Promise.race([answered.opened, request.over])
      return Upstream.ordinary(request)
    })
    const first = await start()
    const { json } = await Raw.send(`${first.url}/v1/workflows/still/runs`, { body: {} })
    await heard.opened
    assert.deepInclude(received[0], { status: "firing", kind: "stuck_run", key: `stuck_run ${json.run_id}` })
    assert.deepStrictEqual(received[0].details, { run_id: json.run_id, workflow: "still" })
    while (query(first.database, "SELECT key FROM alerts_told").length === 0) await nextTurn()
    await first.stop()
    heard = Upstream.gate()
    const second = await start()
    try {
      answered.open()
      await heard.opened
      assert.deepStrictEqual(
        received.map(({ key, status }) => [status, key]),
        [
          ["firing", `stuck_run ${json.run_id}`],
          ["resolved", `stuck_run ${json.run_id}`]
        ]
      )
      assert.strictEqual(received[1].since, received[0].since)
    } finally {
      await second.stop()
    }
  })
})
