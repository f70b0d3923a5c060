/** What wins over the file: flags first, then environment variables, each at the key that it stands for. */
import { isRecord } from "effect/Predicate"
import * as Option from "effect/Option"
import { renderPath } from "./ConfigIssue.ts"
import type { Path } from "./ConfigSource.ts"
import type { Environment, Origin } from "./Environment.ts"
import type { ConfigFlags } from "./ServeOptions.ts"

const integer = (text: string): unknown => (/^\d+$/.test(text.trim()) ? Number(text) : text)

const levels: { readonly [name: string]: string } = { warn: "warning", fatal: "error", off: "none", all: "trace" }
const level = (text: string): unknown => {
  const name = text.trim().toLowerCase()
  return levels[name] ?? name
}

/** `api-key=secret,x-team=a%20b`, as OpenTelemetry's variables have it. What is no pair is left for the checks to name. */
const pairs = (text: string): unknown => {
  const found = text.split(",").map((pair) => /^\s*([^=\s]+)\s*=\s*(.*?)\s*$/.exec(pair))
  return found.every((pair) => pair !== null)
    ? Object.fromEntries(found.map(([, name = "", value = ""]) => [name, decoded(value)]))
    : text
}

const decoded = (value: string): string => {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}

interface Variable {
  readonly name: string
  readonly path: Path
  readonly read?: (text: string) => unknown
}

export const variables: ReadonlyArray<Variable> = [
  { name: "HOST", path: ["server", "host"] },
  { name: "PORT", path: ["server", "port"], read: integer },
  { name: "PENSTOCK_ADMIN_KEY", path: ["server", "admin_key"] },
  { name: "PENSTOCK_DATABASE", path: ["database"] },
  { name: "PENSTOCK_WORKFLOWS", path: ["workflows"] },
  { name: "LOG_LEVEL", path: ["logging", "level"], read: level },
  { name: "OTEL_EXPORTER_OTLP_ENDPOINT", path: ["telemetry", "otlp_endpoint"] },
  { name: "OTEL_EXPORTER_OTLP_HEADERS", path: ["telemetry", "otlp_headers"], read: pairs },
  { name: "OPENAI_API_KEY", path: ["providers", "openai", "api_key"] },
  { name: "OPENAI_BASE_URL", path: ["providers", "openai", "base_url"] },
  { name: "ANTHROPIC_API_KEY", path: ["providers", "anthropic", "api_key"] },
  { name: "ANTHROPIC_BASE_URL", path: ["providers", "anthropic", "base_url"] },
  { name: "OLLAMA_BASE_URL", path: ["providers", "ollama", "base_url"] }
]

/** A variable that would set this key, for messages. */
export const variableAt = (path: ReadonlyArray<PropertyKey>): string | null =>
  variables.find((variable) => renderPath(variable.path) === renderPath(path))?.name ?? null

export interface Override {
  readonly path: Path
  readonly value: unknown
  readonly origin: Origin
  /** Where it came from, for people: `PORT`, `--port`. */
  readonly label: string
}

export const collect = (flags: ConfigFlags, environment: Environment): ReadonlyArray<Override> => {
  const fromFlag = (flag: string, path: Path, value: Option.Option<unknown>): ReadonlyArray<Override> =>
    Option.isNone(value) ? [] : [{ path, value: value.value, origin: { source: flag, line: null }, label: flag }]
  return [
    ...variables.flatMap(({ name, path, read = (text: string): unknown => text }) => {
      const text = environment.get(name)
      return text === undefined ? [] : [{ path, value: read(text), origin: environment.origin(name), label: name }]
    }),
    ...fromFlag("--host", ["server", "host"], flags.host),
    ...fromFlag("--port", ["server", "port"], flags.port),
    ...fromFlag("--database", ["database"], flags.database),
    ...fromFlag("--workflows", ["workflows"], flags.workflows)
  ]
}

/** The tree with a value put in; where something else than a mapping is in the way, the tree as it is. */
export const put = (tree: unknown, path: ReadonlyArray<string | number>, value: unknown): unknown => {
  const [key, ...rest] = path
  if (key === undefined) return value
  if (tree !== undefined && tree !== null && (!isRecord(tree) || Array.isArray(tree))) return tree
  const mapping: { readonly [key: string]: unknown } = isRecord(tree) ? tree : {}
  return { ...mapping, [key]: put(mapping[key], rest, value) }
}
