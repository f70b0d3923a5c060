/** Published servers behind `/mcp`, and answers that are far too large, wherever they are asked for. */
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as fs from "node:fs"
import * as path from "node:path"
import { fixture, newMarker } from "../packages/gateway/test/mcp/hub.ts"
import { published } from "../packages/gateway/test/mcp/published.ts"
import * as Penstock from "./support/Penstock.ts"
import * as Raw from "./support/Raw.ts"
import { calls, odd, question, says } from "./support/ToolLab.ts"
import * as Upstream from "./support/Upstream.ts"

let folder: string
let upstream: Upstream.Upstream
let penstock: Penstock.Penstock
let client: Client

beforeAll(async () => {
  folder = fs.realpathSync(Penstock.temporaryFolder())
  fs.writeFileSync(path.join(folder, "note.txt"), "buy milk")
  upstream = await Upstream.start()
  const servers = {
    files: published("server-filesystem", [folder]),
    memory: published("server-memory", [], { env: { MEMORY_FILE_PATH: path.join(folder, "memory.jsonl") } }),
    odd: { command: process.execPath, args: [fixture], env: { MARKER: newMarker() }, timeout: "30s" }
  }
  penstock = await Penstock.start({
    config: `providers:
  mock: { protocol: openai, base_url: "${upstream.url}/v1", api_key: k-12345678, pricing: { input: 1, output: 2 } }
mcp: { servers: ${JSON.stringify(servers)} }
`
  })
  client = new Client({ name: "old", version: "1" })
  const transport = new StreamableHTTPClientTransport(new URL(`${penstock.url}/mcp`))
  await client.connect(transport as Parameters<typeof client.connect>[0])
}, 60_000)

afterAll(async () => {
  await client.close()
  await penstock.stop()
  await upstream.close()
  fs.rmSync(folder, { recursive: true, force: true })
})

const call = async (name: string, args: object) => {
  const { content, isError, structuredContent } = await client.callTool({ name, arguments: { ...args } })
  const text = (content as ReadonlyArray<{ readonly text?: string }>).map((part) => part.text ?? "").join("\n")
  return { text, isError: isError === true, structuredContent: structuredContent as Raw.Loose }
}

describe("published servers behind /mcp", () => {
  it("server-filesystem: lists, reads, writes, and says itself what it may not", async () => {
    const names = (await client.listTools()).tools.map(({ name }) => name)
    assert.includeMembers(names, ["files__read_text_file", "files__write_file", "memory__create_entities"])
    const note = path.join(folder, "note.txt")
    assert.include((await call("files__read_text_file", { path: note })).text, "buy milk")
    await call("files__write_file", { path: note, content: "buy bread" })
    assert.strictEqual(fs.readFileSync(note, "utf8"), "buy bread")
    assert.include((await call("files__list_directory", { path: folder })).text, "note.txt")
    const outside = await call("files__read_text_file", { path: "/etc/hostname" })
    assert.isTrue(outside.isError)
    assert.include(outside.text, "denied")
  })

  it("server-memory: keeps what it was told, and gives it with its structure", async () => {
    const entities = [{ name: "Ada", entityType: "person", observations: ["likes numbers"] }]
    assert.isFalse((await call("memory__create_entities", { entities })).isError)
    const { structuredContent } = await call("memory__search_nodes", { query: "numbers" })
    assert.deepStrictEqual(structuredContent.entities, entities)
  })
})

describe("an answer of 100 MB", () => {
  const bytes = 100 * 1024 * 1024

  it("at /mcp is a result that says so, and the next call is answered", async () => {
    const { isError, text } = await call("odd__flood", { bytes })
    assert.isTrue(isError)
    assert.include(text, "more than 16777216 bytes")
    assert.strictEqual((await call("odd__echo", { said: "hello" })).text, "hello")
  })

  it("at the hub's own endpoint is a 502", async () => {
    const { json, status } = await Raw.send(`${penstock.url}/v1/mcp/servers/odd/tools/flood`, {
      body: { arguments: { bytes } }
    })
    assert.deepStrictEqual([status, json.error.code], [502, "mcp_result_too_large"])
  })

  it("in the middle of a model's answer is told to the model", async () => {
    upstream.next(says(calls(["a", "odd__flood", { bytes }])), says({ text: ["I see"] }))
    const asked = upstream.requests.length
    const { json, status } = await Raw.chat(penstock.url, { model: "mock/m", messages: question, tools: [odd] })
    assert.strictEqual(status, 200)
    assert.strictEqual(json.choices[0].message.content, "I see")
    const [, second] = upstream.requests.slice(asked)
    const told = second!.json.messages.at(-1)
    assert.deepInclude(told, { role: "tool", tool_call_id: "a" })
    assert.include(told.content, "more than 16777216 bytes")
  })
})
