/** Mistakes in what MCP servers there are. */
import type { Mistake } from "./Mistakes.ts"

const inServer = (text: string): string => `mcp:\n  servers:\n    mine: {${text}}\n`

export const mcpMistakes: ReadonlyArray<Mistake> = [
  {
    name: "an MCP server without a way to it",
    yaml: inServer("tools: [a]"),
    at: "3:5",
    path: "mcp.servers.mine",
    message: '"command" or "url" is missing'
  },
  {
    name: "an MCP server with two ways to it",
    yaml: inServer("command: npx, url: 'http://x.test'"),
    at: "3:26",
    path: "mcp.servers.mine.url",
    message: "found both"
  },
  {
    name: "an environment for an address",
    yaml: inServer("url: 'http://x.test', env: {A: b}"),
    at: "3:34",
    path: "mcp.servers.mine.env",
    message: "belongs to a `command`"
  },
  {
    name: "headers for a command",
    yaml: inServer("command: npx, headers: {a: b}"),
    at: "3:26",
    path: "mcp.servers.mine.headers",
    message: "belongs to a `url`; give a command its secrets in `env`"
  },
  {
    name: "an MCP server's name that would blur its tools' names",
    yaml: "mcp: {servers: {a__b: {command: npx}}}\n",
    at: "1:17",
    path: "mcp.servers.a__b",
    message: "without __"
  },
  {
    name: "an MCP server's misspelt key",
    yaml: inServer("command: npx, arg: [a]"),
    at: "3:26",
    path: "mcp.servers.mine.arg",
    message: 'unknown key "arg"',
    hint: 'did you mean "args"?'
  },
  {
    name: "an MCP server's address that is none",
    yaml: inServer("url: x.test"),
    at: "3:17",
    path: "mcp.servers.mine.url",
    message: "expected an http:// or https:// address"
  },
  {
    name: "an MCP call that has no time",
    yaml: inServer("command: npx, timeout: 0s"),
    at: "3:35",
    path: "mcp.servers.mine.timeout",
    message: "above 0"
  },
  {
    name: "a secret in an environment that is no text is not told",
    yaml: inServer("command: npx, env: {TOKEN: [s3cret]}"),
    at: "3:39",
    path: "mcp.servers.mine.env.TOKEN",
    message: "expected"
  },
  {
    name: "a variable that no environment can hold",
    yaml: inServer("command: npx, env: {'A=B': c}"),
    at: "3:32",
    path: 'mcp.servers.mine.env."A=B"',
    message: "an environment can hold"
  }
]
