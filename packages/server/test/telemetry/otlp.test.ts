import { assert, describe, it } from "@effect/vitest"
import { Ledger } from "@penstock/gateway/ledger/Ledger"
import { all } from "@penstock/server/telemetry/Names"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fixtures from "../../../gateway/test/ledger/Fixtures.ts"
import { start } from "../control/harness.ts"
import * as Collector from "./Collector.ts"

describe("OTLP", () => {
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
