/** Tools of MCP servers, other workflows, and the hosts of HTTP calls. */
import { isReadonlyRecord } from "effect/Predicate"
import { suggest } from "../diagnostic/Suggestion.ts"
import type { Step, StepOf } from "../document/Step.ts"
import type { Path } from "../parser/Node.ts"
import { assignable } from "../types/Assignable.ts"
import { fromSchema } from "../types/FromSchema.ts"
import type { JsonSchema } from "../types/Shape.ts"
import * as Type from "../types/Type.ts"
import type { Catalogues, HostList, ToolCatalogue, WorkflowCatalogue } from "./Catalogues.ts"
import type { Reporter } from "./Reporter.ts"

/** The type of each argument that is given, by its name. */
export type Arguments = ReadonlyMap<string, Type.Type>

export const argumentsOf = (type: Type.Type): Arguments =>
  type._tag === "Object" ? new Map(Array.from(type.fields, ([name, field]) => [name, field.type])) : new Map()

const workflowPrefix = "workflow:"

/** The workflows that a step calls or lets a model call, and where it names them, from the step on. */
export const callsOf = (step: Step): ReadonlyArray<{ readonly name: string; readonly at: Path }> => {
  if (step.type === "workflow") {
    const others = (step.fallback ?? []).flatMap(({ uses }, at) =>
      uses === undefined ? [] : [{ name: uses, at: ["fallback", at, "uses"] }]
    )
    return [{ name: step.uses, at: ["uses"] }, ...others]
  }
  const tools = step.type === "agent" || step.type === "llm" ? (step.tools ?? []) : []
  return tools.flatMap((tool, at) =>
    tool.startsWith(workflowPrefix) ? [{ name: tool.slice(workflowPrefix.length), at: ["tools", at] }] : []
  )
}

export const checkCall = (
  step: StepOf<"mcp_tool">,
  path: Path,
  given: Arguments,
  tools: ToolCatalogue | undefined,
  reporter: Reporter
): void => {
  if (tools === undefined || !checkServer(step.server, [...path, "server"], tools, reporter)) return
  const known = tools.tools(step.server)
  if (known === null) return
  const facts = known.get(step.tool)
  if (facts === undefined) {
    const hint = suggest(step.tool, [...known.keys()], "its tools are")
    reporter.report("PS502", [...path, "tool"], `${step.server} has no tool "${step.tool}"`, hint)
    return
  }
  checkArguments(`the tool ${step.tool}`, facts.inputSchema, given, [...path, "params"], reporter)
}

const checkServer = (server: string, path: Path, tools: ToolCatalogue, { report }: Reporter): boolean => {
  if (tools.servers.includes(server)) return true
  report(
    tools.mayGrow === true ? "PS506" : "PS501",
    path,
    `there is no MCP server "${server}"`,
    suggest(server, tools.servers, "there are")
  )
  return false
}

/** Unknown, missing and mistyped arguments against the schema of what takes them. */
export const checkArguments = (
  taker: string,
  schema: JsonSchema,
  given: Arguments,
  path: Path,
  { report }: Reporter
): void => {
  const expected = fromSchema(schema)
  if (expected._tag !== "Object") return
  for (const [name, type] of given) {
    const field = expected.fields.get(name)
    const takes = field?.type ?? expected.rest
    if (takes === null) {
      const hint = suggest(name, [...expected.fields.keys()], "it takes")
      report("PS503", [...path, name], `${taker} takes no "${name}"`, hint, "key")
    } else if (assignable(type, takes) === "no") {
      report(
        "PS505",
        [...path, name],
        `${taker} takes ${Type.print(takes)} as "${name}", and this is ${Type.print(type)}`
      )
    }
  }
  for (const [name, field] of expected.fields) {
    if (field.optional || given.has(name) || hasDefault(schema, name)) continue
    report("PS504", path, `${taker} needs "${name}": ${Type.print(field.type)}`, null, "key")
  }
}

const hasDefault = (schema: JsonSchema, name: string): boolean => {
  const properties = schema["properties"]
  const property = isReadonlyRecord(properties) ? properties[name] : undefined
  return isReadonlyRecord(property) && property["default"] !== undefined
}

/** `server/tool`, `server/*`, `workflow:name`. */
export const checkToolNames = (
  names: ReadonlyArray<string>,
  path: Path,
  { tools }: Catalogues,
  reporter: Reporter
): void => {
  names.forEach((name, at) => {
    const here = [...path, at]
    if (name.startsWith(workflowPrefix)) return
    const slash = name.indexOf("/")
    if (slash < 1 || slash === name.length - 1) {
      reporter.report("PS502", here, `"${name}" names no tool`, "write server/tool, server/* or workflow:name")
      return
    }
    const server = name.slice(0, slash)
    const tool = name.slice(slash + 1)
    if (tools === undefined || !checkServer(server, here, tools, reporter)) return
    const known = tools.tools(server)
    if (tool === "*" || known === null || known.has(tool)) return
    reporter.report("PS502", here, `${server} has no tool "${tool}"`, suggest(tool, [...known.keys()], "its tools are"))
  })
}

/** That the workflows exist, and do not lead back to the one that calls them. */
export const checkCalledWorkflows = (
  step: Step,
  path: Path,
  self: string,
  workflows: WorkflowCatalogue | undefined,
  { report }: Reporter
): void => {
  for (const { at, name } of callsOf(step)) {
    const where = [...path, ...at]
    const way = cycleThrough(self, name, workflows)
    if (way !== null) report("PS214", where, `this workflow calls itself: ${way.join(" \u2192 ")}`)
    else if (workflows !== undefined && workflows.find(name) === null) {
      report("PS215", where, `there is no workflow "${name}"`, suggest(name, workflows.names, "there are"))
    }
  }
}

/** The way from a workflow to itself, if there is one. */
const cycleThrough = (
  start: string,
  first: string,
  workflows: WorkflowCatalogue | undefined
): ReadonlyArray<string> | null => {
  const seen = new Set<string>()
  const ways: Array<ReadonlyArray<string>> = [[start, first]]
  for (let way = ways.pop(); way !== undefined; way = ways.pop()) {
    const last = way.at(-1) ?? ""
    if (last === start) return way
    if (seen.has(last)) continue
    seen.add(last)
    for (const next of workflows?.find(last)?.calls ?? []) ways.push([...way, next])
  }
  return null
}

/** The host has to stand in the file: one that is computed could be anybody's. */
export const checkUrl = (step: StepOf<"http">, path: Path, hosts: HostList | undefined, { report }: Reporter): void => {
  const where = [...path, "url"]
  const match = /^https?:\/\/([^/?#\s$@]+)(?:[/?#]|$)/.exec(step.url)
  if (match === null) {
    const dynamic = step.url.includes("${")
    if (dynamic)
      report("PS604", where, "the host of this address is not fixed", "write the host as text: https://host/${path}")
    else report("PS604", where, "expected an address such as https://host/path", null)
    return
  }
  const host = (match[1] ?? "").toLowerCase()
  if (hosts === undefined || hosts.allows(host)) return
  report("PS603", where, `the host ${host} is not allowed`, suggest(host, hosts.names, "allowed are"))
}
