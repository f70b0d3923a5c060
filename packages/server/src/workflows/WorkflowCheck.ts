/**
 * What the server would say of a workflow's text: against the models, hosts and workflows that it checks its own folder
 * against, and the tools of the MCP servers that run. Nothing is stored, and no server is started for it.
 */
import { McpHub } from "@penstock/gateway/mcp/McpHub"
import type { PriceBook } from "@penstock/gateway/ledger/PriceBook"
import type { ProviderRegistry } from "@penstock/gateway/providers/ProviderRegistry"
import type { Settings } from "@penstock/gateway/Settings"
import * as Compiler from "@penstock/workflow/compiler/Compiler"
import type { Diagnostic } from "@penstock/workflow/diagnostic/Diagnostic"
import { type Source, Workflows } from "@penstock/workflow/runtime/Workflows"
import * as Effect from "effect/Effect"
import * as CheckedFolder from "./CheckedFolder.ts"
import * as ToolCatalogue from "./ToolCatalogue.ts"

/** Checks a text in place of the file of its name, or beside all files. */
export const make: Effect.Effect<
  (given: Source) => Effect.Effect<ReadonlyArray<Diagnostic>>,
  never,
  McpHub | Workflows | Settings | PriceBook | ProviderRegistry
> = Effect.gen(function* () {
  const hub = yield* McpHub
  const workflows = yield* Workflows
  const catalogues = yield* CheckedFolder.catalogues
  return Effect.fn("WorkflowCheck.check")(function* (given: Source) {
    const stored = yield* workflows.list
    const others = stored.filter(({ file }) => file !== given.file).map(({ file, source }) => ({ file, text: source }))
    const known = yield* catalogues([given, ...others], { tools: yield* ToolCatalogue.running(hub) })
    return Compiler.compile(given.text, { ...known, file: given.file }).diagnostics
  })
})
