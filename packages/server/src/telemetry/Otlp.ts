/**
 * To an OpenTelemetry collector, over HTTP and in JSON. Who cannot be reached is tried again a minute later; what was
 * counted is then told all the same, as counters go on.
 */
import * as OtlpMetrics from "@effect/opentelemetry/OtlpMetrics"
import * as OtlpSerialization from "@effect/opentelemetry/OtlpSerialization"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { version } from "@penstock/schema/api/Version"
import type { TelemetryConfig } from "@penstock/schema/config/Telemetry"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"

const exportInterval = "10 seconds"

const layerClient = Layer.merge(NodeHttpClient.layer, OtlpSerialization.layerJson)

/** Under which name the collector has us: `OTEL_SERVICE_NAME`, as everywhere. */
const serviceName = Config.string("OTEL_SERVICE_NAME").pipe(
  Config.withDefault("penstock"),
  Effect.orElseSucceed(() => "penstock")
)

/** Tells the collector of the metrics for as long as the scope lives; `refresh` brings up to date what is only read. */
export const exportMetrics = Effect.fnUntraced(function* (
  endpoint: string,
  headers: TelemetryConfig["otlp_headers"],
  refresh: Effect.Effect<void>
): Effect.fn.Return<void, never, Scope.Scope> {
  const client = yield* Layer.build(layerClient)
  // The exporter says last words when it is closed; until then its figures are those of the last refresh.
  yield* Effect.forkScoped(Effect.interruptible(Effect.repeat(refresh, Schedule.spaced(exportInterval))))
  yield* OtlpMetrics.make({
    url: `${endpoint.replace(/\/+$/, "")}/v1/metrics`,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Redacted.value(value)])),
    resource: { serviceName: yield* serviceName, serviceVersion: version },
    exportInterval
  }).pipe(Effect.provide(client))
})
