/** Where MCP clients ask. */
import type { IncomingMessage } from "node:http"

const path = "/mcp"

export const isFor = ({ url = "" }: IncomingMessage): boolean => url === path || url.startsWith(`${path}?`)
