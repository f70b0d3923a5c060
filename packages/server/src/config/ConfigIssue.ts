/** What is wrong with a configuration, where, and how to mend it. Holds no secret. */
import * as Data from "effect/Data"

export interface ConfigIssue {
  /** The file, or what else the value came from: `PORT (environment)`, `--port`. */
  readonly source: string
  /** Counted from 1; null when the value came from no file. */
  readonly line: number | null
  readonly column: number | null
  /** The key at fault: `server.port`, `keys[0].name`. Empty for the document itself. */
  readonly path: string
  /** What was expected and what was found. */
  readonly message: string
  readonly hint: string | null
  /** The line at fault with its neighbours, secrets masked; null when the value came from no file. */
  readonly frame: string | null
}

/** Every issue of a configuration that cannot be used. */
export class ConfigError extends Data.TaggedError("ConfigError")<{
  readonly issues: ReadonlyArray<ConfigIssue>
}> {
  override get message(): string {
    return this.issues.map(renderLine).join("\n")
  }
}

/** `penstock.yaml:3:9`. */
export const position = (issue: ConfigIssue): string =>
  issue.line === null ? issue.source : `${issue.source}:${issue.line}:${issue.column ?? 1}`

/** One issue on one line, for a log. */
export const renderLine = (issue: ConfigIssue): string =>
  `${position(issue)}: ${issue.path === "" ? "" : `${issue.path}: `}${issue.message}${issue.hint === null ? "" : ` (${issue.hint})`}`

const renderBlock = (severity: "error" | "warning", issue: ConfigIssue): string =>
  [
    `${severity}: ${issue.path === "" ? "" : `${issue.path}: `}${issue.message}`,
    `  --> ${position(issue)}`,
    ...(issue.frame === null ? [] : [issue.frame]),
    ...(issue.hint === null ? [] : [`  help: ${issue.hint}`])
  ].join("\n")

/** Every issue with its lines of the file, for a terminal. */
export const renderError = (error: ConfigError): string => {
  const count = error.issues.length
  return [
    ...error.issues.map((issue) => renderBlock("error", issue)),
    `The configuration has ${count === 1 ? "1 error" : `${count} errors`}.`
  ].join("\n\n")
}

export const renderWarnings = (warnings: ReadonlyArray<ConfigIssue>): string =>
  warnings.map((issue) => renderBlock("warning", issue)).join("\n\n")

/** A path as people write it: `keys[0].name`. */
export const renderPath = (path: ReadonlyArray<PropertyKey>): string =>
  path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`
    const name = /^[\w-]+$/.test(String(key)) ? String(key) : JSON.stringify(String(key))
    return text === "" ? name : `${text}.${name}`
  }, "")
