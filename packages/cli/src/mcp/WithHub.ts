/** What the commands that look at MCP servers have in common. */
import type * as HubAlone from "@penstock/server/mcp/HubAlone"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import { CommandFailed } from "../CommandFailed.ts"
import * as ConfigText from "./ConfigText.ts"

export type Hub = Parameters<Parameters<typeof HubAlone.run>[1]>[0]

interface HubFailure {
  readonly _tag: "McpError"
  readonly message: string
}

/** Runs with the servers of the configuration, and ends them. */
export const withHub = <A>(
  config: Option.Option<string>,
  use: (hub: Hub) => Effect.Effect<A, HubFailure | CommandFailed>
): Effect.Effect<A, CommandFailed> =>
  Effect.gen(function* () {
    const alone = yield* Effect.promise(() => import("@penstock/server/mcp/HubAlone"))
    const issues = yield* Effect.promise(() => import("@penstock/server/config/ConfigIssue"))
    return yield* alone.run(ConfigText.flagsOf(config), use).pipe(
      Effect.catchTags({
        ConfigError: (error) => new CommandFailed({ exitCode: 2, text: issues.renderError(error) }),
        McpError: ({ message }) => new CommandFailed({ exitCode: 1, text: message })
      })
    )
  })
