/** Long lists of MCP tools: the model searches and loads them, over the real program. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { fixture } from "../packages/gateway/test/mcp/hub.ts"
import * as Penstock from "./support/Penstock.ts"
import * as Raw from "./support/Raw.ts"
import * as Upstream from "./support/Upstream.ts"

let upstream: Upstream.Upstream
let penstock: Penstock.Penstock
beforeAll(async () => {
  upstream = await Upstream.start()
  penstock = await Penstock.start({
    config: `providers: { mock: { protocol: openai, base_url: "${upstream.url}/v1", api_key: k-12345678 } }
mcp:
  defer: always
  servers: { odd: { command: ${JSON.stringify(process.execPath)}, args: [${JSON.stringify(fixture)}] } }
`
  })
})
afterAll(async () => {
  await penstock.stop()
  await upstream.close()
})

const calls =
  (id: string, name: string, args: object): Upstream.Script =>
  (request) =>
    Upstream.ordinary(request, { tools: [{ id, name, args: [JSON.stringify(args)] }] })
const offered = (): ReadonlyArray<ReadonlyArray<string>> =>
  upstream.requests.map(({ json }) => (json.tools ?? []).map((tool: Raw.Loose) => tool.function.name))
const weather = { type: "function", function: { name: "weather", parameters: { type: "object", properties: {} } } }
const tools = [weather, { type: "mcp", server: "odd" }]
const question = [{ role: "user", content: "Say hello back." }]

describe("deferred tools", () => {
  it("are searched, loaded, called, and still there when the caller comes back with a result of its own", async () => {
    upstream.next(
      calls("1", "search_tools", { query: "says something back" }),
      calls("2", "load_tools", { names: ["odd__echo"] }),
      calls("3", "odd__echo", { said: "hello" }),
      calls("4", "weather", {})
    )
    const { json } = await Raw.chat(penstock.url, { model: "mock/m", messages: question, tools })
    const { message } = json.choices[0]
    assert.deepStrictEqual(
      message.tool_calls.map(({ id }: Raw.Loose) => id),
      ["4"]
    )
    const loaded = ["weather", "search_tools", "load_tools", "odd__echo"]
    assert.deepStrictEqual(offered(), [loaded.slice(0, 3), loaded.slice(0, 3), loaded, loaded])
    const [, , found, , , , said] = upstream.requests[3]!.json.messages
    assert.include(JSON.stringify(found.content), "odd__echo")
    assert.include(JSON.stringify(said.content), "hello")
    const messages = [...question, message, { role: "tool", tool_call_id: "4", content: "sunny" }]
    const second = await Raw.chat(penstock.url, { model: "mock/m", messages, tools })
    assert.strictEqual(second.json.choices[0].finish_reason, "stop")
    assert.deepStrictEqual(offered()[4], loaded)
  })

  it("are called without having been loaded too, where the model knows them", async () => {
    upstream.next(calls("1", "odd__echo", { said: "straight" }))
    const { status } = await Raw.chat(penstock.url, { model: "mock/m", messages: question, tools })
    assert.strictEqual(status, 200)
    assert.include(JSON.stringify(upstream.requests.at(-1)!.json.messages), "straight")
  })
})
