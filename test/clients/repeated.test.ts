/** Answers given before, to callers of every dialect: a request that is sent again, and the exact cache. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { randomUUID } from "node:crypto"
import * as Lab from "../support/Lab.ts"
import * as Raw from "../support/Raw.ts"

let lab: Lab.Lab
beforeAll(async () => {
  lab = await Lab.start("cache: { enabled: true, ttl: 1h, max_entries: 1000 }\n")
})
afterAll(() => lab.close())

const dialects = {
  "/v1/messages": (text: string) => ({ max_tokens: 50, messages: [{ role: "user", content: text }] }),
  "/v1/responses": (text: string) => ({ input: text, store: false })
}

/** The text of an answer. The cache keeps what was said, and not in which pieces. */
const textOf = ({ body, json }: Raw.Answer): string =>
  json === undefined
    ? Raw.chunksOf(body)
        .map(({ delta }) => (typeof delta === "string" ? delta : (delta?.text ?? "")))
        .join("")
    : (json.content ?? json.output[0].content)[0].text

for (const [path, bodyOf] of Object.entries(dialects)) {
  for (const provider of Lab.providerNames) {
    for (const stream of [false, true]) {
      const upstream = () => lab.upstreams[provider]
      const ask = (text: string, headers: { readonly [name: string]: string } = {}) =>
        Raw.send(lab.penstock.url + path, {
          headers,
          body: { model: Lab.models[provider], ...bodyOf(text), ...(stream && { stream }) }
        })

      describe(`${path}, ${stream ? "streamed" : "whole"}, over ${provider}`, () => {
        it("is one call and one row for a request that is sent again under its key, and the same bytes", async () => {
          const before = upstream().requests.length
          const text = randomUUID()
          const headers = { "idempotency-key": randomUUID(), "cache-control": "no-store" }
          const [first, second] = await Promise.all([ask(text, headers), ask(text, headers)])
          assert.strictEqual(upstream().requests.length, before + 1)
          assert.deepStrictEqual([first.status, second.status], [200, 200])
          assert.strictEqual(second.headers["x-request-id"], first.headers["x-request-id"])
          assert.strictEqual(second.body, first.body)
          const other = await ask(`${text}!`, headers)
          assert.strictEqual(other.status, 409)
          assert.property(other.json, "error")
        })

        it("is answered by the cache the second time, and costs nothing", async () => {
          const text = randomUUID()
          const first = await ask(text)
          const before = upstream().requests.length
          const second = await ask(text)
          assert.strictEqual(upstream().requests.length, before)
          assert.strictEqual(second.headers["x-penstock-cache"], "hit")
          assert.deepStrictEqual([textOf(first), textOf(second)], ["Hello from upstream.", "Hello from upstream."])
          const row = await Lab.row(lab.penstock, String(second.headers["x-request-id"]))
          assert.deepStrictEqual([row.status, row.cost_nanousd], ["ok", 0])
        })
      })
    }
  }
}
