/**
 * To an OpenTelemetry collector, over HTTP and in JSON. One that cannot be reached is tried again a minute later: spans
 * of that minute are lost, counters go on.
 */
import * as OtlpMetrics from "@effect/opentelemetry/OtlpMetrics"
import * as OtlpSerialization from "@effect/opentelemetry/OtlpSerialization"
import * as OtlpTracer from "@effect/opentelemetry/OtlpTracer"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { version } from "@penstock/schema/api/Version"
import type { TelemetryConfig } from "@penstock/schema/config/Telemetry"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"

const metricsInterval = "10 seconds"
const spansInterval = "5 seconds"

const layerClient = Layer.merge(NodeHttpClient.layer, OtlpSerialization.layerJson)

/** Under which name the collector has us: `OTEL_SERVICE_NAME`, as everywhere. */
const serviceName = Config.string("OTEL_SERVICE_NAME").pipe(
  Config.withDefault("penstock"),
  Effect.orElseSucceed(() => "penstock")
)

/** For as long as the scope lives, spans and metrics go there; `refresh` brings up to date what is only read. */
export const make = Effect.fnUntraced(function* (
  endpoint: string,
  headers: TelemetryConfig["otlp_headers"],
  refresh: Effect.Effect<void>
) {
  const client = yield* Layer.build(layerClient)
  const base = endpoint.replace(/\/+$/, "")
  const options = {
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Redacted.value(value)])),
    resource: { serviceName: yield* serviceName, serviceVersion: version }
  }
  yield* Effect.forkScoped(Effect.interruptible(Effect.repeat(refresh, Schedule.spaced(metricsInterval))))
  yield* OtlpMetrics.make({ ...options, url: `${base}/v1/metrics`, exportInterval: metricsInterval }).pipe(
    Effect.provide(client)
  )
  return yield* OtlpTracer.make({ ...options, url: `${base}/v1/traces`, exportInterval: spansInterval }).pipe(
    Effect.provide(client)
  )
})
