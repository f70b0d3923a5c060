import { assert, describe, it } from "@effect/vitest"
import { all, prometheusLabel, prometheusName } from "@penstock/server/telemetry/Names"
import * as fs from "node:fs"
import * as path from "node:path"

const file = path.resolve(import.meta.dirname, "../../../../docs/grafana.json")

interface Board {
  readonly panels: ReadonlyArray<{
    readonly title: string
    readonly targets: ReadonlyArray<{ readonly expr: string; readonly legendFormat: string }>
  }>
  readonly templating: { readonly list: ReadonlyArray<{ readonly type: string; readonly query: string }> }
}

const board: Board = JSON.parse(fs.readFileSync(file, "utf8"))

const names = new Set(
  all.flatMap((instrument) => {
    const name = prometheusName(instrument)
    return instrument.kind === "histogram" ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name]
  })
)
const labels = new Set([...all.flatMap(({ labels: of }) => of.map((label) => prometheusLabel(label))), "le"])

/** Words of an expression that are ours to define; a label's value is none. */
const words = (expression: string): ReadonlyArray<string> =>
  expression.replaceAll(/"[^"]*"/g, "").match(/\b(?:gen_ai|mcp|penstock|process|cpu|error)_\w+/g) ?? []

describe("docs/grafana.json", () => {
  it("names metrics and labels that exist, and shows each of the metrics", () => {
    const shown = new Set<string>()
    for (const { targets, title } of board.panels) {
      assert.isAbove(targets.length, 0, title)
      for (const { expr, legendFormat } of targets) {
        for (const word of words(expr)) {
          assert.isTrue(names.has(word) || labels.has(word), `${title}: ${word}`)
          shown.add(word)
        }
        for (const label of words(legendFormat)) assert.isTrue(labels.has(label), `${title}: ${label}`)
      }
    }
    for (const { query, type } of board.templating.list) {
      if (type === "query") for (const word of words(query)) assert.isTrue(names.has(word) || labels.has(word), word)
    }
    const missing = all
      .map((instrument) => prometheusName(instrument))
      .filter((name) => ![...shown].some((word) => word === name || word === `${name}_bucket`))
    assert.deepStrictEqual(missing, ["penstock_budget_reserved_usd"])
  })
})
