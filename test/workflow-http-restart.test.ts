/** Runs outlive the server: killed or stopped in their middle, they go on when it starts again, and repeat no call. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as fs from "node:fs"
import * as path from "node:path"
import * as Penstock from "./support/Penstock.ts"
import * as Upstream from "./support/Upstream.ts"

const flow = `
name: three
steps:
  - { id: one, type: llm, model: mock/a, prompt: first, output: a }
  - { id: two, type: llm, model: mock/a, prompt: second, output: b }
  - { id: three, type: llm, model: mock/a, prompt: third, output: c }
output: { a: "\${a}", b: "\${b}", c: "\${c}" }
`

/** How long a run may take to go on, once the server is there again. */
const limitMillis = 5_000

let upstream: Upstream.Upstream
const cwd = Penstock.temporaryFolder()

const start = () =>
  Penstock.start({
    cwd,
    config: `providers:
  mock: { protocol: openai, base_url: "${upstream.url}/v1", api_key: mock-secret-key, pricing: { input: 1, output: 2 } }
`
  })

beforeAll(async () => {
  upstream = await Upstream.start()
  fs.mkdirSync(path.join(cwd, "workflows"))
  fs.writeFileSync(path.join(cwd, "workflows/three.yaml"), flow)
})
afterAll(async () => {
  await upstream.close()
  fs.rmSync(cwd, { recursive: true, force: true })
})

// oxlint-disable-next-line typescript/no-explicit-any -- tests look into it by assertion
const json = async (response: Response): Promise<any> => response.json()

const ended = async (url: string, id: string) => {
  const deadline = performance.now() + limitMillis
  while (performance.now() < deadline) {
    const run = await json(await fetch(`${url}/v1/runs/${id}`))
    if (run.ended_at !== null) return run
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error(`the run ${id} did not go on within ${limitMillis} ms`)
}

const prompts = () => upstream.requests.map(({ json }) => json?.messages?.[0]?.content ?? "")

describe.each(["SIGKILL", "SIGTERM"] as const)("a run whose server gets %s while a model is asked", (signal) => {
  it("goes on within seconds of the next start, from the call that was cut", { timeout: 90_000 }, async () => {
    const before = upstream.requests.length
    const first = await start()
    const hanging = Upstream.gate()
    upstream.next(
      (request) => Upstream.ordinary(request, { text: ["one"] }),
      async (request) => {
        hanging.open()
        await request.over
        return { silent: true }
      }
    )
    const started = await fetch(`${first.url}/v1/workflows/three/runs`, { method: "POST", body: "{}" })
    const { run_id } = await json(started)
    await hanging.opened
    await first.stop(signal)
    const second = await start()
    try {
      const run = await ended(second.url, run_id)
      assert.strictEqual(run.status, "succeeded", JSON.stringify(run))
      assert.strictEqual(run.output.a, "one")
      assert.deepStrictEqual(prompts().slice(before), ["first", "second", "second", "third"])
    } finally {
      await second.stop()
    }
  })
})
