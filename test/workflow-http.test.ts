/** Workflows over HTTP, on the built server: with no key and no model server. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as fs from "node:fs"
import * as path from "node:path"
import * as Penstock from "./support/Penstock.ts"
import * as Sqlite from "./support/Sqlite.ts"

const shipped = path.resolve(import.meta.dirname, "../workflows")

const web = path.resolve(import.meta.dirname, "support/web.mjs")

const own: Readonly<Record<string, string>> = {
  "plain.yaml": `
name: plain
inputs: { text: string }
steps:
  - { id: say, type: llm, model: demo/echo, prompt: "\${input.text}", output: said }
output: said
`,
  "refuse.yaml": `
name: refuse
steps:
  - { id: no, type: fail, message: "not today", code: closed }
output: "\${1}"
`,
  "late.yaml": `
name: late
steps:
  - { id: slow, type: wait, event: never, timeout: 50ms }
output: "\${1}"
`,
  "unwanted.yaml": `
name: unwanted
steps: [{ id: ask, type: approve, prompt: "Send?", timeout: 50ms, on_timeout: reject, output: said }]
output: "\${said.approved}"
`,
  "broken.yaml": `
name: broken
steps: [{ id: look, type: mcp_tool, server: web, tool: fetch, params: { url: "" }, output: said }]
output: said
`,
  "poor.yaml": `
name: poor
budget: { tokens: 1 }
steps:
  - { id: one, type: llm, model: demo/echo, prompt: hello there, output: a }
  - { id: two, type: llm, model: demo/echo, prompt: hello again, output: b }
output: b
`,
  "hooked.yaml": `
name: hooked
on: [{ webhook: orders }]
inputs: { order: integer }
steps: [{ id: say, type: set, values: { n: "\${input.order}" }, output: said }]
output: "\${said.n}"
`,
  "calls.yaml": `
name: calls
steps: [{ id: call, type: workflow, uses: plian, with: { text: hello }, output: said }]
output: said
`,
  "reaches.yaml": `
name: reaches
steps: [{ id: get, type: http, method: GET, url: "http://127.0.0.1:9/secrets", output: said }]
output: "\${said.status}"
`,
  "wrong.yaml": `
name: wrong
steps:
  - { id: say, type: llm, model: demo/echo, prompt: "\${nothing}", output: said }
output: said
`
}

let server: Penstock.Penstock
let folder: string

beforeAll(async () => {
  folder = Penstock.temporaryFolder()
  fs.cpSync(shipped, folder, { recursive: true })
  for (const [name, text] of Object.entries(own)) fs.writeFileSync(path.join(folder, name), text)
  server = await Penstock.start({
    args: ["--workflows", folder],
    config: `mcp: { servers: { web: { command: ${JSON.stringify(process.execPath)}, args: ${JSON.stringify([web])} } } }\n`,
    // Nobody listens there, whatever runs on this machine.
    env: { OLLAMA_BASE_URL: "http://127.0.0.1:9" }
  })
}, 60_000)

afterAll(async () => {
  await server.stop()
  fs.rmSync(folder, { recursive: true, force: true })
})

interface Answer {
  readonly status: number
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into it by assertion
  readonly json: any
}

const ask = async (where: string, init: RequestInit = {}): Promise<Answer> => {
  const response = await fetch(`${server.url}${where}`, init)
  const text = await response.text()
  return { status: response.status, json: text === "" ? undefined : JSON.parse(text) }
}

const post = (where: string, body: unknown, headers: Record<string, string> = {}) =>
  ask(where, { method: "POST", headers, body: JSON.stringify(body) })

const ended = async (id: string): Promise<Answer["json"]> => {
  for (let tries = 0; tries < 200; tries++) {
    const { json } = await ask(`/v1/runs/${id}`)
    if (json.ended_at !== null) return json
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error(`the run ${id} does not end`)
}

const waitingStep = async (id: string, step: string): Promise<Answer["json"]> => {
  for (let tries = 0; tries < 400; tries++) {
    const { json } = await ask(`/v1/runs/${id}`)
    const found = json.steps.find((one: { readonly id: string }) => one.id === step)
    if (found?.status === "waiting") return found
    if (json.ended_at !== null) throw new Error(`the run ${id} ended: ${JSON.stringify(json.error)}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error(`the run ${id} does not get to ${step}`)
}

const inputs: Readonly<Record<string, unknown>> = {
  summarize: { text: "Water is wet. The sky is blue." },
  "review-batch": { reviews: ["It broke on the first day.", "Very good, would buy again."] },
  "smart-analysis": { question: "What is water?" },
  "translate-and-check": { text: "Good morning", language: "German" },
  "web-research": { question: "Who invented the penstock?" }
}

describe("workflows over HTTP", () => {
  it("lists the files of the folder, those with mistakes included", async () => {
    const { json, status } = await ask("/v1/workflows")
    assert.strictEqual(status, 200)
    const names = json.workflows.map(({ name }: { name: string }) => name)
    assert.includeMembers(names, ["summarize", "research-agent", "web-research", "plain", "wrong"])
    const wrong = json.workflows.find(({ name }: { name: string }) => name === "wrong")
    assert.isFalse(wrong.valid)
    assert.strictEqual(wrong.diagnostics[0].code.slice(0, 2), "PS")
    const one = await ask("/v1/workflows/summarize")
    assert.include(one.json.source, "name: summarize")
  })

  it("runs one and gives output, metrics and the run's id", async () => {
    const { json, status } = await post("/v1/workflow/plain", { input: { text: "hello" } })
    assert.strictEqual(status, 200, JSON.stringify(json))
    assert.sameMembers(Object.keys(json), ["output", "metrics", "run_id"])
    assert.include(json.output, "hello")
    assert.strictEqual(json.metrics.total_cost_usd, 0)
    assert.isAbove(json.metrics.total_tokens, 0)
    assert.strictEqual(json.metrics.steps[0].id, "say")
  })

  it("starts one in the background, whose rows in the ledger carry its name", async () => {
    const { json, status } = await post("/v1/workflows/plain/runs", { input: { text: "in the background" } })
    assert.strictEqual(status, 202)
    const run = await ended(json.run_id)
    assert.strictEqual(run.status, "succeeded")
    assert.strictEqual(run.steps[0].status, "succeeded")
    assert.include(run.output, "in the background")
    const listed = await ask("/v1/runs?workflow=plain&limit=1")
    assert.strictEqual(listed.json.runs[0].run_id, json.run_id)
    const rows = Sqlite.query<{ readonly n: number }>(
      server.database,
      "SELECT count(*) AS n FROM requests WHERE workflow_name = 'plain'"
    )
    assert.isAbove(rows[0]?.n ?? 0, 0)
  })

  it("runs the shipped pipelines on the demo models where no key is set", { timeout: 60_000 }, async () => {
    const answers = await Promise.all(
      Object.entries(inputs).map(async ([name, input]) => ({
        name,
        ...(await post(`/v1/workflow/${name}`, { input }))
      }))
    )
    for (const { json, name, status } of answers) assert.strictEqual(status, 200, `${name}: ${JSON.stringify(json)}`)
  })

  it("runs the shipped pipeline in which a person approves what an agent found", { timeout: 60_000 }, async () => {
    const { json } = await post("/v1/workflows/research-agent/runs", { input: { topic: "penstocks" } })
    const review = await waitingStep(json.run_id, "review")
    assert.match(review.waiting.prompt, /^\d+ findings on penstocks/)
    assert.strictEqual((await post(review.waiting.signal, { approved: true, note: "short please" })).status, 202)
    const run = await ended(json.run_id)
    assert.strictEqual(run.status, "succeeded", JSON.stringify(run.error))
    assert.sameMembers(Object.keys(run.output), ["report", "sources", "confidence", "model"])
  })

  it("is started by a webhook, where its file says so, with the body as its input", async () => {
    const { json, status } = await post("/v1/workflows/hooked/webhook", { order: 7 })
    assert.strictEqual(status, 202, JSON.stringify(json))
    assert.strictEqual((await ended(json.run_id)).output, 7)
    assert.strictEqual((await post("/v1/workflows/hooked/webhook", { order: "seven" })).status, 422)
    assert.strictEqual((await post("/v1/workflows/plain/webhook", { text: "x" })).status, 404)
    assert.deepStrictEqual((await ask("/v1/workflows/hooked")).json.triggers, [{ webhook: "orders" }])
  })

  it("checks files against each other and the configuration, and again when one changes", async () => {
    const find = async (name: string) => (await ask(`/v1/workflows/${name}`)).json
    assert.include(JSON.stringify((await find("calls")).diagnostics), "plain")
    assert.isFalse((await find("calls")).valid)
    assert.isFalse((await find("reaches")).valid)
    fs.writeFileSync(path.join(folder, "plian.yaml"), (own["plain.yaml"] ?? "").replace("name: plain", "name: plian"))
    for (let tries = 0; tries < 200 && !(await find("calls")).valid; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
    const { json, status } = await post("/v1/workflow/calls", {})
    assert.strictEqual(status, 200, JSON.stringify(json))
    assert.include(json.output, "hello")
  })

  it("checks a text that is not stored against what the server knows, in place of its file", async () => {
    const text = (name: string, steps: string) => `name: ${name}\nsteps:\n${steps}\noutput: said\n`
    const check = async (source: string, file?: string) =>
      (await post("/v1/workflows/check", { source, ...(file === undefined ? {} : { file }) })).json
    const call = (uses: string) => `  - { id: a, type: workflow, uses: ${uses}, with: { text: hello }, output: said }`
    assert.deepStrictEqual(await check(text("mine", call("plain"))), { valid: true, diagnostics: [] })
    const unknown = await check(text("mine", call("plane")))
    assert.deepStrictEqual(
      [unknown.valid, unknown.diagnostics[0].range.start.line, unknown.diagnostics[0].file],
      [false, 3, "workflow.yaml"]
    )
    const model = await check(text("mine", "  - { id: a, type: llm, model: demo/ecco, prompt: hi, output: said }"))
    assert.include(JSON.stringify(model.diagnostics), "demo/ecco")
    const server = await check(
      text("mine", "  - { id: a, type: mcp_tool, server: nobody, tool: echo, params: {}, output: said }")
    )
    assert.include(JSON.stringify(server.diagnostics), "nobody")
    // It stands in for its file: what it calls is found under the name that it has now.
    const circle = await check(text("other", call("other")), "plain.yaml")
    assert.isFalse(circle.valid)
    assert.strictEqual((await post("/v1/workflows/check", { text: "x" })).status, 400)
    assert.strictEqual((await ask("/v1/workflows/mine")).status, 404)
  })

  it("answers 404 with the name that was probably meant", async () => {
    const { json, status } = await post("/v1/workflow/summarise", { input: {} })
    assert.strictEqual(status, 404)
    assert.include(json.error.message, "Did you mean summarize?")
  })

  it("answers 422 with the diagnostics of a file with mistakes", async () => {
    const { json, status } = await post("/v1/workflow/wrong", { input: {} })
    assert.strictEqual(status, 422)
    assert.strictEqual(json.diagnostics[0].file, "wrong.yaml")
    assert.strictEqual(json.diagnostics[0].severity, "error")
  })

  it("answers 422 for an input that the workflow does not take, and runs nothing", async () => {
    const { json, status } = await post("/v1/workflow/plain", { input: { text: 7 } })
    assert.strictEqual(status, 422)
    assert.strictEqual(json.error.code, "invalid_input")
    assert.isUndefined(json.run_id)
  })

  it("answers as the failed run's reason says, with what it came to", async () => {
    const refused = await post("/v1/workflow/refuse", {})
    assert.deepStrictEqual([refused.status, refused.json.error.code, refused.json.error.step], [422, "closed", "no"])
    assert.isString(refused.json.run_id)
    assert.isObject(refused.json.metrics)
    const late = await post("/v1/workflow/late", {})
    assert.deepStrictEqual([late.status, late.json.error.code], [504, "timeout"])
    const poor = await post("/v1/workflow/poor", {})
    assert.deepStrictEqual([poor.status, poor.json.error.code, poor.json.error.step], [402, "budget", "one"])
  })

  it("answers 409 where somebody said no, and 502 where a tool failed", async () => {
    const unwanted = await post("/v1/workflow/unwanted", {})
    assert.deepStrictEqual([unwanted.status, unwanted.json.error.code], [409, "rejected"])
    assert.isObject(unwanted.json.metrics)
    const broken = await post("/v1/workflow/broken", {})
    assert.deepStrictEqual([broken.status, broken.json.error.code, broken.json.error.step], [502, "tool_error", "look"])
    assert.isString(broken.json.run_id)
  })

  it("is the same run for the same Idempotency-Key and input, and 409 for another input", async () => {
    const headers = { "idempotency-key": "key-1" }
    const first = await post("/v1/workflow/plain", { input: { text: "once" } }, headers)
    const again = await post("/v1/workflow/plain", { input: { text: "once" } }, headers)
    assert.strictEqual(again.json.run_id, first.json.run_id)
    assert.deepStrictEqual(again.json, first.json)
    const other = await post("/v1/workflow/plain", { input: { text: "twice" } }, headers)
    assert.strictEqual(other.status, 409)
  })
})
