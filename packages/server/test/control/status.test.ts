import { assert, describe, it } from "@effect/vitest"
import { LedgerError, type Service as LedgerService } from "@penstock/gateway/ledger/Ledger"
import { version } from "@penstock/schema/api/Version"
import { make as makeError } from "@penstock/schema/GatewayError"
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { start, usual } from "./harness.ts"

const brokenLedger = {
  requests: () => Effect.fail(new LedgerError({ operation: "read", cause: new Error("disk I/O error") })),
  costs: () => Effect.fail(new LedgerError({ operation: "read", cause: new Error("disk I/O error") }))
} as unknown as LedgerService

describe("GET /health", () => {
  it.scoped("says the version of the package", () =>
    Effect.gen(function* () {
      const { ask } = yield* start()
      const { json, status } = yield* ask("/health")
      assert.strictEqual(status, 200)
      assert.deepStrictEqual(json, { status: "ok", version })
      const root = JSON.parse(readFileSync(new URL("../../../../package.json", import.meta.url), "utf8"))
      assert.strictEqual(version, root.version)
    })
  )
})

describe("GET /ready", () => {
  it.scoped("is 200 with the state of each provider when one of them can be called", () =>
    Effect.gen(function* () {
      const { ask } = yield* start()
      const { json, status } = yield* ask("/ready")
      assert.strictEqual(status, 200)
      assert.strictEqual(json.status, "ready")
      assert.deepStrictEqual(json.ledger, { ready: true, reason: null })
      const { anthropic, ollama, openai } = json.providers
      const protocol = "openai-chat"
      assert.deepStrictEqual(openai, {
        protocol,
        configured: true,
        reachable: true,
        ready: true,
        reason: null,
        breakers: {}
      })
      assert.deepStrictEqual(anthropic, {
        protocol,
        configured: false,
        reachable: null,
        ready: false,
        reason: "ANTHROPIC_API_KEY is not set",
        breakers: {}
      })
      assert.deepStrictEqual(ollama, {
        protocol,
        configured: true,
        reachable: false,
        ready: false,
        reason: "nobody answers at http://ollama.internal:1",
        breakers: {}
      })
    })
  )

  it.scoped("is 503 when no provider can be called", () =>
    Effect.gen(function* () {
      const { ollama = {}, anthropic = {} } = usual
      const openai = { models: Effect.fail(makeError("authentication", "openai refused the key")) }
      const { ask } = yield* start({ providers: { ollama, anthropic, openai } })
      const { json, status } = yield* ask("/ready")
      assert.strictEqual(status, 503)
      assert.strictEqual(json.status, "not_ready")
      assert.deepInclude(json.providers.openai, { reachable: true, ready: false, reason: "openai refused the key" })
    })
  )

  it.scoped("counts a provider without a model list, or that limits the rate, as callable", () =>
    Effect.gen(function* () {
      for (const reason of ["not_found", "rate_limit", "invalid_response"] as const) {
        const { ask } = yield* start({ providers: { mock: { models: Effect.fail(makeError(reason, "no")) } } })
        assert.strictEqual((yield* ask("/ready")).status, 200, reason)
      }
    })
  )

  it.scoped("is 503 when the ledger does not work", () =>
    Effect.gen(function* () {
      const { ask } = yield* start({ ledger: brokenLedger })
      const { json, status, text } = yield* ask("/ready")
      assert.strictEqual(status, 503)
      assert.isFalse(json.ledger.ready)
      assert.notInclude(text, "disk I/O")
    })
  )

  it.scoped("names no address where keys are required", () =>
    Effect.gen(function* () {
      const { ask } = yield* start({ config: { server: { auth: "keys" } } })
      const { json, status, text } = yield* ask("/ready")
      assert.strictEqual(status, 200)
      assert.strictEqual(json.providers.ollama.reason, "unreachable")
      assert.notInclude(text, "internal:1")
    })
  )
})

describe("GET /", () => {
  it.scoped("is JSON for a program, with a command that works as it stands", () =>
    Effect.gen(function* () {
      const { ask } = yield* start({ config: { models: { fast: "demo/echo" } } })
      const { headers, json, status } = yield* ask("/", { headers: { host: "gate.test:9000" } })
      assert.strictEqual(status, 200)
      assert.strictEqual(headers.get("vary"), "accept")
      assert.deepInclude(json, { name: "penstock", version })
      assert.strictEqual(json.providers.anthropic, "ANTHROPIC_API_KEY is not set")
      assert.strictEqual(json.providers.openai, "configured")
      assert.include(json.models, "fast")
      assert.match(json.try, /^curl http:\/\/gate\.test:9000\/v1\/chat\/completions /)
      const body = JSON.parse(/-d '(.*)'$/s.exec(json.try)?.[1] ?? "")
      assert.strictEqual(body.model, "demo/echo")
      // It is built apart, and has tests of its own.
      const { dashboard: _, ...links } = json.links
      for (const link of Object.values<string>(links)) {
        const answer = yield* ask(link.replace("http://gate.test:9000", ""))
        assert.strictEqual(answer.status, 200, link)
      }
    })
  )

  it.scoped("is a page for a browser that loads nothing from elsewhere and escapes what it shows", () =>
    Effect.gen(function* () {
      const { ask } = yield* start({
        config: { models: { "<script>alert(1)</script>": "demo/echo" } },
        providers: { ...usual, odd: { missing: '<b>"X"&Y</b>' } }
      })
      const { headers, status, text } = yield* ask("/", {
        headers: { accept: "text/html,application/xhtml+xml,*/*;q=0.8", host: '"><script>' }
      })
      assert.strictEqual(status, 200)
      assert.match(headers.get("content-type") ?? "", /^text\/html/)
      assert.include(headers.get("content-security-policy"), "default-src 'none'")
      assert.notInclude(text, "<script")
      assert.notMatch(text, /<(link|img|iframe)|@import|url\(/)
      assert.include(text, "&lt;b&gt;&quot;X&quot;&amp;Y&lt;/b&gt; is not set")
      assert.include(text, "curl http://127.0.0.1:8080/v1/chat/completions")
    })
  )

  it.scoped("puts a key into the command where one is required", () =>
    Effect.gen(function* () {
      const { ask } = yield* start({ config: { server: { auth: "keys" } } })
      assert.include((yield* ask("/")).json.try, "authorization: Bearer $PENSTOCK_KEY")
    })
  )
})

describe("GET /docs", () => {
  it.scoped("is a whole page with its script and the description inside", () =>
    Effect.gen(function* () {
      const { ask } = yield* start()
      for (const _ of [1, 2]) {
        const { headers, status, text } = yield* ask("/docs")
        assert.strictEqual(status, 200)
        assert.match(headers.get("content-type") ?? "", /^text\/html/)
        assert.include(headers.get("content-security-policy"), "default-src 'none'")
        assert.include(text, "SwaggerUIBundle")
        assert.include(text, "/v1/chat/completions")
        assert.notMatch(text, /<(script|img|iframe)[^>]* src=|<link[^>]* href=/)
      }
    })
  )
})
