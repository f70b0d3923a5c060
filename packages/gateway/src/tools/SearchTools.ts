/** Finding tools by words: what a model asks for when it was not given all definitions. Pure. */
import type { HubTool } from "../mcp/Catalogue.ts"
import { wordsOf } from "../providers/demo/Words.ts"
import { objectIn, stringIn } from "../wire/Json.ts"

/** A word of the name says more about a tool than one of its description or of its parameters. */
const weights = { name: 4, description: 2, parameters: 1 } as const

interface Indexed {
  readonly tool: HubTool
  readonly words: ReadonlyMap<string, number>
}

const indexed = (tool: HubTool): Indexed => {
  const words = new Map<string, number>()
  const parameters = Object.entries(objectIn(tool.inputSchema["properties"]))
  const texts = {
    parameters: parameters.map(([name, schema]) => `${name} ${stringIn(objectIn(schema)["description"])}`).join(" "),
    description: tool.description,
    name: `${tool.server} ${tool.tool}`
  }
  // The weightiest comes last and stands.
  for (const field of ["parameters", "description", "name"] as const) {
    for (const word of wordsOf(texts[field])) words.set(word, weights[field])
  }
  return { tool, words }
}

export type Search = (query: string, limit: number) => ReadonlyArray<HubTool>

/**
 * The best first, of equals in the list's order; none where no word fits. A word that many tools have tells less: it
 * counts by how rare it is.
 */
export const make = (tools: ReadonlyArray<HubTool>): Search => {
  const index = tools.map(indexed)
  const frequency = new Map<string, number>()
  for (const { words } of index) for (const word of words.keys()) frequency.set(word, (frequency.get(word) ?? 0) + 1)
  const rarity = (word: string): number => Math.log(1 + tools.length / (frequency.get(word) ?? 1))
  return (query, limit) => {
    const asked = [...new Set(wordsOf(query))]
    return index
      .map(({ tool, words }) => ({
        tool,
        score: asked.reduce((sum, word) => sum + (words.get(word) ?? 0) * rarity(word), 0)
      }))
      .filter(({ score }) => score > 0)
      .toSorted((one, other) => other.score - one.score)
      .slice(0, limit)
      .map(({ tool }) => tool)
  }
}
