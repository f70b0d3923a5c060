/** Statements over any number of rows of bound values, with constant texts, so that each is prepared once. */
import * as Predicate from "effect/Predicate"

export type Value = string | number | null

/** A statement for any number of rows. */
export interface RowStatement {
  /** Bound values of a row. */
  readonly width: number
  readonly text: (rows: number) => string
}

/** `fixed` values are written into the text of each row, after the bound ones. */
export const make = (
  width: number,
  render: (values: string) => string,
  fixed: ReadonlyArray<number> = []
): RowStatement => {
  const row = width === 1 ? "?" : `(${[...Array.from({ length: width }, () => "?"), ...fixed].join(", ")})`
  const texts = new Map<number, string>()
  return {
    width,
    text: (rows) => {
      let text = texts.get(rows)
      if (text === undefined) {
        text = render(Array.from({ length: rows }, () => row).join(", "))
        texts.set(rows, text)
      }
      return text
    }
  }
}

/** The most rows in one statement: there is a prepared statement for each number of rows up to it. */
export const longestRun = 32

/** Rows that a statement changed. */
export const changesOf = (result: unknown): number =>
  Predicate.hasProperty(result, "changes") && typeof result.changes === "number" ? result.changes : 0
