/** Statements that write rows given as bound values, with constant texts, so that each is prepared once. */
import type { Connection } from "@effect/sql/SqlConnection"
import type { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
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

/** Writes the rows from `from` on and says how many changed. */
export const write = (
  connection: Connection,
  statement: RowStatement,
  values: ReadonlyArray<Value>,
  from = 0
): Effect.Effect<number, SqlError> => {
  const rows = values.length / statement.width - from
  if (rows === 0) return Effect.succeed(0)
  if (rows <= longestRun) {
    const rest = from === 0 ? values : values.slice(from * statement.width)
    return Effect.map(connection.executeRaw(statement.text(rows), rest), changesOf)
  }
  const run = values.slice(from * statement.width, (from + longestRun) * statement.width)
  return Effect.flatMap(connection.executeRaw(statement.text(longestRun), run), (result) =>
    Effect.map(write(connection, statement, values, from + longestRun), (rest) => changesOf(result) + rest)
  )
}
