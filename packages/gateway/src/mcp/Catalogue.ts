/** The tools of all servers in one list, each under a name of its own. Pure. */
import type { JsonObject } from "../wire/Json.ts"
import type { Tool } from "./Tool.ts"
import * as ToolName from "./ToolName.ts"

export interface HubTool {
  /** Under which it is offered: `[A-Za-z0-9_-]{1,64}`, unique in the hub. */
  readonly name: string
  readonly server: string
  /** As its server calls it: what `call` takes. */
  readonly tool: string
  readonly description: string
  readonly inputSchema: JsonObject
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
  return all.map(({ server, tool }, index) => ({
    name: names[index] ?? tool.name,
    server,
    tool: tool.name,
    description: tool.description,
    inputSchema: tool.inputSchema,
    repeatable: tool.repeatable
  }))
}
