/** The exact cache, from outside: what a caller gets, what the provider sees, what the ledger keeps. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { randomUUID } from "node:crypto"
import * as Lab from "./support/Lab.ts"
import * as Raw from "./support/Raw.ts"
import * as Sqlite from "./support/Sqlite.ts"

let lab: Lab.Lab
beforeAll(async () => {
  lab = await Lab.start(`server: { auth: keys, admin_key: the-admin-key }
cache: { enabled: true, ttl: 1h, max_entries: 1000 }
keys:
  - { name: alice, key: alice-secret-key }
  - { name: bob, key: bob-secret-key }
`)
})
afterAll(() => lab.close())

interface Asked {
  readonly text: string
  readonly provider?: Lab.ProviderName
  readonly stream?: boolean
  readonly caller?: string
  readonly headers?: { readonly [name: string]: string }
}

const ask = ({ caller = "alice", headers = {}, provider = "mock", stream = false, text }: Asked) =>
  Raw.chat(
    lab.penstock.url,
    {
      model: Lab.models[provider],
      messages: [{ role: "user", content: text }],
      ...(stream && { stream, stream_options: { include_usage: true } })
    },
    { authorization: `Bearer ${caller}-secret-key`, ...headers }
  )

const textOf = (answer: Raw.Answer, stream: boolean): string =>
  stream
    ? Raw.chunksOf(answer.body)
        .map((chunk) => chunk.choices[0]?.delta?.content ?? "")
        .join("")
    : answer.json.choices[0].message.content

/** The counts that every provider gives. */
const usageOf = (answer: Raw.Answer, stream: boolean) => {
  const usage = stream ? Raw.chunksOf(answer.body).at(-1).usage : answer.json.usage
  return [usage.prompt_tokens, usage.completion_tokens, usage.total_tokens, usage.prompt_tokens_details.cached_tokens]
}

const idOf = (answer: Raw.Answer) => String(answer.headers["x-request-id"])

interface Kept {
  readonly id: string
  readonly status: string
  readonly cost_nanousd: number | null
  readonly total_tokens: number | null
  readonly attempts: number
}

/** The settled row, as it is in the file. */
const rowOf = async (id: string): Promise<Kept> => {
  for (let tries = 0; tries < 500; tries++) {
    const [row] = Sqlite.query<Kept>(lab.penstock.database, `SELECT * FROM requests WHERE id = '${id}'`)
    if (row !== undefined && row.status !== "open") return row
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error(`no settled row for ${id}`)
}

for (const provider of Lab.providerNames) {
  describe(`an answer of ${provider}`, () => {
    for (const [first, second] of [
      [false, false],
      [false, true],
      [true, false],
      [true, true]
    ] as const) {
      const how = (stream: boolean) => (stream ? "streamed" : "whole")
      it(`that came ${how(first)} is given again ${how(second)}, and the provider is not asked`, async () => {
        const text = randomUUID()
        const paid = await ask({ text, provider, stream: first })
        const count = lab.upstreams[provider].requests.length
        const hit = await ask({ text, provider, stream: second })
        assert.strictEqual(paid.headers["x-penstock-cache"], "miss")
        assert.strictEqual(hit.headers["x-penstock-cache"], "hit")
        assert.strictEqual(hit.status, 200)
        assert.isTrue(hit.complete)
        assert.strictEqual(textOf(hit, second), textOf(paid, first))
        assert.deepStrictEqual(usageOf(hit, second), usageOf(paid, first))
        if (second) assert.strictEqual(Raw.dataOf(hit.body).at(-1), "[DONE]")
        assert.strictEqual(lab.upstreams[provider].requests.length, count)
        assert.strictEqual(hit.headers["x-penstock-provider"], paid.headers["x-penstock-provider"])
      })
    }
  })
}

describe("an answer from the cache", () => {
  it("has its own row, at no cost and no tokens; costs are what was billed", async () => {
    const text = randomUUID()
    const paid = await rowOf(idOf(await ask({ text })))
    const hit = await ask({ text })
    assert.strictEqual(hit.headers["x-penstock-cost-usd"], "0")
    assert.strictEqual(hit.headers["x-penstock-attempts"], "0")
    const row = await rowOf(idOf(hit))
    assert.notStrictEqual(row.id, paid.id)
    assert.deepInclude(row, { status: "ok", cost_nanousd: 0, total_tokens: 0 })
    assert.isAbove(paid.cost_nanousd ?? 0, 0)
    const { json } = await Raw.send(`${lab.penstock.url}/v1/costs?by=key`, {
      headers: { authorization: "Bearer the-admin-key" }
    })
    const [summed] = Sqlite.query<{ readonly cost: number }>(
      lab.penstock.database,
      "SELECT SUM(cost_nanousd) AS cost FROM requests"
    )
    assert.strictEqual(json.total.cost_nanousd, summed!.cost)
  })

  it("is the caller's own", async () => {
    const text = randomUUID()
    await ask({ text })
    assert.strictEqual((await ask({ text, caller: "bob" })).headers["x-penstock-cache"], "miss")
  })

  it("is not given to who asks for a new one", async () => {
    const text = randomUUID()
    await ask({ text })
    const fresh = await ask({ text, headers: { "cache-control": "no-cache" } })
    assert.strictEqual(fresh.headers["x-penstock-cache"], "miss")
    const apart = await ask({ text, headers: { "cache-control": "no-store" } })
    assert.isUndefined(apart.headers["x-penstock-cache"])
  })

  it("is repeated under an Idempotency-Key as what it was", async () => {
    const [text, key] = [randomUUID(), randomUUID()]
    await ask({ text })
    const hit = await ask({ text, headers: { "idempotency-key": key } })
    const again = await ask({ text, headers: { "idempotency-key": key } })
    assert.strictEqual(hit.headers["x-penstock-cache"], "hit")
    assert.strictEqual(again.headers["x-penstock-cache"], "hit")
    assert.strictEqual(again.headers["idempotent-replayed"], "true")
    assert.strictEqual(idOf(again), idOf(hit))
    assert.strictEqual(again.body, hit.body)
  })

  it("is gone when the configuration changes", async () => {
    const text = randomUUID()
    const own = await Lab.start("cache: { enabled: true }\n")
    try {
      const get = () => Raw.chat(own.penstock.url, { model: "fast", messages: [{ role: "user", content: text }] })
      await get()
      assert.strictEqual((await get()).headers["x-penstock-cache"], "hit")
      own.penstock.writeConfig(Lab.config(own.upstreams.mock.url))
      for (let tries = 0; tries < 500 && (await get()).headers["x-penstock-cache"] !== undefined; tries++) {
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      assert.isUndefined((await get()).headers["x-penstock-cache"])
    } finally {
      await own.close()
    }
  })
})
