/** Diagnostics for a terminal: the line at fault with its neighbours, and a mark under the place. */
import type { Diagnostic } from "./Diagnostic.ts"

/** No terminal shows more of a line, and a file may be a single one. */
const maxWidth = 160

const clip = (line: string): string => line.slice(0, maxWidth).replaceAll("\t", " ")

const frame = (lines: ReadonlyArray<string>, { range: { end, start } }: Diagnostic): ReadonlyArray<string> => {
  const width = String(start.line + 1).length
  const rows: Array<string> = []
  for (let number = Math.max(1, start.line - 1); number <= start.line + 1; number++) {
    const line = lines[number - 1]
    if (line === undefined || (number > start.line && line.trim() === "")) continue
    const marker = number === start.line ? ">" : " "
    rows.push(`${marker} ${String(number).padStart(width)} | ${clip(line)}`.trimEnd())
    if (number !== start.line) continue
    const from = Math.min(start.column, maxWidth) - 1
    const last = end.line === start.line ? Math.min(end.column, maxWidth) - 1 : clip(line).trimEnd().length
    rows.push(`  ${" ".repeat(width)} | ${" ".repeat(from)}${"^".repeat(Math.max(1, last - from))}`)
  }
  return rows
}

/** One diagnostic with its lines of the file. */
export const render = (diagnostic: Diagnostic, text: string): string => renderBlock(diagnostic, text.split(/\r\n?|\n/))

const renderBlock = (diagnostic: Diagnostic, lines: ReadonlyArray<string>): string => {
  const { code, file, hint, message, range, severity } = diagnostic
  return [
    `${severity}[${code}]: ${message}`,
    `  --> ${file}:${range.start.line}:${range.start.column}`,
    ...frame(lines, diagnostic),
    ...(hint === undefined ? [] : [`  help: ${hint}`])
  ].join("\n")
}

const counted = (count: number, what: string): ReadonlyArray<string> =>
  count === 0 ? [] : [`${count} ${what}${count === 1 ? "" : "s"}`]

/** All of them, with a line of sums at the end; empty when there is nothing to say. */
export const renderAll = (diagnostics: ReadonlyArray<Diagnostic>, text: string): string => {
  if (diagnostics.length === 0) return ""
  const lines = text.split(/\r\n?|\n/)
  const count = (severity: Diagnostic["severity"]) => diagnostics.filter((one) => one.severity === severity).length
  const sums = [...counted(count("error"), "error"), ...counted(count("warning"), "warning")]
  const notes = counted(count("info"), "note")
  return [...diagnostics.map((diagnostic) => renderBlock(diagnostic, lines)), [...sums, ...notes].join(", ")].join(
    "\n\n"
  )
}
