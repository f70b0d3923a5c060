/** Money and rates, from outside: a limit holds under any number of callers, and over a restart. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as fs from "node:fs"
import type * as Lab from "./support/Lab.ts"
import * as Penstock from "./support/Penstock.ts"
import { pooled } from "./support/Pooled.ts"
import * as Raw from "./support/Raw.ts"
import * as Upstream from "./support/Upstream.ts"

const ADMIN = "admin-key-of-a-test"
const MAX_TOKENS = 120
const messages = [{ role: "user", content: "hello" }]

/** 40 tokens at 100 USD per million: every answer costs exactly 0.004 USD, a third of what is reserved for it. */
const PRICE_NANO = 4_000_000
const answer: Upstream.Script = (request) => Upstream.ordinary(request, { inputTokens: 1, outputTokens: 40 })

const config = (upstream: string) => `server: { auth: keys }
providers:
  mock: { protocol: openai, base_url: "${upstream}/v1", api_key: mock-secret-key, pricing: { input: 0, output: 100 } }
models: { fast: mock/upstream-model }
budget: { usd: 5, per: month }
keys:
  - { name: alice, key: key-of-alice, budget: { usd: 1.00, per: day } }
  - { name: bob, key: key-of-bob-1, budget: { usd: 0.02, per: total } }
  - { name: carol, key: key-of-carol, rate: { requests_per_minute: 60 } }
  - { name: dave, key: key-of-dave1, rate: { concurrent: 2 } }
`

let upstream: Upstream.Upstream
let server: Penstock.Penstock
const cwd = Penstock.temporaryFolder()
const start = () => Penstock.start({ cwd, config: config(upstream.url), env: { PENSTOCK_ADMIN_KEY: ADMIN } })
beforeAll(async () => {
  upstream = await Upstream.start()
  upstream.always(answer)
  server = await start()
})
afterAll(async () => {
  await server?.stop()
  await upstream?.close()
  fs.rmSync(cwd, { recursive: true, force: true })
})

const ask = (key: string, more: object = {}) =>
  Raw.chat(server.url, { model: "fast", max_tokens: MAX_TOKENS, messages, ...more }, { authorization: `Bearer ${key}` })

const admin = { headers: { authorization: `Bearer ${ADMIN}` } }

interface Budget {
  readonly scope: string
  readonly per: string
  readonly limit_usd: number
  readonly spent_usd: number
  readonly reserved_usd: number
  readonly resets_at: string | null
}

const budget = async (scope: string): Promise<Budget> => {
  const { body, json, status } = await Raw.send(`${server.url}/v1/budgets`, admin)
  assert.strictEqual(status, 200, body)
  return json.budgets.find((each: Budget) => each.scope === scope) ?? assert.fail(`no ${scope} in ${body}`)
}

const rowsOf = async (key: string): Promise<ReadonlyArray<Lab.Row>> =>
  (await Raw.send(`${server.url}/v1/requests?limit=1000&key=${key}`, admin)).json.requests

const nano = (usd: number): number => Math.round(usd * 1e9)

/** The refusal of a budget: its status, OpenAI's type, and a message with every figure that a person needs. */
const assertExceeded = (refused: Raw.Answer, limit: string): void => {
  assert.strictEqual(refused.status, 402, refused.body)
  const { code, message, type } = refused.json.error
  assert.deepStrictEqual([type, code], ["insufficient_quota", "budget_exceeded"])
  for (const word of [`$${limit}`, "spent", "reserved"]) assert.include(message.toLowerCase(), word)
}

describe("a budget", () => {
  it("of one dollar is not exceeded by 1,000 parallel requests, and nearly used up by them", async () => {
    const before = upstream.requests.length
    const answers = await pooled(1000, 200, () => ask("key-of-alice"))
    const good = answers.filter(({ status }) => status === 200)
    const refused = answers.filter(({ status }) => status !== 200)
    assert.isAtMost(good.length * PRICE_NANO, 1e9)
    assert.isAbove(good.length * PRICE_NANO, 0.9e9)
    for (const each of refused) assertExceeded(each, "1 ")
    assert.match(refused[0]!.json.error.message, /\d{4}-\d{2}-\d{2}T?/, "the time of its reset")
    // What was refused was not sent.
    assert.strictEqual(upstream.requests.length - before, good.length)
    const settled = (await rowsOf("alice")).filter((row) => row.status === "ok")
    assert.strictEqual(settled.length, good.length)
    assert.isTrue(settled.every((row) => row.cost_nanousd === PRICE_NANO))
    const { limit_usd, reserved_usd, resets_at, spent_usd } = await budget("key:alice")
    assert.deepStrictEqual([limit_usd, nano(spent_usd), reserved_usd], [1, good.length * PRICE_NANO, 0])
    assert.isAbove(Date.parse(resets_at!), Date.now())
    // The gateway's own counts the same money.
    assert.strictEqual(nano((await budget("gateway")).spent_usd), good.length * PRICE_NANO)
  })

  it("refuses a stream by status, before anything of it is sent", async () => {
    for (let spent = 0; spent < 3; spent++) assert.strictEqual((await ask("key-of-bob-1")).status, 200)
    const before = upstream.requests.length
    for (const stream of [false, true]) assertExceeded(await ask("key-of-bob-1", { stream }), "0.02")
    assert.strictEqual(upstream.requests.length, before)
    assert.strictEqual(nano((await budget("key:bob")).spent_usd), 3 * PRICE_NANO)
  })

  it("is released by a request that failed, and by a caller who left", async () => {
    const { spent_usd } = await budget("gateway")
    upstream.next({ status: 400, body: { error: { message: "no", type: "invalid_request_error" } } })
    assert.strictEqual((await ask("key-of-carol")).status, 400)
    const leaving = new AbortController()
    const before = upstream.requests.length
    upstream.next({ silent: true })
    const left = Raw.send(`${server.url}/v1/chat/completions`, {
      body: { model: "fast", max_tokens: MAX_TOKENS, messages },
      headers: { authorization: "Bearer key-of-carol" },
      signal: leaving.signal
    }).catch(() => {})
    while (upstream.requests.length === before) await upstream.nextRequest()
    leaving.abort()
    await left
    await upstream.requests.at(-1)!.over
    for (;;) if ((await rowsOf("carol")).every((row) => row.status !== "open")) break
    const after = await budget("gateway")
    assert.strictEqual(after.reserved_usd, 0)
    // Nobody knows what the one who left has cost; it is an estimate, and not more than was reserved.
    assert.isAtMost(nano(after.spent_usd - spent_usd), 3 * PRICE_NANO)
  })

  it("stays spent over a restart", async () => {
    const before = { alice: await budget("key:alice"), bob: await budget("key:bob") }
    assert.strictEqual((await server.stop()).code, 0)
    server = await start()
    assert.deepStrictEqual({ alice: await budget("key:alice"), bob: await budget("key:bob") }, before)
    assertExceeded(await ask("key-of-alice"), "1 ")
    assertExceeded(await ask("key-of-bob-1"), "0.02")
  })
})

describe("a rate", () => {
  it("of requests refuses with 429 and says when to come back, and what is refused has no effect", async () => {
    const before = upstream.requests.length
    const rows = (await rowsOf("carol")).length
    const answers = await pooled(100, 10, () => ask("key-of-carol"))
    const refused = answers.filter(({ status }) => status !== 200)
    assert.isAbove(refused.length, 0)
    assert.isBelow(refused.length, 100)
    for (const { body, headers, json, status } of refused) {
      assert.strictEqual(status, 429, body)
      assert.deepStrictEqual([json.error.type, json.error.code], ["rate_limit_error", "rate_limit_exceeded"])
      assert.isAtLeast(Number(headers["retry-after"]), 1)
      assert.strictEqual(headers["x-ratelimit-limit-requests"], "60")
      assert.strictEqual(headers["x-ratelimit-remaining-requests"], "0")
      assert.match(String(headers["x-ratelimit-reset-requests"]), /^(\d+h)?(\d+m)?(\d+(\.\d+)?s|\d+ms)?$/)
    }
    const good = answers.find(({ status }) => status === 200)!
    assert.strictEqual(good.headers["x-ratelimit-limit-requests"], "60")
    assert.strictEqual(upstream.requests.length - before, 100 - refused.length)
    assert.strictEqual((await rowsOf("carol")).length - rows, 100 - refused.length)
  })

  it("of concurrency takes a request as soon as another has ended", async () => {
    const gate = Upstream.gate()
    const held: Upstream.Script = async (request) => {
      await gate.opened
      return Upstream.ordinary(request)
    }
    const before = upstream.requests.length
    upstream.next(held, held)
    const running = [ask("key-of-dave1"), ask("key-of-dave1")]
    while (upstream.requests.length < before + 2) await upstream.nextRequest()
    const third = await ask("key-of-dave1")
    assert.strictEqual(third.status, 429, third.body)
    assert.property(third.headers, "retry-after")
    gate.open()
    for (const each of await Promise.all(running)) assert.strictEqual(each.status, 200)
    assert.strictEqual((await ask("key-of-dave1")).status, 200)
  })
})
