/** Names of one's own: whether they lead somewhere, in bounds, and whether what is said of their targets can matter. */
import * as BuiltIn from "@penstock/gateway/providers/BuiltIn"
import * as NamePattern from "@penstock/gateway/routing/NamePattern"
import { failoverFields } from "@penstock/schema/config/Failover"
import type { PenstockFile } from "@penstock/schema/config/PenstockConfig"
import type { Path } from "./ConfigSource.ts"
import { type Edge, edgesOf, entryOf, type ModelEntry, modelsBehind, routeOf } from "./ModelGraph.ts"
import type { Names, Report } from "./Report.ts"
import { didYouMean } from "@penstock/schema/Suggestion"

export const unknownProvider = (name: string, names: Names): readonly [string, string] => [
  `no provider is called ${JSON.stringify(name)}`,
  didYouMean(name, names.providers) ?? `the providers are ${names.providers.join(", ")}`
]

const checkTarget = ({ name, path }: Edge, file: PenstockFile, names: Names, report: Report) => {
  if (names.models.includes(name) || Object.hasOwn(BuiltIn.aliases, name)) return
  const slash = name.indexOf("/")
  if (slash > 0 && names.providers.includes(name.slice(0, slash))) {
    if (slash === name.length - 1)
      report.error(path, `expected a model after the provider, found ${JSON.stringify(name)}`)
    return
  }
  const route = routeOf(file, name)
  if (route?.match.some((pattern) => pattern !== "*" && NamePattern.matches(pattern, name)) === true) return
  if (slash > 0) {
    report.error(path, ...unknownProvider(name.slice(0, slash), names))
    return
  }
  const meant = didYouMean(name, [...names.models, ...Object.keys(BuiltIn.aliases)])
  if (route === undefined) {
    report.error(
      path,
      `nothing is called ${JSON.stringify(name)} and no route matches it`,
      meant ?? "write provider/model"
    )
  } else if (meant !== null) {
    report.warning(path, `${JSON.stringify(name)} is taken for a model of ${route.provider}`, meant)
  }
}

/** Names may stand for names, but whoever asks for one has to look at everything behind it. */
const maxDepth = 16
const maxTargets = 100

interface Extent {
  /** Names from here to the models of providers, the longest way. */
  readonly depth: number
  /** Targets in all, one that is reached in two ways counted twice. */
  readonly targets: number
}

const end: Extent = { depth: 0, targets: 1 }

/** Finds names that lead to themselves, and those that lead too far: whether there are none. */
const checkExtents = (file: PenstockFile, report: Report): boolean => {
  const known = new Map<string, Extent>()
  let sound = true
  let tooDeep = false
  const tell = (path: Path, message: string, hint: string, where?: "key"): Extent => {
    sound = false
    report.error(path, message, hint, where)
    return end
  }
  /** What goes too far is told once and then taken for an end, not to be told of every name that leads there. */
  const told = (name: string, extent: Extent): Extent => {
    const path = ["models", name]
    if (extent.targets > maxTargets) {
      return tell(path, `stands for more than ${maxTargets} targets`, "leave some of them out", "key")
    }
    if (extent.depth <= maxDepth || tooDeep) return extent
    tooDeep = true
    return tell(path, `leads through more than ${maxDepth} names`, "name the models of providers directly", "key")
  }
  const follow = ({ name, path }: Edge, trail: ReadonlyArray<string>): Extent => {
    const start = trail.indexOf(name)
    if (start < 0) return visit(name, trail)
    const cycle = trail.slice(start)
    const hint =
      cycle.length === 1
        ? "write provider/model for the model of the same name"
        : "one of them must name a model of a provider"
    return tell(path, `a name that leads to itself: ${[...cycle, name].join(" → ")}`, hint)
  }
  const visit = (name: string, trail: ReadonlyArray<string>): Extent => {
    const before = known.get(name)
    if (before !== undefined) return before
    const edges = edgesOf(file, name)
    // The way here may be too long already; what is behind has its turn later.
    if (edges.length === 0 || trail.length > maxDepth) return end
    const below = edges.map((edge) => follow(edge, [...trail, name]))
    const depth = 1 + below.reduce((deepest, extent) => Math.max(deepest, extent.depth), 0)
    const targets = below.reduce((sum, extent) => sum + extent.targets, 0)
    const extent = told(name, { depth, targets })
    known.set(name, extent)
    return extent
  }
  for (const name of Object.keys(file.models)) visit(name, [])
  return sound
}

/** The same target twice would be tried twice as often as its policy says. */
const checkTwice = (edges: ReadonlyArray<Edge>, behind: ReadonlyArray<ReadonlySet<string>>, report: Report) => {
  edges.forEach(({ path }, index) => {
    const models = behind[index]
    if (models === undefined) return
    for (const [at, earlier] of behind.slice(0, index).entries()) {
      const twice = [...models].find((model) => earlier.has(model))
      const first = edges[at]
      if (twice === undefined || first === undefined) continue
      const where = report.place(first.path)
      if (models.size === 1 && earlier.size === 1) {
        report.error(path, `the same target as ${first.name} (${where})`, "name each target once")
      } else {
        report.warning(path, `leads to ${twice}, as ${first.name} does (${where}): it is tried twice`)
      }
      return
    }
  })
}

/** A policy belongs to the name that was asked for, so that of a target is left unread. */
const checkNestedPolicy = (name: string, { name: target, path }: Edge, file: PenstockFile, report: Report) => {
  let entry = entryOf(file, target)
  while (typeof entry === "string") entry = entryOf(file, entry)
  if (entry === undefined) return
  const own = Object.entries(entry).flatMap(([key, value]) =>
    value !== undefined && (Object.hasOwn(failoverFields, key) || (key === "strategy" && value !== "ordered"))
      ? [key]
      : []
  )
  if (own.length === 0) return
  const message = `the ${own.join(", ")} of ${target} does not apply here: a request for ${name} follows the policy of ${name}`
  report.warning(path, message, `write it under models.${name}, if that is meant`)
}

/** What says how to choose among targets, where there is nothing to choose, or where it is not asked for. */
const checkChoice = (path: Path, entry: ModelEntry, models: number, report: Report) => {
  if (models === 1 && entry.strategy !== undefined && entry.strategy !== "ordered") {
    report.warning([...path, "strategy"], `one target: there is nothing to choose by ${entry.strategy}`)
  }
  if (models === 1 && entry.hedge !== undefined) {
    const message = "one target: there is no other to ask as well"
    report.warning([...path, "hedge"], message, "add a target, or leave `hedge` out", "key")
  }
  if (entry.strategy === "weighted") return
  entry.targets.forEach((target, index) => {
    if (typeof target === "string" || target.weight === undefined) return
    const message = `has no effect under strategy: ${entry.strategy ?? "ordered"}`
    report.warning([...path, "targets", index, "weight"], message, "write strategy: weighted", "key")
  })
}

export const check = (file: PenstockFile, names: Names, report: Report) => {
  for (const name of Object.keys(file.models)) {
    const path = ["models", name]
    if (name === "" || name.includes("*")) {
      report.error(path, `expected a name, found ${JSON.stringify(name)}`, "patterns belong under `routes`", "key")
    }
    if (name.startsWith("workflow/")) {
      report.error(path, "names under workflow/ belong to workflows", "choose another name", "key")
    }
    for (const edge of edgesOf(file, name)) checkTarget(edge, file, names, report)
  }
  if (!checkExtents(file, report)) return
  for (const [name, entry] of Object.entries(file.models)) {
    if (typeof entry === "string") continue
    const edges = edgesOf(file, name)
    const behind = edges.map((edge) => modelsBehind(file, names.providers, edge.name))
    checkTwice(edges, behind, report)
    for (const edge of edges) checkNestedPolicy(name, edge, file, report)
    checkChoice(["models", name], entry, new Set(behind.flatMap((models) => [...models])).size, report)
  }
}
