/**
 * Long lists of tools, not given to the model: it is given one tool to search them and one to load those that it wants,
 * which are then offered in the following turns. Definitions cost their tokens in every turn, used or not.
 */
import type { Tool } from "@penstock/schema/ChatRequest"
import * as Suggestion from "@penstock/schema/Suggestion"
import type { HubTool } from "../mcp/Catalogue.ts"
import { listIn, numberIn, objectIn, stringIn } from "../wire/Json.ts"
import * as SearchTools from "./SearchTools.ts"
import { byName, definition, type Toolbox } from "./Toolbox.ts"

const defaultFound = 8
const mostFound = 25
/** Of a description, in what a search finds: the whole one comes with the definition. */
const shownDescription = 160

const shortened = (text: string): string =>
  text.length <= shownDescription ? text : `${text.slice(0, shownDescription).trimEnd()}…`

/** A name that the request has free. */
const free = (name: string, taken: (name: string) => boolean): string => {
  let candidate = name
  for (let nth = 2; taken(candidate); nth++) candidate = `${name}_${nth}`
  return candidate
}

/** "files (14 tools), docs (3 tools)". */
const inventory = (tools: ReadonlyArray<HubTool>): string => {
  const counts = new Map<string, number>()
  for (const { server } of tools) counts.set(server, (counts.get(server) ?? 0) + 1)
  return [...counts].map(([server, count]) => `${server} (${count} tools)`).join(", ")
}

const searchTool = (name: string, load: string, tools: ReadonlyArray<HubTool>): Tool => ({
  name,
  description:
    `Searches ${tools.length} further tools by what they do and gives their names: ${inventory(tools)}. ` +
    `Load those that you need with ${load}, then call them.`,
  parameters: {
    type: "object",
    properties: {
      query: { type: "string", description: "Words for what the tool should do" },
      limit: { type: "integer", description: `How many to find, ${defaultFound} by default` }
    },
    required: ["query"]
  }
})

const loadTool = (name: string, search: string): Tool => ({
  name,
  description: `Loads tools that ${search} has found, so that they can be called from the next turn on.`,
  parameters: {
    type: "object",
    properties: { names: { type: "array", items: { type: "string" }, description: "Their names" } },
    required: ["names"]
  }
})

export interface Options {
  /** Names that the request's own tools have. */
  readonly reserved: ReadonlySet<string>
  /** Tools to load at once: those that the conversation has called already, and the one that the request asks for. */
  readonly wanted: ReadonlyArray<string>
}

export const make = (tools: ReadonlyArray<HubTool>, { reserved, wanted }: Options): Toolbox => {
  const known = byName(tools)
  const find = SearchTools.make(tools)
  const taken = (name: string) => reserved.has(name) || known.has(name)
  const search = free("search_tools", taken)
  const load = free("load_tools", taken)
  const own = [searchTool(search, load, tools), loadTool(load, search)]
  /** In the order of their loading. */
  const loaded = new Map<string, Tool>()
  const add = (tool: HubTool) => void (loaded.has(tool.name) || loaded.set(tool.name, definition(tool)))
  for (const name of wanted) {
    const tool = known.get(name)
    if (tool !== undefined) add(tool)
  }

  const found = (args: unknown): string => {
    const query = stringIn(objectIn(args)["query"])
    const limit = Math.min(mostFound, Math.max(1, Math.trunc(numberIn(objectIn(args)["limit"]) ?? defaultFound)))
    const hits = find(query, limit)
    return hits.length === 0
      ? `No tool fits ${JSON.stringify(query)}. There are tools of ${inventory(tools)}: try other words.`
      : JSON.stringify(hits.map(({ description, name }) => ({ name, description: shortened(description) })))
  }

  const taking = (args: unknown): string => {
    const names = listIn(objectIn(args)["names"]).map(stringIn)
    if (names.length === 0) return `Name the tools to load: {"names": ["…"]}.`
    return names
      .map((name) => {
        const tool = known.get(name)
        if (tool === undefined) {
          const meant = Suggestion.didYouMean(name, [...known.keys()])
          return `${JSON.stringify(name)} is not a tool${meant === null ? "" : `: ${meant}`}. Search with ${search}.`
        }
        add(tool)
        return `${name} is loaded: you can call it now.`
      })
      .join("\n")
  }

  return {
    offered: () => [...own, ...loaded.values()],
    find: (name) => known.get(name) ?? null,
    own: (name, args) => (name === search ? found(args) : name === load ? taking(args) : null),
    has: (name) => name === search || name === load || known.has(name)
  }
}

/** Characters of definitions from which on they are not given to the model: some 6,000 tokens. */
const long = 24_000

export const isLong = (tools: ReadonlyArray<HubTool>): boolean => JSON.stringify(tools.map(definition)).length > long
