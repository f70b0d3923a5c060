/** What operators' own tools are told: the metrics of this process, by whoever asks for them. */
import { Contents } from "@penstock/gateway/Contents"
import * as LedgerEvents from "@penstock/gateway/ledger/LedgerEvents"
import { Settings } from "@penstock/gateway/Settings"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as EndedRuns from "./EndedRuns.ts"
import * as Exposition from "./Exposition.ts"
import * as Meter from "./Meter.ts"
import { instruments } from "./Names.ts"
import * as Otlp from "./Otlp.ts"
import * as Readings from "./Readings.ts"
import * as RequestMetrics from "./RequestMetrics.ts"
import * as RequestSpans from "./RequestSpans.ts"
import * as RunSpans from "./RunSpans.ts"

export interface Service {
  /** The metrics as of now, in Prometheus' text format; null where they are turned off. */
  readonly scrape: Effect.Effect<string | null>
}

export class Telemetry extends Context.Tag("@penstock/server/telemetry/Telemetry")<Telemetry, Service>() {}

/** Whether anything is counted is decided at the start: what is off costs nothing at all. */
export const isOn = Effect.map(Settings, ({ current }) => {
  const { metrics, otlp_endpoint } = current().telemetry
  return metrics || otlp_endpoint !== null
})

const make = Effect.gen(function* () {
  if (!(yield* isOn)) return { scrape: Effect.succeed(null) } satisfies Service
  const meter = Meter.make()
  const events = yield* LedgerEvents.LedgerEvents
  yield* events.subscribe(RequestMetrics.make(meter))
  const refresh = yield* Readings.make(meter)
  const { metrics, otlp_endpoint, otlp_headers } = (yield* Settings).current().telemetry
  const tracer = otlp_endpoint === null ? null : yield* Otlp.make(otlp_endpoint, otlp_headers, refresh)
  if (tracer !== null) yield* events.subscribe(RequestSpans.make(tracer, yield* Contents))
  yield* EndedRuns.each((run, steps) => {
    meter.record(instruments.runsEnded, 1, [run.workflow, run.status])
    if (tracer !== null) RunSpans.emit(tracer, run, steps)
  })
  return { scrape: metrics ? Effect.map(refresh, Exposition.text) : Effect.succeed(null) } satisfies Service
})

export const layer = Layer.scoped(Telemetry, make)

/** The ledger, watched where anything is counted. */
export const layerLedger = Layer.unwrapEffect(
  Effect.map(isOn, (on) => (on ? LedgerEvents.layer : LedgerEvents.layerNoop))
)
