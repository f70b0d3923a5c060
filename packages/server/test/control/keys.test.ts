import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { bearer, post, start } from "./harness.ts"

const config = {
  server: { auth: "keys", admin_key: "admin-key-1", max_body: "2kb" },
  keys: [{ name: "alice", key: "alice-key", models: ["gpt-*"], rate: { requests_per_minute: 60 } }]
}
const asAdmin = { authorization: "Bearer admin-key-1" }

const admin = Effect.map(start({ config }), (plane) => ({
  ...plane,
  get: (path: string) => plane.ask(path, { headers: asAdmin }),
  send: (method: string, path: string, body?: unknown) =>
    plane.ask(path, { ...(body === undefined ? { headers: asAdmin } : post(body, asAdmin)), method })
}))

describe("/v1/keys", () => {
  it.scoped("makes a key, tells its secret once, and lets no cache keep the answer", () =>
    Effect.gen(function* () {
      const { ask, get, send } = yield* admin
      const made = yield* send("POST", "/v1/keys", { name: "bob", models: ["gpt-4o"], budget: { usd: 5, per: "day" } })
      assert.strictEqual(made.status, 201)
      assert.strictEqual(made.headers.get("cache-control"), "no-store")
      const { key, ...shown } = made.json
      assert.match(key, /^ps-[0-9a-f]{16}-[\w-]{43}$/)
      assert.deepInclude(shown, {
        name: "bob",
        source: "api",
        models: ["gpt-4o"],
        budget: { usd: 5, per: "day" },
        rate: null,
        mcp: null,
        disabled: false,
        expires_at: null
      })
      assert.strictEqual(new Date(shown.created_at).toISOString(), shown.created_at)
      const single = yield* get("/v1/keys/bob")
      assert.deepStrictEqual(single.json, shown)
      const all = yield* get("/v1/keys")
      assert.deepStrictEqual(all.json.keys.at(-1), shown)
      for (const { text } of [single, all]) assert.notInclude(text, key.slice(20))
      assert.strictEqual((yield* ask("/v1/models/gpt-4o", bearer(key))).status, 200)
      assert.strictEqual((yield* ask("/v1/models/o3", bearer(key))).status, 403)
      assert.strictEqual((yield* ask("/v1/keys", bearer(key))).status, 403)
    })
  )

  it.scoped("lists declared keys, which nothing here changes", () =>
    Effect.gen(function* () {
      const { get, send } = yield* admin
      assert.deepStrictEqual((yield* get("/v1/keys")).json, {
        keys: [
          {
            name: "alice",
            source: "config",
            prefix: null,
            models: ["gpt-*"],
            budget: null,
            rate: { requests_per_minute: 60 },
            mcp: null,
            disabled: false,
            created_at: null,
            rotated_at: null,
            expires_at: null
          }
        ]
      })
      for (const [method, path, body] of [
        ["PATCH", "/v1/keys/alice", { disabled: true }],
        ["POST", "/v1/keys/alice/rotate", undefined],
        ["DELETE", "/v1/keys/alice", undefined],
        ["POST", "/v1/keys", { name: "alice" }]
      ] as const) {
        const { json, status } = yield* send(method, path, body)
        assert.strictEqual(status, 409, `${method} ${path}`)
        assert.include(json.error.message, "`keys` in")
      }
    })
  )

  it.scoped("changes, rotates with and without a body, and deletes", () =>
    Effect.gen(function* () {
      const { ask, send } = yield* admin
      const statusOf = (key: string) => Effect.map(ask("/v1/models", bearer(key)), ({ status }) => status)
      const { key: first } = (yield* send("POST", "/v1/keys", { name: "bob" })).json
      const patched = yield* send("PATCH", "/v1/keys/bob", {
        rate: { concurrent: 3 },
        expires_at: "2999-01-01T00:00:00Z"
      })
      assert.strictEqual(patched.status, 200)
      assert.deepInclude(patched.json, { rate: { concurrent: 3 }, expires_at: "2999-01-01T00:00:00.000Z" })

      yield* send("PATCH", "/v1/keys/bob", { disabled: true })
      const disabled = yield* ask("/v1/models", bearer(first))
      assert.strictEqual(disabled.status, 401)
      assert.strictEqual(disabled.json.error.code, "key_disabled")
      yield* send("PATCH", "/v1/keys/bob", { disabled: false })

      const second = yield* send("POST", "/v1/keys/bob/rotate")
      assert.strictEqual(second.status, 200)
      assert.strictEqual(second.headers.get("cache-control"), "no-store")
      assert.deepStrictEqual([yield* statusOf(first), yield* statusOf(second.json.key)], [401, 200])
      const third = (yield* send("POST", "/v1/keys/bob/rotate", { grace: "1h" })).json
      assert.deepStrictEqual([yield* statusOf(second.json.key), yield* statusOf(third.key)], [200, 200])

      // The clock of the test stands at the beginning of the epoch.
      yield* send("PATCH", "/v1/keys/bob", { expires_at: "1970-01-01T00:00:00Z" })
      const expired = yield* ask("/v1/models", bearer(third.key))
      assert.strictEqual(expired.json.error.code, "key_expired")
      assert.include(expired.json.error.message, "1970-01-01T00:00:00.000Z")

      const removed = yield* send("DELETE", "/v1/keys/bob")
      assert.deepStrictEqual([removed.status, removed.text], [204, ""])
      assert.strictEqual(yield* statusOf(third.key), 401)
      assert.strictEqual((yield* send("DELETE", "/v1/keys/bob")).status, 404)
    })
  )

  it.scoped("says which field is wrong and what it should be, and makes nothing", () =>
    Effect.gen(function* () {
      const { get, send } = yield* admin
      const wrong: ReadonlyArray<readonly [body: unknown, param: string | null, message: RegExp]> = [
        [{}, "name", /name/],
        [{ name: "" }, "name", /1 to 64 letters/],
        [{ name: "a/b" }, "name", /1 to 64 letters/],
        [{ name: "x".repeat(65) }, "name", /1 to 64 letters/],
        [{ name: "bob", model: ["gpt-4o"] }, "model", /unexpected/],
        [{ name: "bob", models: ["gpt-?"] }, "models.0", /only \* is special/],
        [{ name: "bob", budget: { usd: -1, per: "day" } }, "budget.usd", /up to 1000000/],
        [{ name: "bob", rate: { requests_per_minute: 0 } }, "rate.requests_per_minute", /1 to 1000000000/],
        [{ name: "bob", expires_at: "tomorrow" }, "expires_at", /2026-12-31T23:59:59Z/],
        [{ name: "bob", expires_at: "2026-13-41T00:00:00Z" }, "expires_at", /2026-12-31T23:59:59Z/],
        [{ name: "bob", expires_at: "2020-01-01T00:00:00Z" }, "expires_at", /time to come/],
        ["{", null, /not JSON/],
        ["", null, /\{"name": "alice"\}/]
      ]
      for (const [body, param, message] of wrong) {
        const { json, status } = yield* send("POST", "/v1/keys", body)
        assert.strictEqual(status, 400, JSON.stringify(body))
        assert.strictEqual(json.error.param, param, JSON.stringify(json))
        assert.match(json.error.message, message)
      }
      const large = yield* send("POST", "/v1/keys", { name: "bob", models: ["x".repeat(3000)] })
      assert.strictEqual(large.status, 413)
      assert.strictEqual((yield* send("POST", "/v1/keys/bob/rotate", { grace: "soon" })).json.error.param, "grace")
      assert.strictEqual((yield* send("PATCH", "/v1/keys/bob", { name: "rob" })).json.error.param, "name")
      assert.strictEqual((yield* get("/v1/keys")).json.keys.length, 1)
    })
  )

  it.scoped("a name that is not there, or a method that is not taken, is told as such", () =>
    Effect.gen(function* () {
      const { get, send } = yield* admin
      const missing = yield* get("/v1/keys/nobody")
      assert.strictEqual(missing.status, 404)
      assert.include(missing.json.error.message, '"nobody"')
      const put = yield* send("PUT", "/v1/keys/alice", {})
      assert.strictEqual(put.status, 405)
      assert.sameMembers((put.headers.get("allow") ?? "").split(", "), ["HEAD", "GET", "PATCH", "DELETE"])
      const rotate = yield* get("/v1/keys/alice/rotate")
      assert.strictEqual(rotate.status, 405)
      assert.strictEqual(rotate.headers.get("allow"), "POST")
      assert.strictEqual((yield* get("/v1/keys/a/b/c")).status, 404)
    })
  )
})
