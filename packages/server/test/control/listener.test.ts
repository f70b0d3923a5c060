import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as http from "node:http"
import type { AddressInfo } from "node:net"
import { post, start } from "./harness.ts"

const listening = Effect.gen(function* () {
  const { app } = yield* start({ config: { server: { max_body: "1kb" } } })
  const handler = yield* NodeHttpServer.makeHandler(app)
  const server = yield* Effect.acquireRelease(
    Effect.async<http.Server>((resume) => {
      const server = http.createServer(handler)
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) =>
      Effect.sync(() => {
        server.close()
        server.closeAllConnections()
      })
  )
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return (path: string, init?: RequestInit) =>
    Effect.promise(async () => {
      const response = await fetch(base + path, init)
      return { status: response.status, headers: response.headers, text: await response.text() }
    })
})

describe("the control plane on Node's listener", () => {
  it.scoped("answers GET, HEAD, POST and what it does not know", () =>
    Effect.gen(function* () {
      const ask = yield* listening
      const health = yield* ask("/health")
      assert.strictEqual(health.status, 200)
      assert.match(health.headers.get("x-request-id") ?? "", /^req_/)
      const head = yield* ask("/health", { method: "HEAD" })
      assert.deepStrictEqual([head.status, head.text], [200, ""])
      const plan = yield* ask("/v1/explain", post({ model: "demo/echo" }))
      assert.strictEqual(JSON.parse(plan.text).matched_by, "provider")
      assert.strictEqual((yield* ask("/v1/models/demo/echo")).status, 200)
      assert.strictEqual((yield* ask("/v1/models/demo%2Fecho")).status, 200)
      const csv = yield* ask("/v1/requests?format=csv")
      assert.strictEqual(csv.text.split("\r\n").length, 2)
      const missed = yield* ask("/v1/modles")
      assert.strictEqual(missed.status, 404)
      assert.match(JSON.parse(missed.text).error.message, /Did you mean/)
    })
  )

  it.scoped("goes on after bodies that are too large, empty or no JSON, and after odd paths", () =>
    Effect.gen(function* () {
      const ask = yield* listening
      assert.strictEqual((yield* ask("/v1/explain", post({ model: "x".repeat(5000) }))).status, 413)
      for (const init of [{ method: "POST" }, post(""), post("{"), post("[".repeat(900))]) {
        const answer = yield* ask("/v1/explain", init)
        assert.strictEqual(answer.status, 400, answer.text)
        assert.isString(JSON.parse(answer.text).error.message)
      }
      for (const path of ["/v1/models/%", "/%E0%A4%A", `/v1/models/${"a".repeat(5000)}`]) {
        const answer = yield* ask(path)
        assert.include([400, 404], answer.status, path)
        assert.isString(JSON.parse(answer.text).error.message)
      }
      assert.strictEqual((yield* ask("/health")).status, 200)
    })
  )
})
