/** A hub over servers as a configuration names them, and a look at what processes it has. */
import * as fs from "node:fs"
import * as path from "node:path"
import * as Settings from "@penstock/gateway/Settings"
import * as McpHub from "@penstock/gateway/mcp/McpHub"
import type { ToolResult } from "@penstock/gateway/mcp/Tool"
import { PenstockConfig } from "@penstock/schema/config/PenstockConfig"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"

export const fixture = path.join(import.meta.dirname, "fixtures/misbehaving.mjs")

const decode = Schema.decodeUnknownSync(PenstockConfig)

export const config = (servers: object, more: object = {}) => decode({ mcp: { servers, ...more } })

let count = 0

/** A word that no other process has in its environment. */
export const newMarker = (): string => `penstock-mcp-${process.pid}-${count++}`

/** A misbehaving server, by what it is to do wrong. */
export const misbehaving = (marker: string, flags: ReadonlyArray<string> = [], more: object = {}) => ({
  command: process.execPath,
  args: [fixture, ...flags],
  env: { MARKER: marker },
  timeout: "5s",
  ...more
})

/** The processes with the marker in their environment. */
export const alive = (marker: string): ReadonlyArray<number> =>
  fs
    .readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const isZombie = / Z /.test(fs.readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\)/, ""))
        return !isZombie && fs.readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(`MARKER=${marker}`)
      } catch {
        return false
      }
    })
    .map(Number)

/** Waits, a bounded time, for what a process does in its own time. */
export const eventually = (isSo: () => boolean): Effect.Effect<void> =>
  Effect.sync(isSo).pipe(
    Effect.delay("20 millis"),
    Effect.repeat({ until: (so) => so }),
    Effect.timeoutFail({ duration: "10 seconds", onTimeout: () => new Error("it never came to be") }),
    Effect.asVoid,
    Effect.orDie
  )

export const layer = (servers: object, more: object = {}): Layer.Layer<McpHub.McpHub> =>
  McpHub.layer.pipe(Layer.provide(Settings.layer(config(servers, more))))

/** Runs with a hub, and then without. */
export const withHub =
  (servers: object, more: object = {}) =>
  <A, E>(use: (hub: McpHub.Service) => Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.provide(Effect.flatMap(McpHub.McpHub, use), layer(servers, more))

export const textOf = ({ content }: ToolResult): string => content.map(({ text }) => String(text)).join("\n")
