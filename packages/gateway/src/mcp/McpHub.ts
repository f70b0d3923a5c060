/**
 * The MCP hub: the servers of the configuration and those added since, their tools, and calls of them.
 *
 * Servers follow the configuration: one that is new or changed there is started anew, one that is gone is stopped. What
 * was added or removed over HTTP lasts until the process ends, or the configuration says something new of that name.
 */
import type { McpServerConfig } from "@penstock/schema/config/Mcp"
import type { McpServerReport } from "@penstock/schema/McpTool"
import * as Suggestion from "@penstock/schema/Suggestion"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import type * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Settings } from "../Settings.ts"
import { type JsonObject, stringIn } from "../wire/Json.ts"
import * as Catalogue from "./Catalogue.ts"
import * as HubLibrary from "./HubLibrary.ts"
import type { Library, ListKind } from "./Library.ts"
import { McpError } from "./McpError.ts"
import * as McpServer from "./McpServer.ts"
import * as MemoryServer from "./MemoryServer.ts"
import * as ServerSet from "./ServerSet.ts"
import type { ToolResult } from "./Tool.ts"
import * as ToolName from "./ToolName.ts"

export interface CallOptions extends McpServer.CallOptions {
  /** Whether a failure that the tool itself reports is one of the call: for callers who have no model to read it. */
  readonly failOnError?: boolean
}

export interface Service {
  /** What is known of each server now. Starts nothing. */
  readonly servers: () => ReadonlyArray<McpServerReport>
  /**
   * The tools of one server, or of all. One server that cannot be started fails with `not_running`; of all, it is left
   * out, and so is one that takes longer than ten seconds to start.
   */
  readonly tools: (server?: string) => Effect.Effect<ReadonlyArray<Catalogue.HubTool>, McpError>
  /** The tool of that name in the list of all. Asks no other servers where the name begins with its server's. */
  readonly find: (name: string) => Effect.Effect<Catalogue.HubTool, McpError>
  /**
   * Calls a tool by its server's name for it. Arguments are checked first; interruption cancels the call. A tool that
   * reports a failure of its own succeeds, with `isError`: it is for the model to read.
   */
  readonly call: (
    server: string,
    tool: string,
    args: JsonObject,
    options?: CallOptions
  ) => Effect.Effect<ToolResult, McpError>
  /**
   * Adds a server for as long as this process lives, and starts it. Fails with `conflict` if the name is taken and with
   * `refused` if its address may not be called; one that cannot be started for another reason is added all the same.
   */
  readonly add: (name: string, server: McpServerConfig) => Effect.Effect<McpServerReport, McpError>
  /** Stops a server and forgets it. */
  readonly remove: (name: string) => Effect.Effect<void, McpError>
  /** The reports after each change of a server or its tools; those in between may be missing. */
  readonly changes: Stream.Stream<ReadonlyArray<McpServerReport>>
  /**
   * Resources and prompts of the servers that are admitted, of all by default; addresses and names are marked with the
   * server's as `prefix` says.
   */
  readonly library: (admits?: (server: string) => boolean) => Library<McpError>
  /** From now on: lists that may have changed, because a server says so or because servers came or went. */
  readonly listChanges: Effect.Effect<Queue.Dequeue<ListKind>, never, Scope.Scope>
}

export class McpHub extends Context.Tag("@penstock/gateway/mcp/McpHub")<McpHub, Service>() {}

/** How long the list of all tools waits for servers that have yet to start. */
const patience = 10_000

const textOf = ({ content }: ToolResult): string =>
  content
    .map(({ text }) => stringIn(text))
    .join("\n")
    .trim()

/** What a tool says of its failure, as ours. */
const toolError = (server: string, tool: string, result: ToolResult) =>
  new McpError({
    reason: "tool_error",
    server,
    tool,
    message: `${tool} of the MCP server ${server} reports a failure: ${textOf(result).slice(0, 2_000) || "it does not say which"}`
  })

const unknownName = (name: string, known: ReadonlyArray<string>) =>
  new McpError({
    reason: "unknown_tool",
    server: "",
    tool: name,
    message: `There is no tool "${name}": ${
      Suggestion.didYouMean(name, known) ??
      (known.length === 0 ? "no MCP server that runs has any." : `there are ${known.length}; list them to see which.`)
    }`
  })

const offerOf = (server: McpServer.McpServer) =>
  server.tools.pipe(Effect.map((tools): Catalogue.Offer => ({ server: server.name, prefix: server.prefix, tools })))

const isRefusal = (error: { readonly _tag: string }): error is McpError =>
  error instanceof McpError && error.reason === "refused"

interface Changes {
  readonly reports: PubSub.PubSub<void>
  readonly lists: PubSub.PubSub<ListKind>
}

const makeChanges: Effect.Effect<Changes> = Effect.all({
  reports: PubSub.sliding<void>(1),
  lists: PubSub.sliding<ListKind>(64)
})

/** The hub over a set of servers, wherever they come from. */
const over = (set: ServerSet.ServerSet, changes: Changes): Service => {
  const reports = () => set.all().map((server) => server.report())

  const toolsOfAll = Effect.suspend(() => McpServer.askAll(set.all(), patience, offerOf)).pipe(
    Effect.map(Catalogue.list)
  )

  const isServer = (name: string) => set.all().some((server) => server.name === name)

  const find = (name: string) =>
    Effect.gen(function* () {
      const [server = "", ...rest] = name.split(ToolName.separator)
      const own = rest.length > 0 && isServer(server) ? yield* Effect.option(service.tools(server)) : Option.none()
      const known = Option.getOrElse(own, () => [])
      const found = known.find((tool) => tool.name === name)
      if (found !== undefined) return found
      const all = yield* service.tools()
      return (
        all.find((tool) => tool.name === name) ??
        (yield* unknownName(
          name,
          all.map((tool) => tool.name)
        ))
      )
    })

  const service: Service = {
    servers: reports,
    find,
    library: (admits = () => true) =>
      HubLibrary.make({
        servers: Effect.map(set.refresh, () => set.all().filter(({ name }) => admits(name))),
        patience
      }),
    listChanges: PubSub.subscribe(changes.lists),
    tools: (name) =>
      Effect.zipRight(
        set.refresh,
        name === undefined
          ? toolsOfAll
          : Effect.map(Effect.flatMap(set.get(name), offerOf), (offer) => Catalogue.list([offer]))
      ),
    call: (name, tool, args, options = {}) =>
      set.refresh.pipe(
        Effect.zipRight(set.get(name)),
        Effect.flatMap((server) => server.call(tool, args, options)),
        Effect.flatMap((result) =>
          result.isError && options.failOnError === true ? toolError(name, tool, result) : Effect.succeed(result)
        )
      ),
    add: (name, server) =>
      Effect.flatMap(set.add(name, server), (added) =>
        added.tools.pipe(
          Effect.timeout(patience),
          Effect.catchAll((error) =>
            isRefusal(error) ? Effect.zipRight(set.remove(name), Effect.fail(error)) : Effect.void
          ),
          Effect.as(added),
          Effect.map((server) => server.report())
        )
      ),
    remove: set.remove,
    changes: Stream.map(Stream.fromPubSub(changes.reports), reports)
  }
  return service
}

const make = Effect.gen(function* () {
  const changes = yield* makeChanges
  const set = yield* ServerSet.make(yield* Settings, {
    changed: () => void changes.reports.unsafeOffer(undefined),
    listChanged: (kind) => void changes.lists.unsafeOffer(kind)
  })
  return over(set, changes)
})

export const layer: Layer.Layer<McpHub, never, Settings> = Layer.scoped(McpHub, make)

/** A hub whose servers are functions: for the tests of whoever uses the hub. */
export const layerMemory = (servers: { readonly [name: string]: MemoryServer.Behaviour }): Layer.Layer<McpHub> =>
  Layer.effect(
    McpHub,
    Effect.map(makeChanges, (changes) =>
      over(ServerSet.fixed(Object.entries(servers).map(([name, each]) => MemoryServer.make(name, each))), changes)
    )
  )
