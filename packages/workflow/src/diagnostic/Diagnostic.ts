/** What is to be said about a file: a stable code, where, what, and how to mend it. */
import * as Order from "effect/Order"
import * as Schema from "effect/Schema"
import { allCodes, type Code, codes } from "./Codes.ts"

/** Line and column count from 1; a column is a UTF-16 unit, as editors count. */
export const Position = Schema.Struct({ line: Schema.Positive, column: Schema.Positive })
export type Position = typeof Position.Type

/** From the first character to behind the last one. */
export const Range = Schema.Struct({ start: Position, end: Position })
export type Range = typeof Range.Type

/** One finding, in the form that `penstock check --format json` prints. */
export const Diagnostic = Schema.Struct({
  code: Schema.Literal(...allCodes),
  severity: Schema.Literal("error", "warning", "info"),
  file: Schema.String,
  range: Range,
  message: Schema.String,
  hint: Schema.optional(Schema.String)
}).annotations({ identifier: "Diagnostic" })
export type Diagnostic = typeof Diagnostic.Type

/** What `penstock check --format json` prints. */
export const Report = Schema.Struct({ diagnostics: Schema.Array(Diagnostic) }).annotations({
  identifier: "DiagnosticReport"
})

/** The severity is the code's. */
export const make = (
  file: string,
  code: Code,
  range: Range,
  message: string,
  hint: string | null = null
): Diagnostic => ({
  code,
  severity: codes[code].severity,
  file,
  range,
  message,
  ...(hint === null ? {} : { hint })
})

export const isError = (diagnostic: Diagnostic): boolean => diagnostic.severity === "error"

const byPlace: Order.Order<Diagnostic> = Order.combineAll([
  Order.mapInput(Order.number, (diagnostic: Diagnostic) => diagnostic.range.start.line),
  Order.mapInput(Order.number, (diagnostic: Diagnostic) => diagnostic.range.start.column),
  Order.mapInput(Order.string, (diagnostic: Diagnostic) => diagnostic.code)
])

/** In the order of the file. */
export const sort = (diagnostics: ReadonlyArray<Diagnostic>): ReadonlyArray<Diagnostic> => diagnostics.toSorted(byPlace)
