import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { post, start } from "./harness.ts"

const keys = [
  { name: "alice", key: "alice-key", models: ["gpt-*"] },
  { name: "bob", key: "bob-key-1" }
]

const endpoints: ReadonlyArray<readonly [path: string, init: RequestInit, kind: "open" | "key" | "admin"]> = [
  ["/", {}, "open"],
  ["/health", {}, "open"],
  ["/ready", {}, "open"],
  ["/docs", {}, "open"],
  ["/openapi.json", {}, "open"],
  ["/v1/models", {}, "key"],
  ["/v1/models/gpt-4o", {}, "key"],
  ["/v1/explain", post({ model: "gpt-4o" }), "key"],
  ["/v1/requests", {}, "admin"],
  ["/v1/requests?format=csv", {}, "admin"],
  ["/v1/costs", {}, "admin"],
  ["/v1/keys", {}, "admin"],
  ["/v1/keys/alice", {}, "admin"]
]

const expected = {
  none: { open: 200, key: 401, admin: 401 },
  unknown: { open: 200, key: 401, admin: 401 },
  virtual: { open: 200, key: 200, admin: 403 },
  admin: { open: 200, key: 200, admin: 200 }
}

const presented: { readonly [who in keyof typeof expected]: ReadonlyArray<Record<string, string>> } = {
  none: [{}, { authorization: "Basic alice-key" }],
  unknown: [{ authorization: "Bearer nobody" }, { "x-api-key": "nobody" }],
  virtual: [{ authorization: "Bearer alice-key" }, { "x-api-key": "alice-key" }],
  admin: [{ authorization: "Bearer admin-key-1" }, { "x-api-key": "admin-key-1" }]
}

describe("authorization", () => {
  for (const who of ["none", "unknown", "virtual", "admin"] as const) {
    it.scoped(`with auth: keys, ${who === "none" ? "no key" : `${who} key`}: ${JSON.stringify(expected[who])}`, () =>
      Effect.gen(function* () {
        const { ask } = yield* start({ config: { server: { auth: "keys", admin_key: "admin-key-1" }, keys } })
        for (const [path, init, kind] of endpoints) {
          for (const headers of presented[who]) {
            const answer = yield* ask(path, { ...init, headers })
            assert.strictEqual(answer.status, expected[who][kind], `${path} ${JSON.stringify(headers)}`)
            if (answer.status === 200) continue
            assert.strictEqual(
              answer.json.error.type,
              answer.status === 401 ? "authentication_error" : "permission_error"
            )
            if (answer.status === 401) assert.match(answer.headers.get("www-authenticate") ?? "", /^Bearer/)
            assert.notInclude(answer.text, "nobody")
          }
        }
      })
    )
  }

  it.scoped("with auth: none everything is open, whatever key a client brings", () =>
    Effect.gen(function* () {
      const { ask } = yield* start({ config: { server: { admin_key: "admin-key-1" }, keys } })
      for (const [path, init] of endpoints) {
        assert.strictEqual((yield* ask(path, init)).status, 200, path)
        assert.strictEqual((yield* ask(path, { ...init, headers: { authorization: "Bearer x" } })).status, 200, path)
      }
    })
  )

  it.scoped("says how to set an admin key where there is none", () =>
    Effect.gen(function* () {
      const { ask } = yield* start({ config: { server: { auth: "keys" }, keys } })
      const { json, status } = yield* ask("/v1/costs", { headers: { "x-api-key": "bob-key-1" } })
      assert.strictEqual(status, 403)
      assert.match(json.error.message, /PENSTOCK_ADMIN_KEY/)
    })
  )

  it.scoped("refuses before it looks at what is asked", () =>
    Effect.gen(function* () {
      const { ask } = yield* start({ config: { server: { auth: "keys" }, keys } })
      assert.strictEqual((yield* ask("/v1/requests?limit=ten")).status, 401)
      assert.strictEqual((yield* ask("/v1/explain", post("{"))).status, 401)
      assert.strictEqual((yield* ask("/v1/keys", post("{"))).status, 401)
      assert.strictEqual((yield* ask("/v1/keys/nobody", { method: "DELETE" })).status, 401)
    })
  )
})

describe("POST /v1/explain", () => {
  it.scoped("explains a name, or a whole chat request, without sending anything", () =>
    Effect.gen(function* () {
      const { ask } = yield* start({ config: { models: { fast: { targets: ["anthropic/claude-x", "demo/echo"] } } } })
      const byName = yield* ask("/v1/explain", post({ model: "fast" }))
      const byRequest = yield* ask(
        "/v1/explain",
        post({ model: "fast", stream: true, messages: [{ role: "user", content: "Hi" }] })
      )
      assert.strictEqual(byName.status, 200)
      assert.deepStrictEqual(byRequest.json, byName.json)
      const { candidates, ...rest } = byName.json
      assert.deepInclude(rest, { model: "fast", matched_by: "model", matched: "fast", strategy: "ordered" })
      assert.deepStrictEqual(rest.policy.retry, {
        max: 2,
        delay: 500,
        factor: 2,
        max_delay: 10_000,
        jitter: "full"
      })
      assert.deepInclude(candidates[0], { provider: "anthropic", model: "claude-x", kept: false })
      assert.match(candidates[0].reason, /ANTHROPIC_API_KEY/)
      assert.deepInclude(candidates[1], { provider: "demo", model: "echo", kept: true })
    })
  )

  it.scoped("refuses a model that the key may not use", () =>
    Effect.gen(function* () {
      const { ask } = yield* start({ config: { server: { auth: "keys" }, keys } })
      const { json, status } = yield* ask("/v1/explain", post({ model: "o3" }, { "x-api-key": "alice-key" }))
      assert.strictEqual(status, 403)
      assert.deepInclude(json.error, { param: "model", code: "forbidden" })
    })
  )
})
