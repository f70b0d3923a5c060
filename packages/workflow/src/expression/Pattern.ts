/** Regular expressions in RE2's syntax: no backreferences and no look-around, and so linear time. */
import { RE2JS } from "re2js"

const maxPattern = 500

/** A pattern in RE2's syntax, which runs in linear time; null when it is none, or is very large. */
export const compilePattern = (pattern: string): RE2JS | null => {
  if (pattern.length > maxPattern) return null
  try {
    const compiled = RE2JS.compile(pattern)
    return compiled.programSize() > 10_000 ? null : compiled
  } catch {
    return null
  }
}
