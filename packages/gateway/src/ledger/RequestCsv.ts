/** Request rows as CSV (RFC 4180): a header line, CRLF between lines, quotes where they are needed. */
import { RequestRow } from "@penstock/schema/LedgerEntry"

const columns = Object.keys(RequestRow.fields).filter((name): name is keyof RequestRow => name in RequestRow.fields)

/**
 * A spreadsheet runs a text that begins like a formula, and model names and error messages come from outside: such a
 * text gets a leading apostrophe. Numbers are written by this module alone and stay numbers.
 */
const startsLikeFormula = /^[=+\-@\t\r]/

const cell = (value: string | number | boolean | null): string => {
  if (value === null) return ""
  // Plain decimals down to the nano-dollar: not every reader understands 1.5e-7.
  if (typeof value === "number" && !Number.isInteger(value)) return value.toFixed(9).replace(/0+$/, "")
  if (typeof value !== "string") return String(value)
  const text = startsLikeFormula.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

export const render = (rows: ReadonlyArray<RequestRow>): string =>
  [columns.join(","), ...rows.map((row) => columns.map((name) => cell(row[name])).join(","))]
    .map((line) => `${line}\r\n`)
    .join("")
