/** The tables of `docs/failure.md`: the contract with its tests, and row × protocol × mode with what each came to. */
import { table } from "../Table.ts"
import { contract, rows } from "./Contract.ts"
import { casesOf, type Mode, type Row } from "./Row.ts"
import { wireNames, type WireName } from "./Wires.ts"

export type Score = "pass" | "FAIL"

/** What a case came to; undefined for one that was not played. */
export type Scores = (row: Row, wire: WireName, mode: Mode) => Score | undefined

/** Every case that a row is meant for, as it has to be. */
export const perfect: Scores = (row, wire, mode) =>
  casesOf(row).some((each) => each.wire === wire && each.mode === mode) ? "pass" : undefined

export const scorecard = (scores: Scores): string =>
  table(
    ["row", "what goes wrong", ...wireNames.flatMap((wire) => [`${wire} stream`, `${wire} whole`])],
    rows.map((row) => [
      `\`${row.id}\``,
      row.fault,
      ...wireNames.flatMap((wire) => (["stream", "whole"] as const).map((mode) => scores(row, wire, mode) ?? "–"))
    ])
  )

export const promises = (): string =>
  table(
    ["event", "what Penstock does", "held by"],
    contract.map(({ event, promise, rows: own, tests = [] }) => [
      event,
      promise,
      [...own.map((row) => `\`${row.id}\``), ...tests.map(([file, name]) => `[${file}](../${file}): “${name} …”`)].join(
        ", "
      )
    ])
  )
