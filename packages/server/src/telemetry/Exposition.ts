/** The metrics as Prometheus reads them: its text format, version 0.0.4. */
import * as Metric from "effect/Metric"
import * as MetricState from "effect/MetricState"
import type * as MetricLabel from "effect/MetricLabel"
import type * as MetricPair from "effect/MetricPair"
import * as Option from "effect/Option"
import { unitTag } from "./Meter.ts"
import { all, type Instrument, prometheusLabel, prometheusName } from "./Names.ts"

export const contentType = "text/plain; version=0.0.4; charset=utf-8"

const escapeHelp = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")
const escapeLabel = (text: string): string => escapeHelp(text).replaceAll('"', '\\"')

const labelsOf = (tags: ReadonlyArray<MetricLabel.MetricLabel>): ReadonlyArray<string> =>
  tags.flatMap(({ key, value }) => (key === unitTag ? [] : [`${prometheusLabel(key)}="${escapeLabel(value)}"`]))

const number = (value: number | bigint): string =>
  value === Number.POSITIVE_INFINITY ? "+Inf" : value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value)

const sample = (name: string, labels: ReadonlyArray<string>, value: number | bigint): string =>
  `${name}${labels.length === 0 ? "" : `{${labels.join(",")}}`} ${number(value)}`

const samples = (name: string, { metricKey, metricState }: MetricPair.MetricPair.Untyped): ReadonlyArray<string> => {
  const labels = labelsOf(metricKey.tags)
  if (MetricState.isCounterState(metricState)) return [sample(name, labels, metricState.count)]
  if (MetricState.isGaugeState(metricState)) return [sample(name, labels, metricState.value)]
  if (!MetricState.isHistogramState(metricState)) return []
  const { buckets, count, sum } = metricState
  return [
    ...[...buckets]
      .filter(([bound]) => Number.isFinite(bound) && bound < Number.MAX_VALUE)
      .map(([bound, upTo]) => sample(`${name}_bucket`, [...labels, `le="${bound}"`], upTo)),
    sample(`${name}_bucket`, [...labels, 'le="+Inf"'], count),
    sample(`${name}_sum`, labels, sum),
    sample(`${name}_count`, labels, count)
  ]
}

const family = (instrument: Instrument, pairs: ReadonlyArray<MetricPair.MetricPair.Untyped>): string => {
  const name = prometheusName(instrument)
  return [
    `# HELP ${name} ${escapeHelp(instrument.description)}`,
    `# TYPE ${name} ${instrument.kind}`,
    ...pairs.flatMap((pair) => samples(name, pair))
  ].join("\n")
}

/** Metrics of this process that are in the table of names and have been recorded. */
export const text = (): string => {
  const byName = new Map<string, Array<MetricPair.MetricPair.Untyped>>()
  for (const pair of Metric.unsafeSnapshot()) {
    const pairs = byName.get(pair.metricKey.name)
    if (pairs === undefined) byName.set(pair.metricKey.name, [pair])
    else pairs.push(pair)
  }
  return all
    .flatMap((instrument) =>
      Option.match(Option.fromNullable(byName.get(instrument.name)), {
        onNone: () => [],
        onSome: (pairs) => [`${family(instrument, pairs)}\n`]
      })
    )
    .join("")
}
