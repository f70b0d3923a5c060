/** What an answer in several turns costs, and who may have it: ledger, budgets and keys. */
import { afterAll, assert, beforeAll, beforeEach, describe, it } from "@effect/vitest"
import { fixture } from "../packages/gateway/test/mcp/hub.ts"
import * as Penstock from "./support/Penstock.ts"
import * as Raw from "./support/Raw.ts"
import { calls, files, odd, question, says, start, type ToolLab } from "./support/ToolLab.ts"
import type * as Upstream from "./support/Upstream.ts"
import type * as Wire from "./support/Wire.ts"

let lab: ToolLab
let upstream: Upstream.Upstream
let penstock: Penstock.Penstock
let readNote: Wire.Said
const turns = () => lab.turns()
const ask = (more: object) => Raw.chat(penstock.url, { model: "mock/m", messages: question, ...more })

beforeAll(async () => {
  lab = await start()
  ;({ penstock, readNote, upstream } = lab)
})
afterAll(() => lab.stop())
beforeEach(() => lab.begin())

describe("the ledger of an answer in several turns", () => {
  const get = async (path: string) => (await Raw.send(`${penstock.url}${path}`)).json

  it("has a row for each turn, under the first one's id, and every call of a tool", async () => {
    upstream.next(
      says({ ...readNote, inputTokens: 100, outputTokens: 10 }),
      says(calls(["b", "paid__fail", {}])),
      says({})
    )
    const { headers } = await ask({ tools: [files, { type: "mcp", server: "paid" }] })
    const id = String(headers["x-request-id"])
    const whole = await get(`/v1/requests/${id}`)
    assert.deepInclude(whole.request, { status: "ok", prompt_tokens: 100, completion_tokens: 10, cost_usd: 0.00012 })
    assert.deepStrictEqual(
      whole.turns.map(({ prompt_tokens, status }: Raw.Loose) => [status, prompt_tokens]),
      [
        ["ok", 12],
        ["ok", 12]
      ]
    )
    assert.deepStrictEqual(
      whole.tool_calls.map(({ cost_usd, server, status, tool, turn }: Raw.Loose) => [
        turn,
        server,
        tool,
        status,
        cost_usd
      ]),
      [
        [1, "files", "read_text_file", "ok", null],
        [2, "paid", "fail", "tool_error", 0.5]
      ]
    )
    assert.strictEqual((await get(`/v1/requests/${whole.turns[0].id}`)).parent_id, id)
    assert.deepStrictEqual((await get(`/v1/mcp/calls?request=${id}`)).calls, whole.tool_calls.toReversed())
    assert.strictEqual((await Raw.send(`${penstock.url}/v1/mcp/calls?sever=files`)).status, 400)
    // 100 and 12 and 12 tokens in, 10 and 5 and 5 out, and the tool that has a price.
    assert.strictEqual(headers["x-penstock-cost-usd"], "0.500164")
    const { costs } = await get("/v1/costs?by=provider,model")
    assert.deepInclude(
      costs.find(({ provider }: Raw.Loose) => provider === "mcp"),
      { model: "paid/fail", cost_usd: 0.5, requests: 1 }
    )
  })

  it("notes calls over the hub's own endpoint too", async () => {
    await Raw.send(`${penstock.url}/v1/mcp/servers/odd/tools/echo`, { body: { arguments: { said: "12345" } } })
    const [latest] = (await get("/v1/mcp/calls?server=odd&tool=echo")).calls
    assert.deepInclude(latest, { request_id: null, turn: null, status: "ok", result_size: 5, key_name: null })
  })
})

describe("keys and budgets of an answer in several turns", () => {
  it("hold for each turn before it is made; tools are those of the key", async () => {
    const keyed = await Penstock.start({
      config: `server: { auth: keys, admin_key: admin-key-1 }
providers:
  mock: { protocol: openai, base_url: "${upstream.url}/v1", api_key: k-12345678, pricing: { input: 1000, output: 1000 } }
defaults: { retry: { max: 0 } }
keys:
  - { name: poor, key: key-of-the-poor, budget: { usd: 16, per: total } }
  - { name: quick, key: key-of-the-quick, rate: { tokens_per_minute: 6000 } }
  - { name: narrow, key: key-of-the-narrow, mcp: { tools: [echo] } }
  - { name: outside, key: key-of-outside, mcp: { servers: [other] } }
mcp: { servers: { odd: { command: ${JSON.stringify(process.execPath)}, args: [${JSON.stringify(fixture)}], env: { MARKER: ${lab.marker} } } } }
`
    })
    const as = (key: string, more: object) =>
      Raw.chat(
        keyed.url,
        { model: "mock/m", messages: question, max_tokens: 100, ...more },
        { authorization: `Bearer ${key}` }
      )
    try {
      // Each turn may cost a few dollars and does cost 15 at the first, so that the second does not fit.
      upstream.next(says({ ...calls(["a", "odd__echo", { said: "hi" }]), inputTokens: 14_900, outputTokens: 100 }))
      const { json, status } = await as("key-of-the-poor", { tools: [odd] })
      assert.strictEqual(status, 402, JSON.stringify(json))
      assert.strictEqual(turns().length, 1)
      upstream.next(says({}))
      assert.strictEqual((await as("key-of-the-narrow", { tools: [odd] })).status, 200)
      assert.deepStrictEqual(
        turns()[1]!.json.tools.map((tool: Raw.Loose) => tool.function.name),
        ["odd__echo"]
      )
      const refused = await as("key-of-the-narrow", { tools: [{ ...odd, allowed_tools: ["fail"] }] })
      assert.strictEqual(refused.status, 403)
      assert.strictEqual((await as("key-of-outside", { tools: [odd] })).status, 403)
      upstream.next(says({}))
      assert.strictEqual((await as("key-of-outside", { tools: [{ type: "mcp", server: "*" }] })).status, 200)
      assert.notProperty(turns()[2]!.json, "tools")
      // A hundred tokens a second: the second turn has to wait for those that the first one used.
      upstream.next(says({ ...calls(["a", "odd__echo", { said: "hi" }]), inputTokens: 5_850 }), says({}))
      const waited = await as("key-of-the-quick", { tools: [odd] })
      assert.strictEqual(waited.status, 200, waited.body)
      assert.strictEqual(waited.headers["x-penstock-turns"], "2")
    } finally {
      await keyed.stop()
    }
  })
})
