/**
 * A workflow before it is run without a server: checked against what a server would check it against, its models, hosts,
 * secrets and the other workflows. MCP servers are started and asked for their tools only where the file uses some.
 */
import { McpHub } from "@penstock/gateway/mcp/McpHub"
import * as Compiler from "@penstock/workflow/compiler/Compiler"
import { allSteps, type Plan } from "@penstock/workflow/compiler/Plan"
import * as Effect from "effect/Effect"
import type { Callable, Found } from "./Callable.ts"
import * as CheckedFolder from "./CheckedFolder.ts"
import * as ToolCatalogue from "./ToolCatalogue.ts"

const usesTools = (plan: Plan): boolean =>
  allSteps(plan).some(
    ({ action }) =>
      action.type === "mcp_tool" || ((action.type === "llm" || action.type === "agent") && action.tools.length > 0)
  )

/** The file, compiled, with everything that is wrong with it. */
export const compile = Effect.fn("LocalCheck.compile")(function* (callable: Callable, { file, text }: Found) {
  const hub = yield* McpHub
  const catalogues = yield* CheckedFolder.catalogues
  const others = callable.sources.filter((source) => source.file !== file)
  const against = (more: Parameters<typeof catalogues>[1]) =>
    Effect.map(catalogues([{ file, text }, ...others], more), (known) => Compiler.compile(text, { ...known, file }))
  const first = yield* against({})
  return first.plan !== null && usesTools(first.plan)
    ? yield* against({ tools: yield* ToolCatalogue.asked(hub) })
    : first
})
