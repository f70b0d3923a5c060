/**
 * Which MCP servers and tools a caller may use: what its key's `mcp` says. Asked wherever a caller meets a tool, by the
 * tool loop, the hub's endpoints and `/mcp` alike.
 */
import type { Caller } from "@penstock/schema/api/Caller"
import * as GatewayError from "@penstock/schema/GatewayError"
import * as NamePattern from "../routing/NamePattern.ts"
import { separator } from "./ToolName.ts"

const some = (patterns: ReadonlyArray<string>, name: string): boolean =>
  patterns.some((pattern) => NamePattern.matches(pattern, name))

export const mayUseServer = ({ mcp }: Caller, server: string): boolean => mcp === undefined || some(mcp.servers, server)

/** `tool` is the name by which its server calls it. */
export const mayUseTool = (caller: Caller, server: string, tool: string): boolean =>
  mayUseServer(caller, server) &&
  (caller.mcp === undefined || some(caller.mcp.tools, tool) || some(caller.mcp.tools, `${server}${separator}${tool}`))

/** Those of a list that the caller may use. */
export const usable = <T extends { readonly server: string; readonly tool: string }>(
  caller: Caller,
  tools: ReadonlyArray<T>
): ReadonlyArray<T> =>
  caller.mcp === undefined ? tools : tools.filter(({ server, tool }) => mayUseTool(caller, server, tool))

const refused = (caller: Caller, what: string, allowed: ReadonlyArray<string>): GatewayError.GatewayError =>
  GatewayError.make(
    "forbidden",
    `The key ${caller.key ?? "in use"} may not use ${what}: it is limited to ${allowed.join(", ") || "none"}.`,
    { code: "mcp_not_allowed" }
  )

/** Why the caller may not use this server, or this tool of it; null when it may. */
export const refusal = (caller: Caller, server: string, tool?: string): GatewayError.GatewayError | null => {
  if (!mayUseServer(caller, server)) return refused(caller, `the MCP server ${server}`, caller.mcp?.servers ?? [])
  if (tool === undefined || mayUseTool(caller, server, tool)) return null
  return refused(caller, `the tool ${tool} of the MCP server ${server}`, caller.mcp?.tools ?? [])
}
