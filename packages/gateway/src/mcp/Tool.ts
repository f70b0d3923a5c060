/** A tool as the hub knows it. */
import type { McpToolResult } from "@penstock/schema/McpTool"
import * as Either from "effect/Either"
import * as NamePattern from "../routing/NamePattern.ts"
import { isObject, type JsonObject, objectIn, stringIn } from "../wire/Json.ts"
import * as ToolArguments from "./ToolArguments.ts"
import * as ToolSchema from "./ToolSchema.ts"

export interface Tool {
  /** As its server calls it. */
  readonly name: string
  readonly description: string
  /** Fit for every provider. Arguments are checked against the server's own schema. */
  readonly inputSchema: JsonObject
  /** All that the server says of it, in its own words. */
  readonly listed: ListedTool
  readonly check: ToolArguments.Check
  /** Whether a second call does no more than the first: only such a tool is called again after a failure. */
  readonly repeatable: boolean
}

/** A tool as a server lists it. */
export interface ListedTool {
  readonly name: string
  readonly description?: string | undefined
  readonly inputSchema?: unknown
  readonly annotations?: unknown
  /** Whether it may run as a task. */
  readonly execution?: unknown
  readonly title?: string | undefined
  readonly outputSchema?: unknown
}

export interface Selection {
  readonly tools: ReadonlyArray<Tool>
  /** What a server lists and nobody can use, with the reason. Tools that the configuration does not allow are not told. */
  readonly leftOut: ReadonlyArray<{ readonly name: string; readonly reason: string }>
}

/** Progress of a running call, as the server counts it. */
export interface Progress {
  readonly progress: number
  readonly total: number | null
  readonly message: string | null
}

export type ToolResult = McpToolResult

const isRepeatable = (annotations: unknown): boolean => {
  const hints = objectIn(annotations)
  return hints["readOnlyHint"] === true || hints["idempotentHint"] === true
}

export const make = (listed: ListedTool): Either.Either<Tool, string> =>
  Either.map(ToolSchema.normalise(listed.inputSchema), (inputSchema) => ({
    name: listed.name,
    description: stringIn(listed.description),
    inputSchema,
    listed,
    check: ToolArguments.compile(isObject(listed.inputSchema) ? listed.inputSchema : inputSchema),
    repeatable: isRepeatable(listed.annotations)
  }))

/** The tools that the patterns allow and that can be used, each name once, in the server's order. */
export const select = (listed: ReadonlyArray<ListedTool>, patterns: ReadonlyArray<string>): Selection => {
  const tools = new Map<string, Tool>()
  const leftOut: Array<{ readonly name: string; readonly reason: string }> = []
  for (const each of listed) {
    if (!patterns.some((pattern) => NamePattern.matches(pattern, each.name))) continue
    const tool = tools.has(each.name) ? Either.left("its name is listed twice") : make(each)
    if (Either.isRight(tool)) tools.set(each.name, tool.right)
    else leftOut.push({ name: each.name, reason: tool.left })
  }
  return { tools: [...tools.values()], leftOut }
}
