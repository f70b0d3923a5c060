import { assert, describe, it } from "@effect/vitest"
import { McpError, type Reason } from "@penstock/gateway/mcp/McpError"
import * as McpHub from "@penstock/gateway/mcp/McpHub"
import * as Effect from "effect/Effect"
import { bearer, post, start } from "./harness.ts"

const tools = [
  { name: "echo", description: "Says it", inputSchema: { type: "object", properties: { n: { type: "integer" } } } },
  { name: "odd", inputSchema: { type: "string" } }
]

/** A server that fails with the reason that it is called by. */
const mcp = McpHub.layerMemory({
  mine: {
    tools: [...tools, ...["timeout", "protocol", "result_too_large", "not_running"].map((name) => ({ name }))],
    call: (tool, args) =>
      tool === "echo"
        ? Effect.succeed({ content: [{ type: "text", text: "said" }], structuredContent: args, isError: false })
        : new McpError({ reason: tool as Reason, server: "mine", tool, message: `it is ${tool}` })
  }
})

const call = (tool: string, args: object = {}) =>
  [`/v1/mcp/servers/mine/tools/${tool}`, post({ arguments: args })] as const

describe("/v1/mcp/servers", () => {
  it.scoped("lists servers and tools, and passes on what a tool answers", () =>
    Effect.gen(function* () {
      const { ask } = yield* start({ mcp })
      const servers = yield* ask("/v1/mcp/servers")
      assert.deepStrictEqual(servers.json, { servers: [{ name: "mine", status: "ready", tools: 5 }] })
      const listed = yield* ask("/v1/mcp/servers/mine/tools")
      assert.strictEqual(listed.json.server, "mine")
      assert.deepStrictEqual(listed.json.tools[0], {
        name: "echo",
        description: "Says it",
        input_schema: { type: "object", properties: { n: { type: "integer" } } }
      })
      const answer = yield* ask(...call("echo", { n: 1 }))
      assert.deepStrictEqual(answer.json, {
        content: [{ type: "text", text: "said" }],
        structuredContent: { n: 1 },
        isError: false
      })
      const empty = yield* ask("/v1/mcp/servers/mine/tools/echo", { method: "POST" })
      assert.strictEqual(empty.status, 200)
    })
  )

  it.scoped('shows and calls for a key what its "mcp" allows; only the admin adds and removes', () =>
    Effect.gen(function* () {
      const keys = [
        { name: "alice", key: "alice-key", mcp: { tools: ["mine__echo"] } },
        { name: "bob", key: "bob-key-1", mcp: { servers: ["other"] } }
      ]
      const { ask } = yield* start({ mcp, config: { server: { auth: "keys" }, keys } })
      const as = (key: string, path: string, init: RequestInit = {}) =>
        ask(path, { ...init, headers: { "content-type": "application/json", ...bearer(key).headers } })
      const listed = yield* as("alice-key", "/v1/mcp/servers/mine/tools")
      assert.deepStrictEqual(
        listed.json.tools.map(({ name }: { readonly name: string }) => name),
        ["echo"]
      )
      assert.strictEqual((yield* as("alice-key", ...call("echo"))).status, 200)
      const refused = yield* as("alice-key", ...call("timeout"))
      assert.strictEqual(refused.status, 403)
      assert.strictEqual(refused.json.error.code, "mcp_not_allowed")
      assert.strictEqual((yield* as("alice-key", "/v1/mcp/servers/mine", { method: "DELETE" })).status, 403)
      assert.deepStrictEqual((yield* as("bob-key-1", "/v1/mcp/servers")).json, { servers: [] })
      assert.strictEqual((yield* as("bob-key-1", "/v1/mcp/servers/mine/tools")).status, 403)
      assert.strictEqual((yield* as("bob-key-1", ...call("echo"))).status, 403)
      assert.strictEqual((yield* ask(...call("echo"))).status, 401)
      assert.strictEqual((yield* ask("/v1/mcp/servers")).status, 401)
    })
  )

  it.scoped("gives each failure its status", () =>
    Effect.gen(function* () {
      const { ask } = yield* start({ mcp })
      const statuses = { timeout: 504, protocol: 502, result_too_large: 502, not_running: 503, nothing: 404 }
      for (const [tool, status] of Object.entries(statuses)) {
        assert.strictEqual((yield* ask(...call(tool))).status, status, tool)
      }
      const wrong = yield* ask(...call("echo", { n: "x" }))
      assert.strictEqual(wrong.status, 422)
      assert.strictEqual(wrong.json.error.param, "arguments.n")
      const shapeless = yield* ask("/v1/mcp/servers/mine/tools/echo", post({ arguments: 5 }))
      assert.strictEqual(shapeless.status, 400)
      const misspelt = yield* ask("/v1/mcp/servers/mine/tools/echo", post({ args: {} }))
      assert.strictEqual(misspelt.status, 400)
    })
  )

  it.scoped("takes a program where the configuration allows it, and only what fits together", () =>
    Effect.gen(function* () {
      const { ask } = yield* start({ config: { mcp: { allow_commands_over_http: true } } })
      const add = (body: object) => ask("/v1/mcp/servers", post(body))
      const added = yield* add({ name: "gone", command: "no-such-program-here" })
      assert.strictEqual(added.status, 201)
      assert.strictEqual(added.json.status, "degraded")
      assert.include(added.json.reason, "no-such-program-here")
      for (const [body, param] of [
        [{ name: "a", command: "x", url: "http://x.test" }, "url"],
        [{ name: "a" }, "url"],
        [{ name: "a", command: "x", headers: { a: "b" } }, "headers"],
        [{ name: "a", url: "http://x.test", args: ["b"] }, "args"],
        [{ name: "a", url: "http://x.test:99999" }, "url"],
        [{ name: "a", url: "ftp://x.test" }, "url"],
        [{ name: "a/b", url: "http://x.test" }, "name"]
      ] as const) {
        const refused = yield* add(body)
        assert.strictEqual(refused.status, 400, JSON.stringify(body))
        assert.strictEqual(refused.json.error.param, param)
      }
      assert.strictEqual((yield* ask("/v1/mcp/servers/gone", { method: "DELETE" })).status, 204)
      assert.strictEqual((yield* ask("/v1/mcp/servers/gone", { method: "DELETE" })).status, 404)
    })
  )
})
