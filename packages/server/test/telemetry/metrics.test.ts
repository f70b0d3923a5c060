import { assert, describe, it } from "@effect/vitest"
import * as Breakers from "@penstock/gateway/failover/Breakers"
import { Ledger } from "@penstock/gateway/ledger/Ledger"
import { NanoDollars } from "@penstock/schema/Money"
import { all, prometheusLabel, prometheusName } from "@penstock/server/telemetry/Names"
import { Runs } from "@penstock/workflow/runtime/Runs"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fixtures from "../../../gateway/test/ledger/Fixtures.ts"
import { bearer, start } from "../control/harness.ts"
import { parse } from "./Scrape.ts"

const config = {
  server: { auth: "keys", admin_key: "admin-key-1" },
  budget: { usd: 10, per: "total" },
  keys: [{ name: 'al"ice\\', key: "alice-key-1", budget: { usd: 1, per: "day" } }]
}

const scrape = (ask: Effect.Effect.Success<ReturnType<typeof start>>["ask"]) =>
  Effect.map(ask("/metrics", bearer("admin-key-1")), ({ headers, status, text }) => {
    assert.strictEqual(status, 200)
    assert.strictEqual(headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8")
    const families = parse(text)
    return {
      families,
      value: (name: string, labels: { readonly [name: string]: string } = {}) =>
        families
          .get(name.replace(/_(?:sum|count|bucket)$/, "")) // a histogram's samples are under its name
          ?.samples.find(
            (sample) =>
              sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value)
          )?.value
    }
  })

const call = {
  id: Fixtures.id(900),
  requestId: null,
  turn: null,
  runId: null,
  workflowName: null,
  key: null,
  server: "files",
  tool: "read",
  startedAt: 0,
  latencyMillis: 30,
  status: "tool_error",
  error: null,
  resultSize: 3,
  cost: null
} as const

describe("GET /metrics", () => {
  it.scoped("has every metric of the table under its name and labels, and no other", () =>
    Effect.gen(function* () {
      const { ask, context } = yield* start({ config })
      const ledger = Context.get(context, Ledger)
      yield* ledger.open(Fixtures.opening(1))
      yield* ledger.settle(Fixtures.settlement(1, { attempts: [Fixtures.attempt()] }))
      yield* ledger.open(Fixtures.opening(2))
      yield* ledger.settle(
        Fixtures.settlement(2, {
          status: "error",
          cost: null,
          attempts: [Fixtures.attempt({ outcome: "error", reason: "server" })],
          error: { reason: "server", message: "no" }
        })
      )
      yield* ledger.recordToolCall(call)
      const breakers = Context.get(context, Breakers.Breakers)
      const policy = { failures: 1, window: 1000, cooldown: 1000 }
      breakers.leave({ provider: "openai", model: "gpt-4o" }, "pass", "failed", policy)
      const runs = Context.get(context, Runs)
      const { id } = yield* runs.start(
        "name: told\nsteps: [{id: s, type: llm, model: m, prompt: p, mock: m, output: r}]\noutput: r\n",
        {},
        {
          rehearsal: true
        }
      )
      yield* runs.await(id)
      // Runs are told of by a fiber of its own.
      const told = Effect.map(scrape(ask), ({ families }) => families.has("penstock_runs_ended_total"))
      yield* Effect.repeat(told, { until: (isThere) => isThere, times: 1000 })
      const { families, value } = yield* scrape(ask)
      assert.deepStrictEqual([...families.keys()].sort(), all.map(prometheusName).sort())
      for (const instrument of all) {
        const family = families.get(prometheusName(instrument))
        assert.strictEqual(family?.type, instrument.kind)
        const known = new Set<string>([...instrument.labels.map(prometheusLabel), "le"])
        for (const { labels } of family?.samples ?? []) {
          assert.isTrue(Object.keys(labels).every((label) => known.has(label)))
        }
      }
      assert.strictEqual(value("penstock_breaker_state", { gen_ai_response_model: "gpt-4o" }), 2)
      assert.strictEqual(value("penstock_budget_limit_usd", { penstock_budget_scope: 'key:al"ice\\' }), 1)
    })
  )

  it.scoped("counts what was settled: durations, first tokens, tokens by kind, money, attempts", () =>
    Effect.gen(function* () {
      const { ask, context } = yield* start({ config })
      const ledger = Context.get(context, Ledger)
      const model = "a-model-of-its-own"
      const labels = { gen_ai_provider_name: "openai", gen_ai_response_model: model }
      yield* ledger.open(Fixtures.opening(3))
      assert.strictEqual((yield* scrape(ask)).value("penstock_requests_running"), 1)
      const attempts = [
        Fixtures.attempt({ model, outcome: "error", reason: "rate_limit", cost: null, usage: null }),
        Fixtures.attempt({ model })
      ]
      const settlement = Fixtures.settlement(3, { model, attempts, latencyMillis: 800, firstTokenMillis: 120 })
      yield* ledger.settle(settlement)
      // A second settlement of a request changes nothing.
      yield* ledger.settle(settlement)
      const { value } = yield* scrape(ask)
      assert.strictEqual(value("penstock_requests_running"), 0)
      assert.strictEqual(value("penstock_requests_total", { ...labels, penstock_status: "ok" }), 1)
      const duration = "gen_ai_client_operation_duration_seconds"
      assert.strictEqual(value(`${duration}_count`, { ...labels, gen_ai_operation_name: "chat" }), 1)
      assert.strictEqual(value(`${duration}_sum`, labels), 0.8)
      assert.strictEqual(value(`${duration}_bucket`, { ...labels, le: "0.64" }), 0)
      assert.strictEqual(value(`${duration}_bucket`, { ...labels, le: "1.28" }), 1)
      assert.strictEqual(value("gen_ai_server_time_to_first_token_seconds_sum", labels), 0.12)
      assert.strictEqual(value("gen_ai_client_token_usage_sum", { ...labels, gen_ai_token_type: "input" }), 120)
      assert.strictEqual(value("penstock_tokens_total", { ...labels, gen_ai_token_type: "cacheRead" }), 20)
      assert.strictEqual(value("penstock_tokens_total", { ...labels, gen_ai_token_type: "reasoning" }), 5)
      assert.strictEqual(value("penstock_cost_usd_total", labels), 0.000036)
      assert.strictEqual(value("penstock_attempts_total", { ...labels, error_type: "rate_limit" }), 1)
      assert.strictEqual(value("penstock_attempts_total", { ...labels, penstock_attempt_outcome: "ok" }), 1)
    })
  )

  it.scoped("an unknown cost is counted as unknown, and not as nothing", () =>
    Effect.gen(function* () {
      const { ask, context } = yield* start({ config })
      const ledger = Context.get(context, Ledger)
      const labels = { gen_ai_response_model: "unpriced" }
      yield* ledger.open(Fixtures.opening(4))
      yield* ledger.settle(Fixtures.settlement(4, { model: "unpriced", cost: null }))
      yield* ledger.open(Fixtures.opening(5))
      yield* ledger.settle(Fixtures.settlement(5, { model: "free", cost: NanoDollars.make(0) }))
      const { value } = yield* scrape(ask)
      assert.strictEqual(value("penstock_requests_unpriced_total", labels), 1)
      assert.strictEqual(value("penstock_cost_usd_total", labels), undefined)
      assert.strictEqual(value("penstock_cost_usd_total", { gen_ai_response_model: "free" }), 0)
    })
  )

  it.scoped("a breaker that is closed again is told of as closed", () =>
    Effect.gen(function* () {
      const { ask, context } = yield* start({ config })
      const breakers = Context.get(context, Breakers.Breakers)
      const target = { provider: "openai", model: "recovers" }
      const policy = { failures: 1, window: 1000, cooldown: 1000 }
      breakers.leave(target, "pass", "failed", policy)
      const labels = { gen_ai_response_model: "recovers" }
      assert.strictEqual((yield* scrape(ask)).value("penstock_breaker_state", labels), 2)
      breakers.leave(target, "last_resort", "alive", policy)
      assert.strictEqual((yield* scrape(ask)).value("penstock_breaker_state", labels), 0)
    })
  )

  it.scoped("is for the admin where there are keys, and open where there are none", () =>
    Effect.gen(function* () {
      const { ask } = yield* start({ config })
      assert.strictEqual((yield* ask("/metrics")).status, 401)
      assert.strictEqual((yield* ask("/metrics", bearer("alice-key-1"))).status, 403)
      const open = yield* start()
      assert.strictEqual((yield* open.ask("/metrics")).status, 200)
      const rebound = yield* open.ask("/metrics", { headers: { host: "evil.example", origin: "http://evil.example" } })
      assert.strictEqual(rebound.status, 403)
    })
  )

  it.scoped("answers 404 and says what to set where it is turned off", () =>
    Effect.gen(function* () {
      const { ask } = yield* start({ config: { telemetry: { metrics: false } } })
      const { json, status } = yield* ask("/metrics")
      assert.strictEqual(status, 404)
      assert.include(json.error.message, "telemetry.metrics")
    })
  )

  it.scoped("a caller who makes up names cannot make up series without end", () =>
    Effect.gen(function* () {
      const { ask, context } = yield* start({ config })
      const ledger = Context.get(context, Ledger)
      for (let at = 0; at < 2_100; at++) {
        yield* ledger.open(Fixtures.opening(1_000 + at))
        yield* ledger.settle(Fixtures.settlement(1_000 + at, { model: `made-up-${at}`, usage: null, attempts: [] }))
      }
      const { families, value } = yield* scrape(ask)
      const samples = families.get("penstock_cost_usd_total")?.samples ?? []
      assert.isAtMost(
        samples.filter(({ labels }) => labels["gen_ai_response_model"]?.startsWith("made-up")).length,
        2_000
      )
      assert.isAbove(value("penstock_requests_total", { gen_ai_response_model: "_OTHER" }) ?? 0, 0)
    })
  )
})
