/** What a model is offered of the MCP tools that a request names, turn by turn. */
import type { Tool } from "@penstock/schema/ChatRequest"
import type { HubTool } from "../mcp/Catalogue.ts"

export interface Toolbox {
  /** The definitions of the next turn. They only ever grow at the end, so that a provider's prompt cache stays warm. */
  readonly offered: () => ReadonlyArray<Tool>
  /** The tool behind a name, offered yet or not; null where the name is not a tool of a server. */
  readonly find: (name: string) => HubTool | null
  /** Answers a call of one of the box's own tools, by the text to give to the model; null where it has none such. */
  readonly own: (name: string, args: unknown) => string | null
  /** Whether a call of this name is for us, and not for the caller. */
  readonly has: (name: string) => boolean
}

export const definition = ({ description, inputSchema, name }: HubTool): Tool => ({
  name,
  ...(description === "" ? {} : { description }),
  parameters: inputSchema,
  // Where nothing is said, OpenAI's responses would hold it to what a strict schema must be.
  strict: false
})

export const byName = (tools: ReadonlyArray<HubTool>): ReadonlyMap<string, HubTool> =>
  new Map(tools.map((tool) => [tool.name, tool]))

/** Every tool is offered from the beginning. */
export const all = (tools: ReadonlyArray<HubTool>): Toolbox => {
  const known = byName(tools)
  const definitions = tools.map(definition)
  return {
    offered: () => definitions,
    find: (name) => known.get(name) ?? null,
    own: () => null,
    has: (name) => known.has(name)
  }
}
