/** What an operator is shown while targets fail and money is spent: readiness, explanations and budgets. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Penstock from "./support/Penstock.ts"
import * as Raw from "./support/Raw.ts"

const ADMIN = "admin-of-the-test"
const config = `server: { auth: keys }
providers:
  bad: { protocol: demo, fault: { status: 500 }, pricing: { input: 1, output: 2 } }
  paid: { protocol: demo, pricing: { input: 1000, output: 2000 } }
budget: { usd: 5, per: day }
models:
  fast: { targets: [bad/m, demo/echo] }
defaults: { retry: { max: 0 }, breaker: { failures: 2, window: 60s, cooldown: 60s } }
`

let server: Penstock.Penstock
beforeAll(async () => {
  server = await Penstock.start({ config, env: { PENSTOCK_ADMIN_KEY: ADMIN } })
})
afterAll(() => server?.stop())

const headers = { authorization: `Bearer ${ADMIN}` }
const body = (model: string) => ({ model, max_tokens: 16, messages: [{ role: "user", content: "hello" }] })

describe("an operator", () => {
  it("sees a failing target's breaker in /ready, and in /v1/explain why it is passed over", async () => {
    for (const attempts of ["2", "2", "1"]) {
      const answer = await Raw.chat(server.url, body("fast"), headers)
      assert.deepStrictEqual([answer.status, answer.headers["x-penstock-attempts"]], [200, attempts])
    }
    const { json: ready } = await Raw.send(`${server.url}/ready`)
    assert.deepInclude(ready.providers.bad.breakers.m, { state: "open", failures: 2 })
    assert.deepStrictEqual(ready.providers.demo.breakers, {})
    const { json: plan } = await Raw.send(`${server.url}/v1/explain`, {
      method: "POST",
      headers,
      body: { model: "fast" }
    })
    assert.deepStrictEqual(
      plan.candidates.map((each: { readonly kept: boolean }) => each.kept),
      [false, true]
    )
    assert.include(plan.candidates[0].reason, "kept failing")
    assert.strictEqual(plan.policy.retry.max, 0)
  })

  it("sees what the gateway and every key, declared or made, have left", async () => {
    const budget = { usd: 1, per: "total" }
    const made = await Raw.send(`${server.url}/v1/keys`, { method: "POST", headers, body: { name: "bob", budget } })
    const answer = await Raw.chat(server.url, body("paid/echo"), { authorization: `Bearer ${made.json.key}` })
    assert.strictEqual(answer.status, 200)
    const spent = Number(answer.headers["x-penstock-cost-usd"])
    assert.isAbove(spent, 0)
    const { json } = await Raw.send(`${server.url}/v1/budgets`, { headers })
    const [gateway, bob] = json.budgets
    assert.deepInclude(gateway, { scope: "gateway", limit_usd: 5, spent_usd: spent, reserved_usd: 0 })
    assert.deepInclude(bob, { scope: "key:bob", per: "total", limit_usd: 1, spent_usd: spent, resets_at: null })
  })
})
