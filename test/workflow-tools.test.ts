/** Tools of MCP servers in workflows: called as whoever started the run, and paid for like whatever else it calls. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as fs from "node:fs"
import * as path from "node:path"
import { fixture, newMarker } from "../packages/gateway/test/mcp/hub.ts"
import { published } from "../packages/gateway/test/mcp/published.ts"
import * as Penstock from "./support/Penstock.ts"
import * as Raw from "./support/Raw.ts"
import { calls, says } from "./support/ToolLab.ts"
import * as Upstream from "./support/Upstream.ts"

const workflows: Readonly<Record<string, string>> = {
  "direct.yaml": `
name: direct
inputs: { said: string }
steps:
  - { id: ask, type: mcp_tool, server: paid, tool: echo, params: { said: "\${input.said}" }, output: said }
  - { id: rest, type: mcp_tool, server: free, tool: echo, params: { said: again }, output: rest }
output: said
`,
  "poor.yaml": `
name: poor
budget: { usd: 0.7 }
steps:
  - { id: one, type: mcp_tool, server: paid, tool: echo, params: { said: once }, output: a }
  - { id: two, type: mcp_tool, server: paid, tool: echo, params: { said: twice }, output: b }
output: b
`,
  "published.yaml": `
name: published
inputs: { path: string }
steps:
  - { id: read, type: mcp_tool, server: files, tool: read_text_file, params: { path: "\${input.path}" }, output: note }
  - id: keep
    type: mcp_tool
    server: memory
    tool: create_entities
    params: { entities: [{ name: Note, entityType: note, observations: ["\${string(note.content)}"] }] }
    output: kept
  - { id: sum, type: mcp_tool, server: all, tool: get-sum, params: { a: 2, b: 3 }, output: sum }
  - id: think
    type: agent
    model: mock/m
    prompt: What is known?
    tools: [memory/search_nodes, files/*, all/echo]
    max_turns: 3
    output: said
output: { kept: "\${kept.entities[0].observations[0]}", sum: "\${sum}", said: "\${said}" }
`,
  "agent.yaml": `
name: agent
steps:
  - { id: think, type: agent, model: mock/m, prompt: Go, tools: [paid/*], max_turns: 3, output: said }
output: said
`
}

let folder: string
let upstream: Upstream.Upstream
let server: Penstock.Penstock
const keys = { admin: "admin-key-1", rich: "key-of-the-rich", narrow: "key-of-the-narrow", outside: "key-of-outside" }

beforeAll(async () => {
  folder = fs.realpathSync(Penstock.temporaryFolder())
  fs.writeFileSync(path.join(folder, "note.txt"), "buy milk")
  for (const [name, text] of Object.entries(workflows)) fs.writeFileSync(path.join(folder, name), text)
  upstream = await Upstream.start()
  const odd = `command: ${JSON.stringify(process.execPath)}, args: [${JSON.stringify(fixture)}], env: { MARKER: ${newMarker()} }`
  server = await Penstock.start({
    args: ["--workflows", folder],
    config: `server: { auth: keys, admin_key: ${keys.admin} }
providers:
  mock: { protocol: openai, base_url: "${upstream.url}/v1", api_key: k-12345678, pricing: { input: 1, output: 2 } }
defaults: { retry: { max: 0 } }
keys:
  - { name: rich, key: ${keys.rich}, budget: { usd: 5, per: total } }
  - { name: narrow, key: ${keys.narrow}, mcp: { tools: [echo] } }
  - { name: outside, key: ${keys.outside}, mcp: { servers: [free] } }
mcp:
  servers:
    free: { ${odd} }
    paid: { ${odd}, cost_per_call: 0.5 }
    files: ${JSON.stringify(published("server-filesystem", [folder]))}
    memory: ${JSON.stringify(published("server-memory", [], { env: { MEMORY_FILE_PATH: path.join(folder, "memory.jsonl") } }))}
    all: ${JSON.stringify(published("server-everything", ["stdio"]))}
`
  })
}, 60_000)

afterAll(async () => {
  await server.stop()
  await upstream.close()
  fs.rmSync(folder, { recursive: true, force: true })
})

const get = async (where: string, key = keys.admin) =>
  (await Raw.send(`${server.url}${where}`, { headers: { authorization: `Bearer ${key}` } })).json

const run = async (workflow: string, key: string, input: object = {}): Promise<Raw.Loose> => {
  const headers = { authorization: `Bearer ${key}` }
  const started = await Raw.send(`${server.url}/v1/workflows/${workflow}/runs`, { body: { input }, headers })
  for (let tries = 0; tries < 400; tries++) {
    const state = await get(`/v1/runs/${started.json.run_id}`, key)
    if (state.ended_at !== null) return state
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error(`the run does not end: ${started.body}`)
}

describe("a step that calls a tool", () => {
  it("is in the ledger's log as the caller's, with the run and the workflow; its price is the run's", async () => {
    const { metrics, output, run_id, status } = await run("direct", keys.rich, { said: "hello" })
    assert.deepStrictEqual([status, output, metrics.total_cost_usd], ["succeeded", "hello", 0.5])
    const logged = (await get(`/v1/mcp/calls?run=${run_id}`)).calls
    assert.deepStrictEqual(
      logged.map(({ cost_usd, key_name, server, tool, workflow_name }: Raw.Loose) => [
        server,
        tool,
        key_name,
        workflow_name,
        cost_usd
      ]),
      [
        ["free", "echo", "rich", "direct", null],
        ["paid", "echo", "rich", "direct", 0.5]
      ]
    )
    assert.include(
      (await get("/v1/mcp/calls?workflow=direct")).calls.map(({ run_id }: Raw.Loose) => run_id),
      run_id
    )
    const { costs } = await get("/v1/costs?by=workflow,provider,key")
    assert.deepInclude(
      costs.find(({ workflow }: Raw.Loose) => workflow === "direct"),
      { provider: "mcp", key: "rich", cost_usd: 0.5 }
    )
  })

  it("is refused where the budget of its run does not allow it, before the call", async () => {
    const { error, metrics, run_id, status } = await run("poor", keys.rich)
    assert.deepStrictEqual([status, error.step, error.reason], ["failed", "two", "budget"])
    assert.include(error.message, `run ${run_id}`)
    assert.strictEqual(metrics.total_cost_usd, 0.5)
  })

  it("is refused where the key of the run does not reach", async () => {
    const { error, run_id, status } = await run("direct", keys.outside, { said: "hello" })
    assert.deepStrictEqual([status, error.step, error.reason], ["failed", "ask", "authentication"])
    assert.include(error.message, "outside")
    assert.deepStrictEqual((await get(`/v1/mcp/calls?run=${run_id}`)).calls, [])
  })
})

describe("published servers", () => {
  it("are called by steps and by an agent, in one run", async () => {
    const asked = upstream.requests.length
    const search = calls(["a", "memory__search_nodes", { query: "milk" }], ["b", "all__echo", { message: "hello" }])
    upstream.next(says(search), says({ text: ["milk is to be bought"] }))
    const note = path.join(folder, "note.txt")
    const { error, output, run_id, status } = await run("published", keys.rich, { path: note })
    assert.strictEqual(status, "succeeded", JSON.stringify(error))
    assert.include(output.kept, "buy milk")
    assert.include(output.sum, "5")
    assert.strictEqual(output.said, "milk is to be bought")
    const [first, second] = upstream.requests.slice(asked)
    const names = first!.json.tools.map((tool: Raw.Loose) => tool.function.name)
    assert.includeMembers(names, ["memory__search_nodes", "files__read_text_file", "all__echo"])
    const told = JSON.stringify(second!.json.messages)
    assert.include(told, "buy milk")
    assert.include(told, "Echo: hello")
    const logged = (await get(`/v1/mcp/calls?run=${run_id}`)).calls
    assert.sameMembers(
      logged.map(({ server, tool }: Raw.Loose) => `${server}/${tool}`),
      ["files/read_text_file", "memory/create_entities", "all/get-sum", "memory/search_nodes", "all/echo"]
    )
  })
})

describe("an agent", () => {
  it("has the tools that the key of its run may use, and calls them within its limits", async () => {
    const asked = upstream.requests.length
    upstream.next(says(calls(["a", "paid__echo", { said: "swordfish" }])), says({ text: ["done"] }))
    const { metrics, run_id, status } = await run("agent", keys.narrow)
    assert.strictEqual(status, "succeeded")
    const [first, second] = upstream.requests.slice(asked)
    assert.deepStrictEqual(
      first!.json.tools.map((tool: Raw.Loose) => tool.function.name),
      ["paid__echo"]
    )
    assert.include(JSON.stringify(second!.json.messages), "swordfish")
    const [called] = (await get(`/v1/mcp/calls?run=${run_id}`)).calls
    assert.deepInclude(called, { server: "paid", tool: "echo", key_name: "narrow", workflow_name: "agent" })
    assert.isAbove(metrics.total_cost_usd, 0.5)
  })
})
