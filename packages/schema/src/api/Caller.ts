/** Who asks, and how a key is presented. */
import * as Context from "effect/Context"
import type { BudgetConfig, RateConfig } from "../config/Limits.ts"
import type { McpAccess } from "../config/Mcp.ts"

export interface Caller {
  /** The key's name, as the ledger shows it; null without authentication. */
  readonly key: string | null
  /** The models that may be named, exactly or with `*` for any characters. */
  readonly models: ReadonlyArray<string>
  /** Whether the ledger and the settings may be read. */
  readonly admin: boolean
  /** What the key may spend, beside what the whole gateway may; null for no limit of its own. */
  readonly budget: BudgetConfig | null
  readonly rate: RateConfig | null
  /** The MCP servers and tools that may be used; absent for all. Asked by `gateway/mcp/Access.ts`, and nowhere else. */
  readonly mcp?: McpAccess
}

/** The caller of this request, provided by the middleware that checked the key. */
export class CurrentCaller extends Context.Tag("@penstock/schema/api/CurrentCaller")<CurrentCaller, Caller>() {}
