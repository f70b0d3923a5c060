/** The MCP servers and tools of a key, as JSON in the words of the configuration; NULL for all. */
import * as SqlClient from "@effect/sql/SqlClient"
import * as Effect from "effect/Effect"

export const mcpAccess = Effect.flatMap(SqlClient.SqlClient, (sql) => sql`ALTER TABLE virtual_keys ADD COLUMN mcp TEXT`)
