/** Which servers there are: those of the configuration, followed as it changes, and those that were added since. */
import { McpServerConfig } from "@penstock/schema/config/Mcp"
import * as Suggestion from "@penstock/schema/Suggestion"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import type * as Settings from "../Settings.ts"
import * as Launcher from "./Launcher.ts"
import { type ListKind, listKinds } from "./Library.ts"
import { McpError } from "./McpError.ts"
import * as McpServer from "./McpServer.ts"
import { defaultPolicy } from "./ServerState.ts"
import * as Watchdog from "./Watchdog.ts"

export interface ServerSet {
  readonly all: () => ReadonlyArray<McpServer.McpServer>
  /** Fails with `unknown_server`. */
  readonly get: (name: string) => Effect.Effect<McpServer.McpServer, McpError>
  readonly add: (name: string, server: McpServerConfig) => Effect.Effect<McpServer.McpServer, McpError>
  readonly remove: (name: string) => Effect.Effect<void, McpError>
  /** Brings the set in line with the configuration in force. */
  readonly refresh: Effect.Effect<void>
}

interface Entry {
  readonly config: McpServerConfig
  /** Whether the configuration names it. */
  readonly declared: boolean
  readonly server: McpServer.McpServer
  readonly scope: Scope.CloseableScope
}

const isSame = Schema.equivalence(McpServerConfig)

/** How soon a change of the configuration counts for servers that nobody calls. */
const followEvery = "1 second"

const unknown = (name: string, known: ReadonlyArray<string>) =>
  new McpError({
    reason: "unknown_server",
    server: name,
    message: `There is no MCP server "${name}": ${
      Suggestion.didYouMean(name, known) ??
      (known.length === 0 ? "none is configured." : `there are ${known.join(", ")}.`)
    }`
  })

const find = (servers: ReadonlyMap<string, { readonly server: McpServer.McpServer }>, name: string) => {
  const entry = servers.get(name)
  return entry === undefined ? unknown(name, [...servers.keys()]) : Effect.succeed(entry.server)
}

/** Told synchronously. */
export interface Listener {
  /** A report may have changed. */
  readonly changed: () => void
  /** What the servers offer together may have changed. */
  readonly listChanged: (kind: ListKind) => void
}

/** Servers run while the scope is open. */
export const make = Effect.fnUntraced(function* (
  settings: Settings.Service,
  { changed, listChanged }: Listener
): Effect.fn.Return<ServerSet, never, Scope.Scope> {
  const watchdog = yield* Watchdog.make
  // Servers that do not want to end are waited for together.
  const scope = yield* Scope.fork(yield* Effect.scope, ExecutionStrategy.parallel)
  const lock = yield* Effect.makeSemaphore(1)
  const entries = new Map<string, Entry>()
  /** Declared servers that were removed here, as they were declared. */
  const removed = new Map<string, McpServerConfig>()
  const config = () => settings.current().mcp

  const setChanged = () => {
    changed()
    listKinds.forEach(listChanged)
  }

  const start = Effect.fnUntraced(function* (name: string, server: McpServerConfig, declared: boolean) {
    const own = yield* Scope.fork(scope, ExecutionStrategy.sequential)
    const made = yield* McpServer.make({
      name,
      prefix: server.prefix,
      allowed: server.tools,
      timeout: server.timeout,
      policy: { ...defaultPolicy, eager: server.start === "eager" },
      connect: Launcher.connect(name, server, { trusted: declared, config }, watchdog),
      changed,
      listChanged
    }).pipe(Scope.extend(own), Effect.annotateLogs("mcp_server", name))
    entries.set(name, { config: server, declared, server: made, scope: own })
    setChanged()
    return made
  })

  /** Returns when nothing of it is left. */
  const stop = (name: string) =>
    Effect.suspend(() => {
      const entry = entries.get(name)
      entries.delete(name)
      setChanged()
      return entry === undefined ? Effect.void : Scope.close(entry.scope, Exit.void)
    })

  const follow = Effect.fnUntraced(function* (declared: { readonly [name: string]: McpServerConfig }) {
    for (const [name, entry] of entries) {
      const now = declared[name]
      if (entry.declared ? now === undefined || !isSame(now, entry.config) : now !== undefined) yield* stop(name)
    }
    for (const [name, server] of Object.entries(declared)) {
      const before = removed.get(name)
      if (entries.has(name) || (before !== undefined && isSame(before, server))) continue
      removed.delete(name)
      yield* start(name, server, true)
    }
  })

  let followed: unknown
  const refresh = Effect.suspend(() =>
    followed === config()
      ? Effect.void
      : lock.withPermits(1)(
          Effect.suspend(() => {
            const { servers } = (followed = config())
            return follow(servers)
          })
        )
  ).pipe(Effect.uninterruptible)

  yield* refresh
  yield* Effect.forkScoped(Effect.forever(Effect.delay(refresh, followEvery)))

  const add = (name: string, server: McpServerConfig) =>
    Effect.suspend(() => {
      if (!entries.has(name)) return start(name, server, false)
      const message = `There is an MCP server "${name}" already: choose another name, or remove that one first.`
      return new McpError({ reason: "conflict", server: name, message })
    })

  const remove = (name: string) =>
    Effect.flatMap(find(entries, name), () => {
      const declared = config().servers[name]
      if (declared !== undefined) removed.set(name, declared)
      return stop(name)
    })

  const alone = <A>(effect: Effect.Effect<A, McpError>) =>
    Effect.zipRight(refresh, Effect.uninterruptible(lock.withPermits(1)(effect)))

  const set: ServerSet = {
    all: () => [...entries.values()].map(({ server }) => server),
    get: (name) => Effect.suspend(() => find(entries, name)),
    add: (name, server) => alone(add(name, server)),
    remove: (name) => alone(Effect.suspend(() => remove(name))),
    refresh
  }
  return set
})

/** Servers that are given and stay. */
export const fixed = (servers: ReadonlyArray<McpServer.McpServer>): ServerSet => {
  const byName = new Map(servers.map((server) => [server.name, { server }]))
  const refused = (name: string) =>
    new McpError({ reason: "refused", server: name, message: "These servers are given once and for all." })
  return {
    all: () => servers,
    get: (name) => Effect.suspend(() => find(byName, name)),
    add: refused,
    remove: refused,
    refresh: Effect.void
  }
}
