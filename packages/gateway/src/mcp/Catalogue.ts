/** The tools of all servers in one list, each under a name of its own. Pure. */
import type { JsonObject } from "../wire/Json.ts"
import type { ListedTool, Tool } from "./Tool.ts"
import * as ToolName from "./ToolName.ts"

export interface HubTool {
  /** Under which it is offered: `[A-Za-z0-9_-]{1,64}`, unique in the hub. */
  readonly name: string
  readonly server: string
  readonly prefix: ToolName.Prefix
  /** As its server calls it: what `call` takes. */
  readonly tool: string
  readonly description: string
  /** Fit for every provider. */
  readonly inputSchema: JsonObject
  /** All that its server says of it, in the server's own words: for a caller that is no model. */
  readonly listed: ListedTool
  /** Whether a second call does no more than the first. */
  readonly repeatable: boolean
}

export interface Offer {
  readonly server: string
  readonly prefix: ToolName.Prefix
  readonly tools: ReadonlyArray<Tool>
}

export const list = (offers: ReadonlyArray<Offer>): ReadonlyArray<HubTool> => {
  const all = offers.flatMap(({ prefix, server, tools }) => tools.map((tool) => ({ prefix, server, tool })))
  const names = ToolName.assign(all.map(({ prefix, server, tool }) => ({ prefix, server, tool: tool.name })))
  return all.map(({ prefix, server, tool }, index) => ({
    name: names[index] ?? tool.name,
    server,
    prefix,
    tool: tool.name,
    description: tool.description,
    inputSchema: tool.inputSchema,
    listed: tool.listed,
    repeatable: tool.repeatable
  }))
}
