/**
 * Metrics by their labels. A series is looked up once and kept: what a request costs here is a few plain calls.
 *
 * They are Effect's own metrics, which one process has one set of: `/metrics` and the OTLP exporter read the same.
 */
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import * as MetricKey from "effect/MetricKey"
import * as MetricLabel from "effect/MetricLabel"
import type { Instrument } from "./Names.ts"

export interface Meter {
  /** Adds to a counter, sets a gauge, or observes a value of a histogram. One label's value for each of its names. */
  readonly record: (instrument: Instrument, value: number, labels: ReadonlyArray<string>) => void
}

/** Series of one metric: some labels are names that callers choose. Those beyond are counted together. */
const seriesKept = 2_000
export const otherLabel = "_OTHER"

type Update = (value: number) => void

/** The unit goes as a tag because that is where the OTLP exporter looks for it. */
export const unitTag = "unit"

/** An attribute that says nothing is left out. */
const tagsOf = (instrument: Instrument, labels: ReadonlyArray<string>): ReadonlyArray<MetricLabel.MetricLabel> => [
  MetricLabel.make(unitTag, instrument.unit),
  ...instrument.labels.flatMap((label, at) => {
    const value = labels[at] ?? ""
    return value === "" ? [] : [MetricLabel.make(label, value)]
  })
]

/** Effect takes histograms for the same only if their boundaries are the same object, whoever records into them. */
const boundariesOf = new WeakMap<Instrument, MetricBoundaries.MetricBoundaries>()

const boundaries = (instrument: Instrument): MetricBoundaries.MetricBoundaries => {
  const made = boundariesOf.get(instrument) ?? MetricBoundaries.fromIterable(instrument.boundaries ?? [])
  boundariesOf.set(instrument, made)
  return made
}

/**
 * The hook of one series. `Metric.unsafeUpdate` would look it up by all its labels with every value, which for the dozen
 * values of a request costs more than everything else that the gateway does for it.
 */
const updateFor = (instrument: Instrument, labels: ReadonlyArray<string>): Update => {
  const { description, kind, name } = instrument
  const tags = tagsOf(instrument, labels)
  const registry = Metric.globalMetricRegistry
  switch (kind) {
    case "counter":
      return registry.get(MetricKey.taggedWithLabels(MetricKey.counter(name, { description, incremental: true }), tags))
        .update
    case "gauge":
      return registry.get(MetricKey.taggedWithLabels(MetricKey.gauge(name, { description }), tags)).update
    case "histogram": {
      const key = MetricKey.histogram(name, boundaries(instrument), description)
      return registry.get(MetricKey.taggedWithLabels(key, tags)).update
    }
  }
}

export const make = (): Meter => {
  const all = new Map<Instrument, Map<string, Update>>()

  const updateOf = (instrument: Instrument, labels: ReadonlyArray<string>): Update => {
    let series = all.get(instrument)
    if (series === undefined) {
      series = new Map()
      all.set(instrument, series)
    }
    const key = labels.join("\n")
    const known = series.get(key)
    if (known !== undefined) return known
    if (series.size >= seriesKept) {
      const others = labels.map((label) => (label === "" ? "" : otherLabel))
      const other = others.join("\n")
      const update = series.get(other) ?? updateFor(instrument, others)
      series.set(other, update)
      return update
    }
    const update = updateFor(instrument, labels)
    series.set(key, update)
    return update
  }

  return { record: (instrument, value, labels) => updateOf(instrument, labels)(value) }
}
