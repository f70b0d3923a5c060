/** The migrations of the keys' table, in order. One that was released is never edited: add another. */
import * as Migrator from "@effect/sql/Migrator"
import { mcpAccess } from "./McpAccess.ts"
import { virtualKeys } from "./VirtualKeys.ts"

export const run = Migrator.make({})({
  loader: Migrator.fromRecord({ "0001_virtual_keys": virtualKeys, "0002_mcp_access": mcpAccess }),
  table: "keys_migrations"
})
