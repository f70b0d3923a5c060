/** The tables of `docs/failure.md`: the contract with its tests, and row × protocol × mode with what
 * each came to in the worst of the dialects. */
import { table } from "../Table.ts"
import { contract, rows } from "./Contract.ts"
import { dialects } from "./Dialects.ts"
import { casesOf, type Mode, type Row } from "./Row.ts"
import { wireNames, type WireName } from "./Wires.ts"

export type Score = "pass" | "FAIL"

/** What a case came to; undefined for one that was not played. */
export type Scores = (row: Row, wire: WireName, mode: Mode) => Score | undefined

/** Every case that a row is meant for, as it has to be. */
export const perfect: Scores = (row, wire, mode) =>
  casesOf(row).some((each) => each.wire === wire && each.mode === mode) ? "pass" : undefined

/** In how many dialects a row came to what it has to, of all that are played. */
export type Spoken = (row: Row) => number

export const everyDialect: Spoken = () => dialects.length

export const scorecard = (scores: Scores, spoken: Spoken): string =>
  table(
    ["row", "what goes wrong", "dialects", ...wireNames.flatMap((wire) => [`${wire} stream`, `${wire} whole`])],
    rows.map((row) => [
      `\`${row.id}\``,
      row.fault,
      `${spoken(row)} of ${dialects.length}`,
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
