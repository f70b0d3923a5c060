/** From the MCP tools that a request names to those that there are, each under a name that the request has free. */
import type { Caller } from "@penstock/schema/api/Caller"
import * as GatewayError from "@penstock/schema/GatewayError"
import * as Effect from "effect/Effect"
import * as Access from "../mcp/Access.ts"
import type { HubTool } from "../mcp/Catalogue.ts"
import { type McpError, toGatewayError } from "../mcp/McpError.ts"
import type * as McpHub from "../mcp/McpHub.ts"
import { unknownTool } from "../mcp/McpServer.ts"
import * as ToolName from "../mcp/ToolName.ts"
import * as NamePattern from "../routing/NamePattern.ts"
import { everyServer, type Wanted } from "./McpSelection.ts"

const located = (param: string) => (error: McpError) => {
  const { code, message, reason } = toGatewayError(error)
  return GatewayError.make(reason, message, { param, ...(code === undefined ? {} : { code }) })
}

/** What stops a tool that the request names from being offered; null for a pattern, which may select nothing. */
const missing = (caller: Caller, { server }: Wanted, name: string, tools: ReadonlyArray<HubTool>) => {
  if (name.includes("*") || tools.some(({ tool }) => tool === name)) return null
  return server === everyServer
    ? GatewayError.make("not_found", `No MCP server has a tool "${name}". GET /v1/mcp/servers lists the servers.`, {
        code: "mcp_unknown_tool"
      })
    : (Access.refusal(caller, server, name) ??
        toGatewayError(
          unknownTool(
            server,
            name,
            tools.map(({ tool }) => tool)
          )
        ))
}

const ofOne = Effect.fnUntraced(function* (hub: McpHub.Service, caller: Caller, wanted: Wanted) {
  const { param, server, tools: patterns } = wanted
  const refusal = server === everyServer ? null : Access.refusal(caller, server)
  if (refusal !== null) return yield* refusal
  const listed = yield* Effect.mapError(
    server === everyServer ? hub.tools() : hub.tools(server),
    located(`${param}.server`)
  )
  const usable = Access.usable(caller, listed)
  for (const name of patterns ?? []) {
    const problem = missing(caller, wanted, name, usable)
    if (problem !== null) return yield* problem
  }
  return patterns === null
    ? usable
    : usable.filter(({ tool }) => patterns.some((pattern) => NamePattern.matches(pattern, tool)))
})

/** Under its hub's name where that is free, else under its server's, else with a hash. */
const named = (tools: ReadonlyArray<HubTool>, reserved: ReadonlySet<string>): ReadonlyArray<HubTool> => {
  const taken = new Set(reserved)
  return tools.map((tool) => {
    const prefixed = ToolName.legal(`${tool.server}${ToolName.separator}${tool.tool}`, tool.server, tool.tool)
    const name =
      [tool.name, prefixed].find((each) => !taken.has(each)) ?? ToolName.withHash(prefixed, tool.server, tool.tool)
    taken.add(name)
    return { ...tool, name }
  })
}

/**
 * `reserved` are names that the request's own tools have. Fails with `forbidden`, with `not_found` for a server or a
 * tool that there is not, and with `unreachable` for a server that is named and does not run; of all servers, one that
 * does not is left out.
 */
export const resolve = Effect.fn("ResolveTools.resolve")(function* (
  hub: McpHub.Service,
  caller: Caller,
  wanted: ReadonlyArray<Wanted>,
  reserved: ReadonlySet<string>
) {
  const lists = yield* Effect.forEach(wanted, (each) => ofOne(hub, caller, each), { concurrency: "unbounded" })
  const once = new Map(lists.flat().map((tool) => [JSON.stringify([tool.server, tool.tool]), tool]))
  return named([...once.values()], reserved)
})
