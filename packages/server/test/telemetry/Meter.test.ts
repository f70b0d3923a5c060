import { assert, describe, it } from "@effect/vitest"
import * as Exposition from "@penstock/server/telemetry/Exposition"
import * as Meter from "@penstock/server/telemetry/Meter"
import { all } from "@penstock/server/telemetry/Names"

describe("two gateways in one process", () => {
  it("are one set of metrics: what both record is in one series, whatever its kind", () => {
    const gateways = [Meter.make(), Meter.make()]
    const label = "of-two-gateways"
    for (const instrument of all) {
      for (const { record } of gateways)
        record(
          instrument,
          1,
          instrument.labels.map(() => label)
        )
    }
    const lines = Exposition.text().split("\n")
    const labelled = all.filter(({ labels }) => labels.length > 0)
    const series = lines
      .filter((line) => line.includes(`"${label}"`))
      .map((line) => line.slice(0, line.lastIndexOf(" ")))
    assert.strictEqual(new Set(series).size, series.length)
    const counted = lines.filter((line) => /(_total|_count)\{/.test(line) && line.includes(`"${label}"`))
    assert.isAtLeast(counted.length, labelled.filter(({ kind }) => kind !== "gauge").length)
    assert.isTrue(counted.every((line) => line.endsWith(" 2")))
  })
})
