import { assert, describe, it } from "@effect/vitest"
import { Ledger } from "@penstock/gateway/ledger/Ledger"
import { all } from "@penstock/server/telemetry/Names"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fixtures from "../../../gateway/test/ledger/Fixtures.ts"
import { Runs } from "@penstock/workflow/runtime/Runs"
import { start } from "../control/harness.ts"
import * as Collector from "./Collector.ts"

const workflow = `name: told
steps: [{id: greet, type: llm, model: gpt-4o, prompt: hi, mock: hello, output: r}]
output: r
`

interface Span extends Collector.Point {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
}

const spansOf = (received: ReadonlyArray<Collector.Received>): ReadonlyArray<Span> =>
  received.filter(({ path }) => path === "/v1/traces").flatMap(({ body }) => body.resourceSpans[0].scopeSpans[0].spans)

describe("OTLP", () => {
  it.scoped("a run that has ended is a span with its steps below it, and is counted", () =>
    Effect.gen(function* () {
      const { received, url } = yield* Collector.start
      const id = yield* Effect.scoped(
        Effect.gen(function* () {
          const { ask, context } = yield* start({ config: { telemetry: { otlp_endpoint: url } } })
          const runs = Context.get(context, Runs)
          const { id } = yield* runs.start(workflow, {}, { rehearsal: true })
          assert.strictEqual((yield* runs.await(id)).status, "succeeded")
          // Runs are told of by a fiber of its own.
          const counted = Effect.map(ask("/metrics"), ({ text }) => text.includes("penstock_runs_ended_total{"))
          assert.isTrue(yield* Effect.repeat(counted, { until: (isThere) => isThere, times: 1000 }))
          return id
        })
      )
      const spans = spansOf(received)
      const run = spans.find(({ name }) => name === "invoke_workflow told")
      const step = spans.find(({ name }) => name === "step greet")
      assert.strictEqual(Collector.attributesOf(run?.attributes ?? [])["penstock.run.id"], id)
      assert.strictEqual(step?.traceId, run?.traceId)
      assert.strictEqual(step?.parentSpanId, run?.spanId)
    })
  )

  it.scoped("a call of a tool is a span of the conventions for MCP", () =>
    Effect.gen(function* () {
      const { received, url } = yield* Collector.start
      yield* Effect.scoped(
        Effect.gen(function* () {
          const { context } = yield* start({ config: { telemetry: { otlp_endpoint: url } } })
          const ended = { id: Fixtures.id(1), requestId: null, turn: null, runId: null, workflowName: null, key: null }
          const call = { ...ended, server: "files", tool: "read", startedAt: Fixtures.noon, latencyMillis: 30 }
          yield* Context.get(context, Ledger).recordToolCall({
            ...call,
            status: "tool_error",
            error: null,
            resultSize: 3,
            cost: null
          })
        })
      )
      const [span] = spansOf(received)
      assert.strictEqual(span?.name, "tools/call read")
      assert.deepInclude(Collector.attributesOf(span?.attributes ?? []), {
        "mcp.method.name": "tools/call",
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "read",
        "penstock.mcp.server": "files",
        "error.type": "tool_error"
      })
    })
  )

  it.scoped("a collector receives metrics under the names of the conventions, with what it wants to see", () =>
    Effect.gen(function* () {
      const { received, url } = yield* Collector.start
      const config = {
        telemetry: { metrics: false, otlp_endpoint: url, otlp_headers: { "x-key": "collector-secret" } }
      }
      yield* Effect.scoped(
        Effect.gen(function* () {
          const { context } = yield* start({ config })
          const ledger = Context.get(context, Ledger)
          yield* ledger.open(Fixtures.opening(1))
          yield* ledger.settle(Fixtures.settlement(1, { model: "told-by-otlp" }))
        })
      )
      const told = received.find(({ path }) => path === "/v1/metrics")
      if (told === undefined) return assert.fail("no metrics")
      assert.strictEqual(told.headers["x-key"], "collector-secret")
      const [{ resource, scopeMetrics }] = told.body.resourceMetrics
      assert.strictEqual(Collector.attributesOf(resource.attributes)["service.name"], "penstock")
      const names = new Set(all.map(({ name }) => name))
      const ours: ReadonlyArray<Collector.Received["body"]> = scopeMetrics[0].metrics.filter(
        ({ name }: { readonly name: string }) => names.has(name)
      )
      const duration = ours.find(({ name }) => name === "gen_ai.client.operation.duration")
      assert.strictEqual(duration.unit, "s")
      const point = duration.histogram.dataPoints.find(
        ({ attributes }: Collector.Point) =>
          Collector.attributesOf(attributes)["gen_ai.response.model"] === "told-by-otlp"
      )
      assert.strictEqual(point.sum, 0.8)
      assert.include(Collector.attributesOf(point.attributes), {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai"
      })
      for (const name of ["gen_ai.client.token.usage", "penstock.cost", "penstock.requests", "process.memory.usage"]) {
        assert.isTrue(
          ours.some((metric) => metric.name === name),
          name
        )
      }
    })
  )
})
