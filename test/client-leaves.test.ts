/** A caller who leaves: the provider is hung up on at once, and the row says how far the answer had come. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as http from "node:http"
import * as Lab from "./support/Lab.ts"
import * as Upstream from "./support/Upstream.ts"
import { dialects } from "./support/failover/Dialects.ts"
import { begins, wires, type WireName } from "./support/failover/Wires.ts"

const providers: { readonly [W in WireName]: Lab.ProviderName } = {
  openai: "mock",
  anthropic: "anthropic",
  ollama: "ollama"
}
const [dialect] = dialects

let lab: Lab.Lab
beforeAll(async () => {
  lab = await Lab.start()
})
const figures: Array<number> = []
afterAll(async () => {
  await lab?.close()
  const sorted = figures.toSorted((a, b) => a - b)
  console.log(`from the caller's end to the provider's, ms: ${sorted.map((each) => each.toFixed(1)).join(" ")}`)
})

/** Asks, and gives the id of the request and the bytes until `enough` says so; then breaks the connection. */
const leaveWhen = (model: string, stream: boolean, enough: (body: string) => boolean) =>
  new Promise<{ readonly id: string; readonly leftAt: number }>((resolve, reject) => {
    const request = http.request(`${lab.penstock.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      agent: false
    })
    request.on("error", reject)
    request.on("response", (response) => {
      let body = ""
      response.on("error", () => {})
      response.on("data", (piece: Buffer) => {
        body += piece.toString("utf8")
        if (!enough(body)) return
        const leftAt = performance.now()
        request.destroy()
        resolve({ id: String(response.headers["x-request-id"]), leftAt })
      })
    })
    request.end(JSON.stringify({ model, stream, messages: [{ role: "user", content: "hello" }] }))
  })

/** Generous, for a busy machine; the figures are printed. */
const assertSoon = (millis: number): void => {
  figures.push(millis)
  assert.isBelow(millis, 1000)
}

for (const [name, provider] of Object.entries(providers) as ReadonlyArray<[WireName, Lab.ProviderName]>) {
  const wire = wires[name]
  describe(`a caller who leaves an answer of ${name}`, () => {
    it("in the middle of a stream: the row is partial, with the usage so far", async () => {
      const upstream = lab.upstreams[provider]
      upstream.next(begins(wire, 2, Upstream.hang))
      const { id, leftAt } = await leaveWhen(Lab.models[provider], true, (body) => body.includes(" from"))
      await upstream.nextAbort()
      assertSoon(performance.now() - leftAt)
      const row = await Lab.row(lab.penstock, id)
      assert.deepStrictEqual([row.status, row.success, row.provider], ["partial", false, provider])
      // Two pieces of text have been written and will be billed, whether the provider said how many tokens or not.
      assert.isAtLeast(row.prompt_tokens!, 1)
      assert.isAtLeast(row.completion_tokens!, 1)
      // Anthropic says how many at the very beginning; of the others' counts nothing is known yet.
      if (name !== "anthropic") assert.isTrue(row.estimated)
      assert.strictEqual(upstream.open(), 0)
    })

    for (const [what, stream, answer] of [
      ["before the first token of a stream", true, begins(wire, 0, Upstream.hang)],
      ["before the head of a stream", true, { silent: true }],
      ["before a whole answer", false, { silent: true }]
    ] as const) {
      it(`${what}: the row is partial, and nobody else is asked`, async () => {
        const upstream = lab.upstreams[provider]
        upstream.next(answer)
        const before = upstream.requests.length
        const leaving = new AbortController()
        const asked = dialect!
          .ask({ url: lab.penstock.url, model: Lab.models[provider], stream, signal: leaving.signal })
          .catch(() => {})
        while (upstream.requests.length === before) await upstream.nextRequest()
        const leftAt = performance.now()
        leaving.abort()
        await upstream.nextAbort()
        assertSoon(performance.now() - leftAt)
        await asked
        const [newest] = await Lab.rows(lab.penstock, "limit=1")
        const row = await Lab.row(lab.penstock, newest!.id)
        assert.deepStrictEqual([row.status, row.success, row.attempts], ["partial", false, 1])
        assert.deepStrictEqual([upstream.requests.length - before, upstream.open()], [1, 0])
      })
    }
  })
}
