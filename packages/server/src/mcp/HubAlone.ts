/** The hub without a gateway around it, for commands that look at MCP servers: nothing is written, nothing listens. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as McpHub from "@penstock/gateway/mcp/McpHub"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ConfigFile from "../config/ConfigFile.ts"
import type { ConfigError } from "../config/ConfigIssue.ts"
import type { ConfigFlags } from "../config/ServeOptions.ts"
import * as Logging from "../Logging.ts"

/** Runs with the servers of the configuration; afterwards none is left. */
export const run = <A, E>(
  flags: ConfigFlags,
  use: (hub: McpHub.Service) => Effect.Effect<A, E>
): Effect.Effect<A, E | ConfigError> =>
  Effect.flatMap(McpHub.McpHub, use).pipe(
    Effect.provide(
      McpHub.layer.pipe(
        Layer.provideMerge(Logging.layer),
        Layer.provide(ConfigFile.layer(flags)),
        Layer.provide(NodeContext.layer)
      )
    )
  )
