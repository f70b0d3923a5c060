import { assert, describe, it } from "@effect/vitest"
import { McpServerConfig } from "@penstock/schema/config/Mcp"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import { eventually, textOf, withHub } from "./hub.ts"
import * as Servers from "./servers.ts"

const decode = Schema.decodeUnknownSync(McpServerConfig)

describe("a server over HTTP", () => {
  it.scopedLive("that speaks the revisions until 2025-11-25 is understood, and left with its session closed", () =>
    Effect.gen(function* () {
      const server = yield* Servers.old
      yield* withHub({ old: { url: server.url, headers: { "x-team": "blue" } } })((hub) =>
        Effect.gen(function* () {
          assert.strictEqual(textOf(yield* hub.call("old", "echo", { said: "hello" })), "hello")
          assert.isTrue(server.requests.every(({ headers }) => headers["x-team"] === "blue"))
        })
      )
      assert.strictEqual(server.requests.at(-1)?.method, "DELETE")
    })
  )

  it.scopedLive("is told of the trace in the call's _meta, and of none where there is none", () =>
    Effect.gen(function* () {
      const server = yield* Servers.old
      yield* withHub({ old: { url: server.url } })((hub) =>
        Effect.gen(function* () {
          const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`
          assert.strictEqual(textOf(yield* hub.call("old", "trace", {}, { traceparent })), traceparent)
          assert.strictEqual(textOf(yield* hub.call("old", "trace", {})), "undefined")
        })
      )
    })
  )

  it.scopedLive("that speaks the revision of 2026-07-28 alone is understood", () =>
    Effect.gen(function* () {
      const server = yield* Servers.modern
      yield* withHub({ modern: { url: server.url } })((hub) =>
        Effect.gen(function* () {
          assert.deepStrictEqual(
            (yield* hub.tools()).map(({ name }) => name),
            ["modern__echo", "modern__large"]
          )
          assert.strictEqual(textOf(yield* hub.call("modern", "echo", { said: "hello" })), "hello")
        })
      )
      assert.isTrue(server.requests.some(({ headers }) => headers["mcp-protocol-version"] === "2026-07-28"))
    })
  )

  it.scopedLive("that has forgotten the session is greeted anew, and the call is made all the same", () =>
    Effect.gen(function* () {
      const server = yield* Servers.old
      yield* withHub({ old: { url: server.url } })((hub) =>
        Effect.gen(function* () {
          yield* hub.call("old", "echo", { said: "before" })
          server.forget()
          assert.strictEqual(textOf(yield* hub.call("old", "echo", { said: "after" })), "after")
        })
      )
    })
  )

  it.scopedLive("whose answer is too large fails that call alone, in both eras", () =>
    Effect.gen(function* () {
      const [old, modern] = yield* Effect.all([Servers.old, Servers.modern])
      yield* withHub({ old: { url: old.url }, modern: { url: modern.url } })((hub) =>
        Effect.forEach(["old", "modern"], (name) =>
          Effect.gen(function* () {
            const error = yield* Effect.flip(hub.call(name, "large", { bytes: 17 * 1024 * 1024 }))
            assert.strictEqual(error.reason, "result_too_large")
            assert.strictEqual(textOf(yield* hub.call(name, "large", { bytes: 100 })).length, 100)
          })
        )
      )
    })
  )

  for (const refusal of [400, 404, 405]) {
    it.scopedLive(`that refuses posts with ${refusal} is spoken to as in 2024, with a stream of events`, () =>
      Effect.gen(function* () {
        const server = yield* Servers.legacy(refusal)
        yield* withHub({ legacy: { url: server.url, headers: { "x-team": "blue" } } })((hub) =>
          Effect.gen(function* () {
            assert.strictEqual(textOf(yield* hub.call("legacy", "echo", { said: "hello" })), "hello")
            assert.isTrue(server.requests.every(({ headers }) => headers["x-team"] === "blue"))
          })
        )
      })
    )
  }

  it.scopedLive("whose stream of events ends is greeted anew, and what hangs fails", () =>
    Effect.gen(function* () {
      const server = yield* Servers.legacy(405)
      yield* withHub({ legacy: { url: server.url } })((hub) =>
        Effect.gen(function* () {
          yield* hub.call("legacy", "echo", { said: "before" })
          const hanging = yield* Effect.fork(Effect.flip(hub.call("legacy", "hang", {})))
          const posts = server.requests.length
          yield* eventually(() => server.requests.length > posts)
          server.forget()
          assert.strictEqual((yield* Fiber.join(hanging)).reason, "not_running")
          assert.strictEqual(textOf(yield* hub.call("legacy", "echo", { said: "after" })), "after")
        })
      )
    })
  )

  it.scopedLive("whose stream of events has too large an answer is left, and greeted anew", () =>
    Effect.gen(function* () {
      const server = yield* Servers.legacy(405)
      yield* withHub({ legacy: { url: server.url } })((hub) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(hub.call("legacy", "large", { bytes: 17 * 1024 * 1024 }))
          assert.strictEqual(error.reason, "result_too_large")
          assert.strictEqual(textOf(yield* hub.call("legacy", "large", { bytes: 100 })).length, 100)
        })
      )
    })
  )

  it.scopedLive("that is no MCP server at all is told by what it answered first", () =>
    Effect.gen(function* () {
      const server = yield* Servers.silent
      yield* withHub({ web: { url: server.url } })((hub) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(hub.tools("web"))
          assert.strictEqual(error.reason, "not_running")
          assert.include(error.message, "HTTP 404")
        })
      )
    })
  )

  it.live("that nobody answers for is told by the system's word, and spoils no list", () =>
    withHub({ gone: { url: "http://127.0.0.1:9/mcp", timeout: "2s" } })((hub) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(hub.tools("gone"))
        assert.strictEqual(error.reason, "not_running")
        assert.deepStrictEqual(yield* hub.tools(), [])
      })
    )
  )
})

describe("a server that was added while running", () => {
  it.scopedLive("may not lead into a private network unless the configuration leads there too", () =>
    Effect.gen(function* () {
      const server = yield* Servers.old
      const named = decode({ url: server.url.replace("127.0.0.1", "localhost") })
      yield* withHub({})((hub) =>
        Effect.gen(function* () {
          for (const config of [decode({ url: server.url }), named]) {
            const error = yield* Effect.flip(hub.add("mine", config))
            assert.strictEqual(error.reason, "refused")
            assert.include(error.message, "mcp.allow_hosts")
          }
          assert.deepStrictEqual(hub.servers(), [])
        })
      )
      assert.deepStrictEqual(server.requests, [])
      yield* withHub(
        {},
        { allow_hosts: ["127.0.0.1"] }
      )((hub) =>
        Effect.gen(function* () {
          assert.strictEqual((yield* hub.add("mine", decode({ url: server.url }))).status, "ready")
          assert.strictEqual(textOf(yield* hub.call("mine", "echo", { said: "hello" })), "hello")
          assert.strictEqual((yield* Effect.flip(hub.add("mine", named))).reason, "conflict")
          yield* hub.remove("mine")
          assert.strictEqual((yield* Effect.flip(hub.call("mine", "echo", { said: "a" }))).reason, "unknown_server")
        })
      )
    })
  )
})
