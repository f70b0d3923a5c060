import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpApiClient from "@effect/platform/HttpApiClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { assert, describe, it } from "@effect/vitest"
import { PenstockApi } from "@penstock/schema/api/PenstockApi"
import { GatewayError } from "@penstock/schema/GatewayError"
import { specJson } from "@penstock/server/control/Spec"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { expect } from "vitest"
import { start } from "./harness.ts"

interface PathItem {
  readonly [method: string]: {
    readonly operationId: string
    readonly summary: string
    readonly responses: { readonly [status: string]: { readonly description: string; readonly content: unknown } }
    readonly security: ReadonlyArray<object>
  }
}

const visit = (value: unknown, see: (key: string, value: unknown) => void): void => {
  if (typeof value !== "object" || value === null) return
  for (const [key, inner] of Object.entries(value)) {
    see(key, inner)
    visit(inner, see)
  }
}

describe("openapi.json", () => {
  it("is kept in docs/openapi.json as it is generated", async () => {
    await expect(specJson()).toMatchFileSnapshot("../../../../docs/openapi.json")
  })

  it("describes each endpoint, with failures in one shape and no dangling reference", () => {
    const spec = JSON.parse(specJson())
    assert.sameMembers(Object.keys(spec.paths), [
      "/v1/chat/completions",
      "/v1/responses",
      "/v1/responses/{response_id}",
      "/v1/responses/{response_id}/input_items",
      "/v1/messages",
      "/v1/messages/count_tokens",
      "/v1/completions",
      "/v1/embeddings",
      "/v1/moderations",
      "/v1/images/generations",
      "/v1/audio/speech",
      "/v1/audio/transcriptions",
      "/v1/audio/translations",
      "/v1/models",
      "/v1/models/{model}",
      "/v1/explain",
      "/v1/requests",
      "/v1/requests/{id}",
      "/v1/costs",
      "/v1/keys",
      "/v1/keys/{name}",
      "/v1/keys/{name}/rotate",
      "/v1/mcp/calls",
      "/v1/mcp/servers",
      "/v1/mcp/servers/{name}",
      "/v1/mcp/servers/{name}/tools",
      "/v1/mcp/servers/{name}/tools/{tool}",
      "/v1/workflows",
      "/v1/workflows/check",
      "/v1/workflows/{name}",
      "/v1/workflow/{name}",
      "/v1/workflows/{name}/runs",
      "/v1/workflows/{name}/webhook",
      "/v1/runs",
      "/v1/runs/{id}",
      "/v1/runs/{id}/events",
      "/v1/runs/{id}/signals/{name}",
      "/v1/budgets",
      "/",
      "/v1/traffic",
      "/metrics",
      "/health",
      "/ready"
    ])
    visit(spec, (key, value) => {
      if (key === "$ref") assert.isDefined(spec.components.schemas[String(value).replace("#/components/schemas/", "")])
    })
    assert.notInclude(specJson(), "HttpApiDecodeError")
    for (const item of Object.values<PathItem>(spec.paths)) {
      for (const { operationId, responses, security, summary } of Object.values(item)) {
        assert.isString(summary)
        for (const [status, { content, description }] of Object.entries(responses)) {
          assert.isAbove(description.length, 3)
          if (Number(status) >= 400 && operationId !== "status.ready") {
            assert.include(JSON.stringify(content), "#/components/schemas/ApiError")
          }
        }
        for (const name of security.flatMap((each) => Object.keys(each))) {
          assert.isDefined(spec.components.securitySchemes[name])
        }
      }
    }
  })

  it.scoped("is served as it is kept", () =>
    Effect.gen(function* () {
      const { ask } = yield* start()
      const { headers, status, text } = yield* ask("/openapi.json")
      assert.strictEqual(status, 200)
      assert.match(headers.get("content-type") ?? "", /^application\/json/)
      assert.strictEqual(text, specJson())
    })
  )
})

describe("the client that derives from the API", () => {
  it.scoped("calls every endpoint and fails with the errors of the gateway", () =>
    Effect.gen(function* () {
      const { fetch } = yield* start({
        config: {
          server: { auth: "keys", admin_key: "admin-key-1" },
          keys: [{ name: "bob", key: "bob-key-1" }]
        }
      })
      const clientWith = (key: string) =>
        HttpApiClient.make(PenstockApi, {
          baseUrl: "http://127.0.0.1:8080",
          transformClient: HttpClient.mapRequest(HttpClientRequest.bearerToken(key))
        }).pipe(Effect.provide(FetchHttpClient.layer))
      yield* Effect.gen(function* () {
        const client = yield* clientWith("admin-key-1")
        assert.strictEqual((yield* client.status.health()).status, "ok")
        assert.strictEqual((yield* client.status.ready()).status, "ready")
        assert.strictEqual((yield* client.status.landing()).name, "penstock")
        assert.include((yield* client.models.list()).models["openai"] ?? [], "gpt-4o")
        assert.strictEqual((yield* client.models.get({ path: { model: "demo/echo" } })).owned_by, "demo")
        const plan = yield* client.routing.explain({ payload: { model: "gpt-4o", messages: [] } })
        assert.strictEqual(plan.matched_by, "route")
        assert.deepStrictEqual((yield* client.ledger.requests({ urlParams: { limit: 5 } })).requests, [])
        assert.deepStrictEqual((yield* client.ledger.costs({ urlParams: { by: ["model", "day"] } })).by, [
          "model",
          "day"
        ])
        const made = yield* client.keys.create({
          payload: { name: "carol", models: ["*"], budget: null, rate: null, expires_at: null }
        })
        const carol = yield* clientWith(Redacted.value(made.key))
        assert.include((yield* carol.models.list()).models["openai"] ?? [], "gpt-4o")
        yield* client.keys.update({ path: { name: "carol" }, payload: { disabled: true } })
        const off = yield* Effect.flip(carol.models.list())
        assert.instanceOf(off, GatewayError)
        assert.strictEqual(off.code, "key_disabled")
        assert.isTrue((yield* client.keys.get({ path: { name: "carol" } })).disabled)
        yield* client.keys.rotate({ path: { name: "carol" }, payload: { grace: 0 } })
        assert.strictEqual((yield* client.keys.list()).keys.length, 2)
        yield* client.keys.remove({ path: { name: "carol" } })
        assert.deepStrictEqual((yield* client.budgets.list()).budgets, [])
        assert.deepStrictEqual((yield* client.workflows.list()).workflows, [])
        const run = { path: { name: "none" }, headers: {}, payload: { input: {} } }
        for (const call of [
          client.workflows.run(run),
          client.workflows.start(run),
          client.workflows.get(run),
          client.workflows.webhook(run)
        ]) {
          const noWorkflow = yield* Effect.flip<unknown, unknown, never>(call)
          assert.isTrue(noWorkflow instanceof GatewayError && noWorkflow.code === "workflow_not_found")
        }
        assert.deepStrictEqual(yield* client.runs.list({ urlParams: {} }), { runs: [], next: null })
        const byId = { path: { id: "run_0" } }
        for (const call of [
          client.runs.get(byId),
          client.runs.cancel(byId),
          client.runs.events({ ...byId, urlParams: {}, headers: {} }),
          client.signals.send({ path: { id: "run_0", name: "go" }, urlParams: {}, payload: {} })
        ]) {
          const noRun = yield* Effect.flip<unknown, unknown, never>(call)
          assert.isTrue(noRun instanceof GatewayError && noRun.reason === "not_found")
        }
        const absent = yield* Effect.flip(client.ledger.request({ path: { id: "req_0" } }))
        assert.isTrue(absent instanceof GatewayError && absent.reason === "not_found")
        const missing = yield* Effect.flip(client.models.get({ path: { model: "demo/nothing" } }))
        assert.instanceOf(missing, GatewayError)
        assert.strictEqual(missing.reason, "model_not_found")
        assert.strictEqual(missing.param, "model")
        const bad = yield* Effect.flip(client.ledger.requests({ urlParams: { cursor: "zzz" } }))
        assert.instanceOf(bad, GatewayError)
        assert.strictEqual(bad.param, "cursor")
        const bob = yield* clientWith("bob-key-1")
        const refused = yield* Effect.flip(bob.ledger.costs({ urlParams: { by: [] } }))
        assert.instanceOf(refused, GatewayError)
        assert.strictEqual(refused.reason, "forbidden")
      }).pipe(Effect.provideService(FetchHttpClient.Fetch, fetch as typeof globalThis.fetch))
    })
  )
})
