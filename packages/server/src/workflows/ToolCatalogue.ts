/** The tools that the checker knows of: those of the MCP servers, in the servers' own words. */
import type { HubTool } from "@penstock/gateway/mcp/Catalogue"
import type { Service as Hub } from "@penstock/gateway/mcp/McpHub"
import { isObject } from "@penstock/gateway/wire/Json"
import type { ToolCatalogue, ToolFacts } from "@penstock/workflow/checker/Catalogues"
import * as Effect from "effect/Effect"

const factsOf = ({ inputSchema, listed }: HubTool): ToolFacts => ({
  // A provider's schema may leave out what the server says; what the server says may be no schema.
  inputSchema: isObject(listed.inputSchema) ? listed.inputSchema : inputSchema,
  outputSchema: isObject(listed.outputSchema) ? listed.outputSchema : null
})

type Listed = ReadonlyMap<string, ReadonlyArray<HubTool>>

const of = (servers: ReadonlyArray<string>, listed: Listed, mayGrow: boolean): ToolCatalogue => {
  const tools = new Map(
    Array.from(listed, ([server, all]) => [server, new Map(all.map((one) => [one.tool, factsOf(one)]))])
  )
  return { servers, mayGrow, tools: (server) => tools.get(server) ?? null }
}

/** Where no server is set up at all, a file that names one is written for another place, and not wrong. */
const nothingSetUp = (servers: ReadonlyArray<string>): boolean => servers.length === 0

/** What some of the servers list. One that does not answer, or takes longer than ten seconds, is left out. */
const ask = (hub: Hub, servers: ReadonlyArray<string>): Effect.Effect<Listed> =>
  Effect.forEach(
    servers,
    (server) =>
      hub.tools(server).pipe(
        Effect.timeout("10 seconds"),
        Effect.map((tools): ReadonlyArray<readonly [string, ReadonlyArray<HubTool>]> => [[server, tools]]),
        Effect.orElseSucceed(() => [])
      ),
    { concurrency: "unbounded" }
  ).pipe(Effect.map((answers) => new Map(answers.flat())))

/** Of servers that nobody asks: their names alone are known. */
export const names = (servers: ReadonlyArray<string>): ToolCatalogue => of(servers, new Map(), nothingSetUp(servers))

/** Starts every server. */
export const asked = (hub: Hub): Effect.Effect<ToolCatalogue> =>
  Effect.suspend(() => {
    const servers = hub.servers().map(({ name }) => name)
    return Effect.map(ask(hub, servers), (listed) => of(servers, listed, nothingSetUp(servers)))
  })

/** Starts none: of those that do not run the names alone are known, and others may be added over HTTP. */
export const running = (hub: Hub): Effect.Effect<ToolCatalogue> =>
  Effect.suspend(() => {
    const reports = hub.servers()
    const servers = reports.map(({ name }) => name)
    const ready = reports.filter(({ status }) => status === "ready").map(({ name }) => name)
    return Effect.map(ask(hub, ready), (listed) => of(servers, listed, true))
  })
