import { assert, describe, it } from "@effect/vitest"
import { banner } from "@penstock/cli/Banner"
import type { ListeningFacts } from "@penstock/server/config/ServeOptions"

const facts: ListeningFacts = {
  address: "http://127.0.0.1:8080",
  configPath: null,
  warnings: [],
  database: "penstock.db",
  auth: "none",
  providers: [
    {
      name: "openai",
      address: "https://api.openai.com/v1",
      missing: { setting: "OPENAI_API_KEY", message: "OPENAI_API_KEY is not set" }
    },
    { name: "demo", address: "in this process", missing: null }
  ]
}

/** The words of a shell command in which only single quotes quote. */
const words = (command: string): ReadonlyArray<string> =>
  Array.from(command.matchAll(/'([^']*)'|(\S+)/g), (match) => match[1] ?? match[2] ?? "")

describe("the banner", () => {
  it("says what is configured, what is not, and which variable to set", () => {
    assert.include(banner(facts), "  - openai  https://api.openai.com/v1  (not configured: OPENAI_API_KEY is not set)")
    assert.include(banner(facts), "  + demo    in this process")
  })

  it("has a curl line whose body is a chat request that the demo provider answers", () => {
    const line = banner(facts)
      .split("\n")
      .find((text) => text.includes("curl "))
    const [command, url, , header, , body] = words(line!.trim())
    assert.strictEqual(command, "curl")
    assert.strictEqual(url, "http://127.0.0.1:8080/v1/chat/completions")
    assert.strictEqual(header, "content-type: application/json")
    assert.strictEqual((JSON.parse(body!) as { model: string }).model, "demo/echo")
  })

  it("gives an address that can be called when the server listens on all", () => {
    assert.include(banner({ ...facts, address: "http://0.0.0.0:80" }), "curl http://127.0.0.1:80/")
    assert.include(banner({ ...facts, address: "http://[::]:80" }), "curl http://[::1]:80/")
  })

  it("asks for a key where one is needed", () => {
    assert.include(banner({ ...facts, auth: "keys" }), '-H "authorization: Bearer $PENSTOCK_KEY"')
  })

  it("repeats the warnings of the configuration with their places", () => {
    const warning = {
      source: "penstock.yaml",
      line: 3,
      column: 1,
      path: "cache",
      message: "has no effect yet",
      hint: null,
      frame: null
    }
    assert.include(
      banner({ ...facts, warnings: [warning] }),
      "warning: cache: has no effect yet\n  --> penstock.yaml:3:1"
    )
  })
})
