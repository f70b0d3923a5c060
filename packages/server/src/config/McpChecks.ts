/** MCP servers: whether each can be reached in exactly one way, and whether its names and patterns can mean something. */
import { type McpConfig, mcpServerName, type McpServerConfig } from "@penstock/schema/config/Mcp"
import * as Redacted from "effect/Redacted"
import type { Path } from "./ConfigSource.ts"
import type { Report } from "./Report.ts"

const onlyForCommands = ["args", "env", "cwd"] as const

const isEmpty = (value: unknown): boolean =>
  value === undefined || (typeof value === "object" && value !== null && Object.keys(value).length === 0)

const checkWay = (server: McpServerConfig, path: Path, report: Report) => {
  if (server.command === undefined && server.url === undefined) {
    report.error(path, '"command" or "url" is missing', "write command: npx, or url: https://…", "key")
  }
  if (server.command !== undefined && server.url !== undefined) {
    report.error([...path, "url"], "expected either `command` or `url`, found both", "make two servers of it", "key")
  }
  if (server.url !== undefined) {
    for (const key of onlyForCommands) {
      if (!isEmpty(server[key]))
        report.error([...path, key], "belongs to a `command`; this server has a `url`", null, "key")
    }
    if (!URL.canParse(server.url)) report.error([...path, "url"], "expected an address, found one that cannot be read")
  } else if (!isEmpty(server.headers)) {
    report.error([...path, "headers"], "belongs to a `url`; give a command its secrets in `env`", null, "key")
  }
}

const checkValues = (server: McpServerConfig, path: Path, report: Report) => {
  if (server.tools.length === 0) {
    report.warning([...path, "tools"], "an empty list allows none of its tools", 'write ["*"] for all')
  }
  for (const [name, value] of Object.entries(server.env)) {
    if (/[=\0]/.test(name) || Redacted.value(value).includes("\0")) {
      report.error([...path, "env", name], "expected a variable that an environment can hold", null, "key")
    }
  }
  for (const [name, value] of Object.entries(server.headers)) {
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name) || /[^\t\u0020-\u007e\u0080-\u00ff]/.test(Redacted.value(value))) {
      const message = "expected a header that HTTP allows: a plain name, one line of text"
      report.error([...path, "headers", name], message, null, "key")
    }
  }
}

export const check = (mcp: McpConfig, report: Report) => {
  for (const [name, server] of Object.entries(mcp.servers)) {
    const path = ["mcp", "servers", name]
    if (!mcpServerName.test(name)) {
      const message = "expected 1 to 32 letters, digits, _ or - as a server's name, without __"
      report.error(path, message, "choose another name", "key")
    }
    checkWay(server, path, report)
    checkValues(server, path, report)
  }
}
