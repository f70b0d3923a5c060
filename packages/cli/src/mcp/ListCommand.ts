/** `penstock mcp list`: the configured servers, each started once to see whether it can be. */
import * as Command from "@effect/cli/Command"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { configFile } from "../ConfigOption.ts"
import { jsonOrText } from "../workflow/WorkflowOptions.ts"
import { withHub } from "./WithHub.ts"

export const command = Command.make("list", { config: configFile, format: jsonOrText }, ({ config, format }) =>
  withHub(config, (hub) =>
    Effect.gen(function* () {
      const servers = yield* Effect.forEach(
        hub.servers(),
        ({ name }) =>
          Effect.match(hub.tools(name), {
            onFailure: ({ message }) => ({ name, status: "failed", tools: 0, reason: message }),
            onSuccess: (tools) => ({ name, status: "ready", tools: tools.length, reason: null })
          }),
        { concurrency: "unbounded" }
      )
      if (format === "json") return yield* Console.log(JSON.stringify({ servers }, null, 2))
      if (servers.length === 0) {
        return yield* Console.log("No MCP server is configured. Add one with: penstock mcp add NAME URL")
      }
      const width = Math.max(...servers.map(({ name }) => name.length))
      for (const { name, reason, status, tools } of servers) {
        yield* Console.log(
          `${name.padEnd(width)}  ${reason === null ? `${status}, ${tools} tools` : `failed: ${reason}`}`
        )
      }
    })
  )
).pipe(Command.withDescription("The configured servers, and whether each can be started"))
