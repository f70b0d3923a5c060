/** Collects diagnostics at paths of the document, and at places inside of its texts. */
import type { Code } from "../diagnostic/Codes.ts"
import * as Diagnostic from "../diagnostic/Diagnostic.ts"
import type { Problem } from "../expression/Ast.ts"
import { at, type Path, rangeAt, type Scalar, type Span } from "../parser/Node.ts"
import { placesOf } from "../parser/Offsets.ts"
import type { Parsed } from "../parser/Parser.ts"

export interface Reporter {
  /** At a value, or at its key. */
  readonly report: (code: Code, path: Path, message: string, hint?: string | null, where?: "key" | "value") => void
  /** At a stretch of a text's value. */
  readonly reportWithin: (code: Code, path: Path, span: Span, message: string, hint?: string | null) => void
  readonly reportProblem: (path: Path, problem: Problem) => void
  /** Whether nothing more is collected: a file that is all mistakes is not worth more work. */
  readonly isFull: () => boolean
  readonly diagnostics: () => ReadonlyArray<Diagnostic.Diagnostic>
}

const maxDiagnostics = 200

export const make = ({ file, lines, root, text }: Parsed): Reporter => {
  // The same mistake may be met on several ways to it.
  const found = new Map<string, Diagnostic.Diagnostic>()
  const add = (code: Code, range: Diagnostic.Range, message: string, hint: string | null) => {
    if (found.size >= maxDiagnostics) return
    found.set(
      `${code} ${range.start.line}:${range.start.column} ${message}`,
      Diagnostic.make(file, code, range, message, hint)
    )
  }
  const rangeOf = (path: Path, where: "key" | "value"): Diagnostic.Range =>
    root === null ? lines.range({ start: 0, end: 0 }) : rangeAt(root, path, where)

  const places = new Map<Scalar, (span: Span) => Diagnostic.Range>()
  const rangeWithin = (scalar: Scalar, span: Span): Diagnostic.Range => {
    const known = places.get(scalar) ?? placesOf(scalar, text, lines)
    places.set(scalar, known)
    return known(span)
  }

  const reportWithin: Reporter["reportWithin"] = (code, path, span, message, hint = null) => {
    const node = root === null ? null : at(root, path)
    const exact = node?._tag === "Scalar" && typeof node.value === "string"
    add(code, exact ? rangeWithin(node, span) : rangeOf(path, "value"), message, hint)
  }
  return {
    report: (code, path, message, hint = null, where = "value") => add(code, rangeOf(path, where), message, hint),
    reportWithin,
    reportProblem: (path, { code, hint, message, span }) => reportWithin(code, path, span, message, hint),
    isFull: () => found.size >= maxDiagnostics,
    diagnostics: () => Diagnostic.sort([...found.values()])
  }
}
