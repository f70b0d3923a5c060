/** The names in `models` as what they are: edges from a name to what stands behind it. */
import * as BuiltIn from "@penstock/gateway/providers/BuiltIn"
import * as NamePattern from "@penstock/gateway/routing/NamePattern"
import type { ModelConfig, PenstockFile, RouteConfig } from "@penstock/schema/config/PenstockConfig"
import type { Path } from "./ConfigSource.ts"

export interface Edge {
  readonly name: string
  /** Where the name stands. */
  readonly path: Path
}

export type ModelEntry = Exclude<ModelConfig, string>

const nameOf = (target: ModelEntry["targets"][number]): string => (typeof target === "string" ? target : target.model)

export const entryOf = (file: PenstockFile, name: string): ModelConfig | undefined =>
  Object.hasOwn(file.models, name) ? file.models[name] : undefined

/** What a name of the file leads to; nothing for every other name. */
export const edgesOf = (file: PenstockFile, name: string): ReadonlyArray<Edge> => {
  const entry = entryOf(file, name)
  if (entry === undefined) return []
  if (typeof entry === "string") return [{ name: entry, path: ["models", name] }]
  return entry.targets.map((target, index) => {
    const path = ["models", name, "targets", index]
    return { name: nameOf(target), path: typeof target === "string" ? path : [...path, "model"] }
  })
}

export const routeOf = (file: PenstockFile, name: string): RouteConfig | undefined =>
  file.routes.find(({ match }) => match.some((pattern) => NamePattern.matches(pattern, name)))

/** The same text for every name that the router takes to the same model of the same provider. */
const place = (file: PenstockFile, providers: ReadonlyArray<string>, name: string): string => {
  const slash = name.indexOf("/")
  const direct = slash > 0 && slash < name.length - 1 && providers.includes(name.slice(0, slash))
  if (direct || Object.hasOwn(BuiltIn.aliases, name)) return name
  const route = routeOf(file, name)
  return route === undefined ? name : `${route.provider}/${name}`
}

/** The models at providers behind a name, each once, in the order of trying. Ends on a cycle, too. */
export const modelsBehind = (
  file: PenstockFile,
  providers: ReadonlyArray<string>,
  name: string
): ReadonlySet<string> => {
  const found = new Set<string>()
  const seen = new Set<string>()
  const ahead = [name]
  for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
    if (seen.has(next)) continue
    seen.add(next)
    const edges = edgesOf(file, next)
    if (edges.length === 0) found.add(place(file, providers, next))
    for (const edge of edges.toReversed()) ahead.push(edge.name)
  }
  return found
}
