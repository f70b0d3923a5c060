import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import OpenAI, { AuthenticationError, NotFoundError } from "openai"
import { bearer, start, usual } from "./harness.ts"

const config = {
  models: { fast: { targets: ["openai/gpt-4o-mini", "demo/echo"] }, "gpt-4o": "demo/echo" },
  keys: [
    { name: "alice", key: "alice-key", models: ["gpt-*", "openai/sora*"] },
    { name: "bob", key: "bob-key-1" }
  ]
}

describe("GET /v1/models", () => {
  it.scoped("lists names of the configuration, then each provider's models under the name that reaches it", () =>
    Effect.gen(function* () {
      const { ask } = yield* start({ config })
      const { json, status } = yield* ask("/v1/models")
      assert.strictEqual(status, 200)
      assert.strictEqual(json.object, "list")
      const ids: Array<string> = json.data.map((model: { id: string }) => model.id)
      assert.deepStrictEqual(ids.slice(0, 2), ["fast", "gpt-4o"])
      assert.includeMembers(ids, ["claude-sonnet", "local"])
      // `gpt-4o` is another thing here, `gpt-4o-mini` is routed to openai, and the bare `sora-2` goes to ollama.
      assert.includeMembers(ids, ["openai/gpt-4o", "gpt-4o-mini", "openai/sora-2", "demo/echo", "demo/extract"])
      assert.strictEqual(new Set(ids).size, ids.length)
      assert.deepStrictEqual(json.models, {
        openai: ["openai/gpt-4o", "gpt-4o-mini", "openai/sora-2"],
        anthropic: [],
        demo: ["demo/echo", "demo/extract"],
        ollama: []
      })
      assert.deepStrictEqual(json.unavailable, {
        anthropic: "ANTHROPIC_API_KEY is not set",
        ollama: "nobody answers at http://ollama.internal:1"
      })
    })
  )

  it.scoped("gives only names that explain agrees with", () =>
    Effect.gen(function* () {
      const { ask } = yield* start({ config })
      const { json } = yield* ask("/v1/models")
      for (const [provider, names] of Object.entries<Array<string>>(json.models)) {
        for (const model of names) {
          const plan = yield* ask("/v1/explain", { method: "POST", body: JSON.stringify({ model }) })
          assert.strictEqual(plan.json.candidates[0].provider, provider, model)
        }
      }
    })
  )

  it.effect("waits 2 s for a provider that does not answer, and lists the others", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const runtime = yield* Effect.runtime()
        const { ask } = yield* start({ providers: { ...usual, ollama: { models: Effect.never } }, runtime })
        const fiber = yield* Effect.fork(ask("/v1/models"))
        yield* TestClock.adjust("1999 millis")
        assert.isNull(yield* Fiber.poll(fiber).pipe(Effect.map((exit) => (exit._tag === "None" ? null : exit))))
        yield* TestClock.adjust("1 millis")
        const { json, status } = yield* Fiber.join(fiber)
        assert.strictEqual(status, 200)
        assert.include(json.models.openai, "gpt-4o")
        assert.match(json.unavailable.ollama, /did not answer within 2 seconds/)
      })
    )
  )

  it.scoped("is what the openai client expects", () =>
    Effect.gen(function* () {
      const { fetch } = yield* start({ config: { ...config, server: { auth: "keys" } } })
      const client = new OpenAI({ apiKey: "bob-key-1", baseURL: "http://127.0.0.1:8080/v1", fetch, maxRetries: 0 })
      const ids: Array<string> = []
      yield* Effect.promise(async () => {
        for await (const model of client.models.list()) {
          assert.strictEqual(model.object, "model")
          ids.push(model.id)
        }
      })
      assert.includeMembers(ids, ["fast", "gpt-4o-mini", "demo/echo"])
      const one = yield* Effect.promise(() => client.models.retrieve("demo/echo"))
      assert.deepStrictEqual({ ...one }, { id: "demo/echo", object: "model", created: 0, owned_by: "demo" })
      const missing = yield* Effect.flip(
        Effect.tryPromise({ try: () => client.models.retrieve("demo/ehco"), catch: (e) => e })
      )
      assert.instanceOf(missing, NotFoundError)
      assert.strictEqual(missing.code, "model_not_found")
      assert.strictEqual(missing.param, "model")
      assert.match(missing.message, /Did you mean demo\/echo\?/)
      const stranger = new OpenAI({ apiKey: "nobody", baseURL: "http://127.0.0.1:8080/v1", fetch, maxRetries: 0 })
      const refused = yield* Effect.flip(Effect.tryPromise({ try: () => stranger.models.list(), catch: (e) => e }))
      assert.instanceOf(refused, AuthenticationError)
    })
  )

  it.scoped("shows a key only what it may use, under a name that it may use, and no addresses", () =>
    Effect.gen(function* () {
      const { ask } = yield* start({ config: { ...config, server: { auth: "keys" } } })
      const { json } = yield* ask("/v1/models", bearer("alice-key"))
      assert.deepStrictEqual(
        json.data.map((model: { id: string }) => model.id),
        ["gpt-4o", "gpt-4o-mini", "openai/sora-2"]
      )
      assert.strictEqual(json.unavailable.ollama, "unreachable")
      assert.strictEqual((yield* ask("/v1/models/demo/echo", bearer("alice-key"))).status, 403)
      assert.strictEqual((yield* ask("/v1/models/gpt-4o-mini", bearer("alice-key"))).status, 200)
    })
  )
})

describe("GET /v1/models/{model}", () => {
  it.scoped("takes any name that reaches a model, slashes escaped or not", () =>
    Effect.gen(function* () {
      const { ask } = yield* start({ config })
      for (const [path, id, owner] of [
        ["fast", "fast", "penstock"],
        ["gpt-4o-mini", "gpt-4o-mini", "openai"],
        ["openai/gpt-4o-mini", "openai/gpt-4o-mini", "openai"],
        ["openai%2Fgpt-4o-mini?x=1", "openai/gpt-4o-mini", "openai"]
      ]) {
        const { json, status } = yield* ask(`/v1/models/${path}`)
        assert.strictEqual(status, 200, path)
        assert.deepStrictEqual(json, { id, object: "model", created: 0, owned_by: owner })
      }
    })
  )

  it.scoped("says what to set when the provider is not configured, and what is wrong when it is not there", () =>
    Effect.gen(function* () {
      const { ask } = yield* start({ config })
      const claude = yield* ask("/v1/models/claude-sonnet-4-5")
      assert.strictEqual(claude.status, 503)
      assert.match(claude.json.error.message, /ANTHROPIC_API_KEY is not set/)
      assert.strictEqual(claude.json.error.code, "not_configured")
      const local = yield* ask("/v1/models/llama3.2")
      assert.strictEqual(local.status, 503)
      assert.match(local.json.error.message, /http:\/\/ollama\.internal:1/)
      const unknown = yield* ask("/v1/models/gpt-4o-mimi")
      assert.strictEqual(unknown.status, 404)
      assert.match(unknown.json.error.message, /Did you mean gpt-4o-mini\?/)
    })
  )
})
