/** From a server's configuration to a way to reach it. */
import type { McpConfig, McpServerConfig } from "@penstock/schema/config/Mcp"
import * as Effect from "effect/Effect"
import * as AddressGuard from "./AddressGuard.ts"
import * as Runtime from "effect/Runtime"
import { ConnectionFailure } from "./Connection.ts"
import type { Connect } from "./Session.ts"
import type { Watchdog } from "./Watchdog.ts"

/** Bytes in one message of a server. */
const maxMessage = 16 * 1024 * 1024
/** How long a process may be silent about its revision; half of its start is left for the old greeting. */
const probeOf = (timeout: number): number => Math.min(10_000, timeout / 2)

export interface Origin {
  /** Whether the configuration names the server, or somebody did over HTTP. */
  readonly trusted: boolean
  readonly config: () => McpConfig
}

const hostOf = (url: string): string | null => (URL.canParse(url) ? new URL(url).hostname : null)

/** Hosts that may be private: those allowed by name, and those that the configuration itself leads to. */
const allowedHosts = ({ allow_hosts, servers }: McpConfig): ReadonlyArray<string> => [
  ...allow_hosts,
  ...Object.values(servers).flatMap(({ url }) => (url === undefined ? [] : (hostOf(url) ?? [])))
]

const tellNoise = (name: string) => {
  let told = false
  // Once: a server that logs on stdout does so all the time.
  return (line: string) => {
    if (told) return Effect.void
    told = true
    return Effect.logWarning(
      `The MCP server ${name} writes to stdout what is no message of the protocol; it is skipped`,
      line
    )
  }
}

/** With the protocol's SDK behind them: a fifth of all that a server loads, and not loaded where there is nobody to talk to. */
const stdio = Effect.promise(() => import("./StdioConnection.ts"))
const http = Effect.promise(() => import("./HttpConnection.ts"))

/** How to open a conversation with the server. Secrets are uncovered only on their way to it. */
export const connect = (name: string, server: McpServerConfig, origin: Origin, watchdog: Watchdog): Connect => {
  const { args, command, cwd, env, headers, timeout, url } = server
  const noise = tellNoise(name)
  return (listener) =>
    Effect.flatMap(Effect.runtime(), (runtime) => {
      if (command !== undefined) {
        return Effect.flatMap(stdio, (StdioConnection) =>
          StdioConnection.open({
            launch: { command, args, env, cwd },
            watchdog,
            listener,
            probe: probeOf(timeout),
            noise: (line) => void Runtime.runFork(runtime)(noise(line)),
            maxMessage
          })
        )
      }
      if (url === undefined || !URL.canParse(url)) {
        return new ConnectionFailure({ kind: "closed", message: "it has neither a command nor an address" })
      }
      return Effect.flatMap(http, (HttpConnection) =>
        HttpConnection.open({
          url: new URL(url),
          headers,
          guard: origin.trusted ? null : AddressGuard.make(() => allowedHosts(origin.config())),
          listener,
          probe: timeout,
          maxMessage
        })
      )
    })
}
