/** Which tools a prompt asks for, by the words that it shares with their names, descriptions and parameters. */
import type { DemoRequest, FunctionTool } from "./DemoRequest.ts"
import { objectIn } from "./JsonSchema.ts"
import { wordsOf } from "./Words.ts"

/** A word of the name says more about a tool than one of its description. */
const nameWeight = 3

const score = (tool: FunctionTool, asked: ReadonlySet<string>): number => {
  const shared = (words: ReadonlyArray<string>): number => [...new Set(words)].filter((word) => asked.has(word)).length
  const described = [...wordsOf(tool.description ?? "")]
  for (const [name, schema] of Object.entries(objectIn(tool.parameters?.["properties"]))) {
    const { description } = objectIn(schema)
    described.push(...wordsOf(name), ...wordsOf(typeof description === "string" ? description : ""))
  }
  return nameWeight * shared(wordsOf(tool.name)) + shared(described)
}

/** The tools to call, none where none fits: several where they fit equally well and may be called in parallel. */
export const choose = (request: DemoRequest, prompt: string): ReadonlyArray<FunctionTool> => {
  const tools = (request.tools ?? []).flatMap((tool) => (tool.function === undefined ? [] : [tool.function]))
  const choice = request.tool_choice ?? "auto"
  if (choice === "none") return []
  if (typeof choice === "object") return tools.filter((tool) => tool.name === choice.function.name).slice(0, 1)
  const asked = new Set(wordsOf(prompt.slice(0, 60_000)))
  const scores = tools.map((tool) => score(tool, asked))
  const best = Math.max(0, ...scores)
  if (best === 0) return choice === "required" ? tools.slice(0, 1) : []
  const fitting = tools.filter((_, index) => scores[index] === best)
  return request.parallel_tool_calls === false ? fitting.slice(0, 1) : fitting
}
