/** MCP servers, each started once and asked for its tools. */
import * as Effect from "effect/Effect"
import type { ConfigFlags } from "../config/ServeOptions.ts"
import * as HubAlone from "../mcp/HubAlone.ts"
import { type Finding, fail, ok, warn } from "./Finding.ts"

export const examine = (flags: ConfigFlags, offline: boolean): Effect.Effect<ReadonlyArray<Finding>> =>
  HubAlone.run(
    flags,
    (hub) =>
      Effect.forEach(
        hub.servers(),
        ({ name }): Effect.Effect<Finding> => {
          const check = `mcp ${name}`
          if (offline) return Effect.succeed(ok(check, "not started (--offline)"))
          return Effect.match(hub.tools(name), {
            onFailure: ({ message }) => fail(check, message, `See more with: penstock mcp inspect ${name}`),
            onSuccess: (tools) =>
              tools.length === 0
                ? warn(check, "it starts, and offers no tools", `Look at mcp.servers.${name}.tools`)
                : ok(check, `it starts, and offers ${tools.length} tools`)
          })
        },
        { concurrency: "unbounded" }
      )
    // The configuration was read a moment ago; that it is wrong now is told by its own check the next time.
  ).pipe(Effect.orElseSucceed((): ReadonlyArray<Finding> => []))
