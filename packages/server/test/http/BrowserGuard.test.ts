/** Which pages may call a server without keys: its own, and no other's. */
import { assert, describe, it } from "@effect/vitest"
import { PenstockConfig } from "@penstock/schema/config/PenstockConfig"
import { foreign, refusal } from "@penstock/server/http/BrowserGuard"
import * as Schema from "effect/Schema"

const config = (server: object = {}) => Schema.decodeUnknownSync(PenstockConfig)({ server })

const paramOf = (headers: Record<string, string>, server?: object) => refusal(headers, config(server))?.param ?? null

describe("a server on this machine without keys", () => {
  it("is called by its address, or a name that nobody can point elsewhere", () => {
    for (const host of ["127.0.0.1:8080", "localhost:8080", "[::1]:8080", "192.168.1.7", "penstock.localhost:1"]) {
      assert.isNull(paramOf({ host }), host)
    }
    for (const host of ["evil.test", "evil.test:8080", "127.0.0.1.evil.test", "localhost.evil.test"]) {
      assert.strictEqual(paramOf({ host }), "host", host)
    }
  })

  it("is called by its own page, and by programs, which have no origin", () => {
    const host = "127.0.0.1:8080"
    assert.isNull(paramOf({ host }))
    assert.isNull(paramOf({ host, origin: "http://127.0.0.1:8080" }))
    for (const origin of ["https://evil.test", "http://127.0.0.1:9090", "null"]) {
      assert.strictEqual(paramOf({ host, origin }), "origin", origin)
    }
  })
})

describe("a server without keys that others reach", () => {
  it("may have any name, and is called by its own pages only", () => {
    const server = { host: "0.0.0.0" }
    assert.isNull(paramOf({ host: "penstock.example" }, server))
    assert.isNull(paramOf({ host: "penstock.example", origin: "https://penstock.example" }, server))
    assert.strictEqual(paramOf({ host: "penstock.example", origin: "https://evil.test" }, server), "origin")
  })
})

describe("a server with keys", () => {
  it("is called from anywhere: no page has a key that it was not given", () => {
    const keys = { auth: "keys", admin_key: "admin-of-the-test" }
    assert.isNull(paramOf({ host: "penstock.example", origin: "https://other.example" }, keys))
  })

  it("is told of another site's page all the same, where a protocol wants to know", () => {
    const { server } = config({ auth: "keys", host: "0.0.0.0", admin_key: "admin-of-the-test" })
    const refused = foreign({ host: "penstock.example", origin: "https://other.example" }, server)
    assert.strictEqual(refused?.param, "origin")
    assert.notInclude(refused?.message ?? "", "auth: keys")
  })
})
