/** How much a file may hold, and how its reading reports what is wrong. */
import type { Code } from "../diagnostic/Codes.ts"

export const maxBytes = 1024 * 1024

/** Levels of mappings and sequences. */
export const maxDepth = 64

/** Values, with what aliases stand for: about ten times what a workflow of a thousand steps holds. */
export const maxNodes = 100_000

/** Words and signs of YAML: the reader's work grows with these. */
export const maxTokens = 200_000

/** More mistakes than these are one mistake. */
export const maxDiagnostics = 100

/** Says something about the text between two offsets. */
export type Report = (code: Code, start: number, end: number, message: string, hint?: string) => void
