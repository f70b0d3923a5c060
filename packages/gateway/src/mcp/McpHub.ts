/**
 * The MCP hub: the servers of the configuration and those added since, their tools, and calls of them.
 *
 * Servers follow the configuration: one that is new or changed there is started anew, one that is gone is stopped. What
 * was added or removed over HTTP lasts until the process ends, or the configuration says something new of that name.
 */
import type { McpServerConfig } from "@penstock/schema/config/Mcp"
import type { McpServerReport } from "@penstock/schema/McpTool"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as PubSub from "effect/PubSub"
import * as Stream from "effect/Stream"
import { Settings } from "../Settings.ts"
import { type JsonObject, stringIn } from "../wire/Json.ts"
import * as Catalogue from "./Catalogue.ts"
import { McpError } from "./McpError.ts"
import type * as McpServer from "./McpServer.ts"
import * as MemoryServer from "./MemoryServer.ts"
import * as ServerSet from "./ServerSet.ts"
import type { ToolResult } from "./Tool.ts"

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
}

export class McpHub extends Context.Tag("@penstock/gateway/mcp/McpHub")<McpHub, Service>() {}

/** How long the list of all tools waits for servers that have yet to start. */
const patience = "10 seconds"

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

const offerOf = (server: McpServer.McpServer) =>
  server.tools.pipe(Effect.map((tools): Catalogue.Offer => ({ server: server.name, prefix: server.prefix, tools })))

const isRefusal = (error: { readonly _tag: string }): error is McpError =>
  error instanceof McpError && error.reason === "refused"

/** The hub over a set of servers, wherever they come from. */
const over = (set: ServerSet.ServerSet, changed: PubSub.PubSub<void>): Service => {
  const reports = () => set.all().map((server) => server.report())

  const toolsOfAll = Effect.suspend(() =>
    Effect.forEach(set.all(), (server) => Effect.option(Effect.timeout(offerOf(server), patience)), {
      concurrency: "unbounded"
    })
  ).pipe(
    Effect.map((offers) => Catalogue.list(offers.flatMap((offer) => (offer._tag === "Some" ? [offer.value] : []))))
  )

  const service: Service = {
    servers: reports,
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
    changes: Stream.map(Stream.fromPubSub(changed), reports)
  }
  return service
}

const make = Effect.gen(function* () {
  const changed = yield* PubSub.sliding<void>(1)
  const set = yield* ServerSet.make(yield* Settings, () => void changed.unsafeOffer(undefined))
  return over(set, changed)
})

export const layer: Layer.Layer<McpHub, never, Settings> = Layer.scoped(McpHub, make)

/** A hub whose servers are functions: for the tests of whoever uses the hub. */
export const layerMemory = (servers: { readonly [name: string]: MemoryServer.Behaviour }): Layer.Layer<McpHub> =>
  Layer.effect(
    McpHub,
    Effect.map(PubSub.sliding<void>(1), (changed) =>
      over(ServerSet.fixed(Object.entries(servers).map(([name, each]) => MemoryServer.make(name, each))), changed)
    )
  )
