// An MCP server over stdio called `web` in the shipped pipelines: a search and a page that are always the same.
import { createInterface } from "node:readline"

const send = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`)
const object = (properties, required) => ({ type: "object", properties, required })

const tools = [
  {
    name: "search",
    description: process.env["DESCRIPTION"] ?? "Searches the web",
    inputSchema: object({ query: { type: "string" }, count: { type: "integer" } }, ["query"])
  },
  { name: "fetch", description: "Reads a page", inputSchema: object({ url: { type: "string" } }, ["url"]) }
]

const called = ({ arguments: given, name }) => {
  if (given.url === "") return { content: [{ type: "text", text: "There is no such page." }], isError: true }
  const structuredContent =
    name === "search"
      ? { results: [{ title: `About ${given.query}`, url: "https://example.org/mills" }] }
      : { text: `The page ${given.url} says that penstocks lead water to turbines.` }
  return { content: [{ type: "text", text: JSON.stringify(structuredContent) }], structuredContent }
}

const results = {
  initialize: ({ protocolVersion }) => ({
    protocolVersion,
    capabilities: { tools: {} },
    serverInfo: { name: "web", version: "1" }
  }),
  "tools/list": () => ({ tools }),
  "tools/call": called,
  ping: () => ({})
}

createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method, params } = JSON.parse(line)
  if (id === undefined) return
  const result = results[method]
  if (result === undefined) send({ id, error: { code: -32601, message: `no ${method}` } })
  else send({ id, result: result(params) })
})
