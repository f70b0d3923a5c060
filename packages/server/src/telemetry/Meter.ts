/**
 * Metrics by their labels. A series is looked up once and kept: what a request costs here is a few plain calls.
 *
 * They are Effect's own metrics, which one process has one set of: `/metrics` and the OTLP exporter read the same.
 */
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import type { Instrument } from "./Names.ts"

export interface Meter {
  /** Adds to a counter, sets a gauge, or observes a value of a histogram. One label's value for each of its names. */
  readonly record: (instrument: Instrument, value: number, labels: ReadonlyArray<string>) => void
}

/** Series of one metric: some labels are names that callers choose. Those beyond are counted together. */
const seriesKept = 2_000
export const otherLabel = "_OTHER"

type Update = (value: number) => void

interface Series {
  readonly of: (labels: ReadonlyArray<string>) => Update
  readonly known: Map<string, Update>
}

/** The unit goes as a tag because that is where the OTLP exporter looks for it. */
export const unitTag = "unit"

const seriesOver = <Type, Out>(instrument: Instrument, metric: Metric.Metric<Type, number, Out>): Series => ({
  known: new Map(),
  of: (labels) => {
    let tagged = Metric.tagged(metric, unitTag, instrument.unit)
    for (const [at, label] of instrument.labels.entries()) {
      const value = labels[at] ?? ""
      // An attribute that says nothing is left out.
      if (value !== "") tagged = Metric.tagged(tagged, label, value)
    }
    return (value) => tagged.unsafeUpdate(value, [])
  }
})

const seriesOf = (instrument: Instrument): Series => {
  const { boundaries = [], description, kind, name } = instrument
  switch (kind) {
    case "counter":
      return seriesOver(instrument, Metric.counter(name, { description, incremental: true }))
    case "gauge":
      return seriesOver(instrument, Metric.gauge(name, { description }))
    case "histogram":
      return seriesOver(instrument, Metric.histogram(name, MetricBoundaries.fromIterable(boundaries), description))
  }
}

export const make = (): Meter => {
  const all = new Map<Instrument, Series>()

  const updateOf = (instrument: Instrument, labels: ReadonlyArray<string>): Update => {
    let series = all.get(instrument)
    if (series === undefined) {
      series = seriesOf(instrument)
      all.set(instrument, series)
    }
    const key = labels.join("\n")
    const known = series.known.get(key)
    if (known !== undefined) return known
    if (series.known.size >= seriesKept) {
      const others = labels.map((label) => (label === "" ? "" : otherLabel))
      const other = others.join("\n")
      const update = series.known.get(other) ?? series.of(others)
      series.known.set(other, update)
      return update
    }
    const update = series.of(labels)
    series.known.set(key, update)
    return update
  }

  return { record: (instrument, value, labels) => updateOf(instrument, labels)(value) }
}
