/** What the checker is told of the tools of MCP servers. */
import { assert, it } from "@effect/vitest"
import * as McpHub from "@penstock/gateway/mcp/McpHub"
import * as ToolCatalogue from "@penstock/server/workflows/ToolCatalogue"
import { compile } from "@penstock/workflow/compiler/Compiler"
import type { ToolCatalogue as Known } from "@penstock/workflow/checker/Catalogues"
import * as Effect from "effect/Effect"

const outputSchema = { type: "object", properties: { lines: { type: "integer" } }, required: ["lines"] }
const inputSchema = { type: "object", properties: { path: { type: "string" } }, required: ["path"] }

const layer = McpHub.layerMemory({
  files: {
    tools: [{ name: "count", inputSchema, outputSchema }],
    call: () => Effect.succeed({ content: [], isError: false })
  }
})

const told = (step: string, output: string, tools: Known) =>
  compile(`name: a\nsteps: [{id: s, type: mcp_tool, ${step}, output: v}]\noutput: ${output}\n`, {
    file: "a.yaml",
    tools
  }).diagnostics.map(({ code }) => code)

it.effect("a tool's arguments and what it gives have the types of its server's schemas", () =>
  Effect.gen(function* () {
    const hub = yield* McpHub.McpHub
    for (const tools of [yield* ToolCatalogue.asked(hub), yield* ToolCatalogue.running(hub)]) {
      const right = "server: files, tool: count, params: {path: a}"
      assert.deepStrictEqual(told(right, '"${v.lines + 1}"', tools), [])
      assert.deepStrictEqual(told(right, '"${v.linse}"', tools), ["PS202"])
      assert.deepStrictEqual(told(right, "\"${v.lines + 'x'}\"", tools), ["PS302"])
      assert.deepStrictEqual(told("server: files, tool: count, params: {path: 5}", "v", tools), ["PS505"])
      assert.deepStrictEqual(told("server: files, tool: cuont, params: {path: a}", "v", tools), ["PS502"])
    }
  }).pipe(Effect.provide(layer))
)

it.effect("a server that is not there is an error where all are known, and a warning while some may be added", () =>
  Effect.gen(function* () {
    const hub = yield* McpHub.McpHub
    const step = "server: fils, tool: count, params: {path: a}"
    assert.deepStrictEqual(told(step, "v", yield* ToolCatalogue.asked(hub)), ["PS501"])
    assert.deepStrictEqual(told(step, "v", ToolCatalogue.names(["files"])), ["PS501"])
    assert.deepStrictEqual(told(step, "v", ToolCatalogue.names([])), ["PS506"])
    assert.deepStrictEqual(told(step, "v", yield* ToolCatalogue.running(hub)), ["PS506"])
  }).pipe(Effect.provide(layer))
)
