import { assert, describe, it } from "@effect/vitest"
import * as Settings from "@penstock/gateway/Settings"
import * as Hosts from "@penstock/server/workflows/Hosts"
import { Http } from "@penstock/workflow/runtime/Http"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as http from "node:http"
import type { AddressInfo } from "node:net"
import { decodeConfig } from "../control/harness.ts"

const sender = (allow_hosts: ReadonlyArray<string>) =>
  Hosts.layer.pipe(Layer.provide(Settings.layer(decodeConfig({ http: { allow_hosts } }))))

const get = (url: string) =>
  Effect.flatMap(Http, (sends) => sends.send({ method: "GET", url, headers: {}, body: null }))

/** A server on this machine, which is a private address. */
const local = Effect.acquireRelease(
  Effect.async<{ readonly port: number; readonly asked: () => number; readonly close: () => void }>((resume) => {
    let asked = 0
    const server = http.createServer((request, response) => {
      asked += 1
      if (request.url === "/away") response.writeHead(302, { location: "/" })
      response.end("here")
    })
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo
      resume(Effect.succeed({ port, asked: () => asked, close: () => server.close() }))
    })
  }),
  ({ close }) => Effect.sync(close)
)

describe("the hosts that http steps may reach", () => {
  it("are those that are written out, and with a pattern none that is private", () => {
    const list = Hosts.of({ allow_hosts: ["api.example.com", "*.example.org", "127.0.0.1:8080", "*:9000"] })
    assert.isTrue(list.allows("api.example.com"))
    assert.isTrue(list.allows("API.example.com"))
    assert.isTrue(list.allows("a.b.example.org"))
    assert.isTrue(list.allows("127.0.0.1:8080"))
    assert.isFalse(list.allows("api.example.com:8443"))
    assert.isFalse(list.allows("example.org"))
    assert.isFalse(list.allows("127.0.0.1:9000"))
    assert.isFalse(list.allows("[::1]:9000"))
    assert.isFalse(list.allows("evil.test"))
    assert.isFalse(Hosts.of({ allow_hosts: [] }).allows("api.example.com"))
  })

  it.scopedLive("may be on this machine where they are written out", () =>
    Effect.gen(function* () {
      const { asked, port } = yield* local
      const allowed = sender([`localhost:${port}`])
      const { body, status } = yield* Effect.provide(get(`http://localhost:${port}/`), allowed)
      assert.deepStrictEqual([status, body], [200, "here"])
      // A redirect is an answer and is not followed.
      assert.strictEqual((yield* Effect.provide(get(`http://localhost:${port}/away`), allowed)).status, 302)
      assert.strictEqual(asked(), 2)
    })
  )

  it.scopedLive("are not asked where only a pattern allows a name that leads here", () =>
    Effect.gen(function* () {
      const { asked, port } = yield* local
      const refused = yield* Effect.flip(Effect.provide(get(`http://localhost:${port}/`), sender(["local*"])))
      assert.strictEqual(refused.reason, "network")
      assert.strictEqual(asked(), 0)
    })
  )
})
