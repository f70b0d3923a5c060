/**
 * Text to positioned nodes. All mistakes of syntax are collected; a text with any of them has no root. Nothing that a
 * text holds can make this throw or run long: size, depth and expansion are bounded before anything is built.
 */
import { Composer, type CST, Lexer, Parser as CstParser } from "yaml"
import * as Diagnostic from "../diagnostic/Diagnostic.ts"
import { build } from "./Build.ts"
import { maxBytes, maxDepth, maxDiagnostics, maxTokens, type Report } from "./Limits.ts"
import * as Lines from "./Lines.ts"
import type { Node } from "./Node.ts"

export interface Options {
  /** The name that diagnostics carry. */
  readonly file?: string
}

export interface Parsed {
  readonly file: string
  readonly text: string
  /** Null where the text is empty or has mistakes of syntax. */
  readonly root: Node | null
  readonly lines: Lines.Lines
  /** In the order of the text. */
  readonly diagnostics: ReadonlyArray<Diagnostic.Diagnostic>
}

// oxlint-disable-next-line no-control-regex
const control = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/

/** Parses a text, or the bytes of one, which must be UTF-8. */
export const parse = (source: string | Uint8Array, options: Options = {}): Parsed => {
  const file = options.file ?? "workflow.yaml"
  const tooLarge = source.length > maxBytes
  const decoded = tooLarge ? { text: "", invalid: null } : decode(source)
  const { text } = decoded
  const lines = Lines.make(text)
  const diagnostics: Array<Diagnostic.Diagnostic> = []
  const report: Report = (code, start, end, message, hint) => {
    if (diagnostics.length < maxDiagnostics)
      diagnostics.push(Diagnostic.make(file, code, lines.range({ start, end }), message, hint ?? null))
  }
  const done = (root: Node | null): Parsed => ({
    file,
    text,
    lines,
    root: diagnostics.some(Diagnostic.isError) ? null : root,
    diagnostics: Diagnostic.sort(diagnostics)
  })

  if (tooLarge) {
    report("PS102", 0, 0, "the file is larger than 1 MB", "a workflow file is a few kilobytes; keep data out of it")
    return done(null)
  }
  if (decoded.invalid !== null) {
    report("PS103", decoded.invalid, decoded.invalid + 1, "the file is not UTF-8 text", "save it as UTF-8")
    return done(null)
  }
  const stray = control.exec(text)
  if (stray !== null) {
    const name = `U+${stray[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`
    report("PS103", stray.index, stray.index + 1, `the file holds a control character (${name})`, "remove it")
    return done(null)
  }
  const tokens = tokenize(text, report)
  if (tokens === null || isTooDeep(tokens, report)) return done(null)
  return done(compose(tokens, text, lines, report))
}

const decode = (source: string | Uint8Array): { readonly text: string; readonly invalid: number | null } => {
  if (typeof source === "string") return { text: source, invalid: null }
  // Decoded with replacements and compared: only text that was UTF-8 comes back as the same bytes.
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(source)
  const again = new TextEncoder().encode(text)
  if (again.length === source.length && again.every((byte, index) => byte === source[index])) {
    return { text, invalid: null }
  }
  return { text, invalid: Math.max(0, text.indexOf("\ufffd")) }
}

const tokenize = (text: string, report: Report): ReadonlyArray<CST.Token> | null => {
  const parser = new CstParser()
  const tokens: Array<CST.Token> = []
  let count = 0
  for (const lexeme of new Lexer().lex(text)) {
    count += 1
    if (count > maxTokens) {
      report("PS102", 0, 0, "the file holds too much for a workflow", "keep data out of it, or split it in two")
      return null
    }
    tokens.push(...parser.next(lexeme))
  }
  tokens.push(...parser.end())
  return tokens
}

/** The composer recurses, so that depth is looked at before it runs, and without recursion. */
const isTooDeep = (tokens: ReadonlyArray<CST.Token>, report: Report): boolean => {
  const open: Array<{ readonly token: CST.Token; readonly depth: number }> = []
  for (const token of tokens) open.push({ token, depth: 0 })
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { depth, token } = next
    if (depth > maxDepth) {
      report("PS104", token.offset, token.offset + 1, `nested more than ${maxDepth} levels deep`)
      return true
    }
    if (token.type === "document" && token.value !== undefined) open.push({ token: token.value, depth })
    if (!("items" in token)) continue
    for (const item of token.items) {
      if (item.key !== undefined && item.key !== null) open.push({ token: item.key, depth: depth + 1 })
      if (item.value !== undefined) open.push({ token: item.value, depth: depth + 1 })
    }
  }
  return false
}

/** Keys are compared in `build`: the library compares each with each, which takes minutes where there are many. */
const compose = (tokens: ReadonlyArray<CST.Token>, text: string, lines: Lines.Lines, report: Report): Node | null => {
  const composer = new Composer({ resolveKnownTags: false, stringKeys: true, uniqueKeys: false, logLevel: "error" })
  const [document, second] = [...composer.compose(tokens, true, text.length)]
  if (document === undefined) return null
  if (second !== undefined) {
    const start = second.range[0]
    report("PS101", start, start + 3, "the file holds more than one document", "put each workflow in a file of its own")
  }
  for (const { code, message, pos } of [...document.errors, ...document.warnings]) {
    const [start, end] = pos
    const last = Math.min(Math.max(end, start + 1), start + 40)
    switch (code) {
      case "TAG_RESOLVE_FAILED":
        report("PS106", start, last, "tags are not accepted here", "remove the word that begins with !")
        break
      case "TAB_AS_INDENT":
        report("PS108", start, last, "a tab indents this line", "use spaces; YAML does not accept tabs for this")
        break
      case "BLOCK_AS_IMPLICIT_KEY":
        report("PS101", start, last, "a second `: ` on this line", "put the text in quotes, or begin it with |")
        break
      case "NON_STRING_KEY":
        report("PS109", start, last, "expected a plain name as key")
        break
      case "MISSING_CHAR":
        report("PS101", start, last, `not valid YAML: ${message}`, "close the quote or bracket that was opened before")
        break
      default:
        // The library quotes the text at fault behind a colon; the frame shows it.
        report("PS101", start, last, `not valid YAML: ${message.replace(/: ".*$/s, "")}`)
    }
  }
  if (document.errors.length > 0) return null
  if (document.contents === null) {
    report("PS110", 0, 0, "the file is empty", "a workflow has at least `name`, `steps` and `output`")
    return null
  }
  return build(document.contents, lines, report)
}
