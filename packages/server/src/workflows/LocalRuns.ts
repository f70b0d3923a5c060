/**
 * Runs in this process, without a server: the gateway, the tools and the engine of runs on the configuration of a folder.
 * A composition root of its own, for the command line and for scripts.
 */
import * as FilePath from "@effect/platform/Path"
import * as Budgets from "@penstock/gateway/budgets/Budgets"
import * as Breakers from "@penstock/gateway/failover/Breakers"
import * as Gateway from "@penstock/gateway/Gateway"
import * as LedgerSqlite from "@penstock/gateway/ledger/LedgerSqlite"
import * as PriceBook from "@penstock/gateway/ledger/PriceBook"
import * as RateLimits from "@penstock/gateway/limits/RateLimits"
import * as McpHub from "@penstock/gateway/mcp/McpHub"
import * as HttpTransport from "@penstock/gateway/providers/HttpTransport"
import * as ProviderRegistry from "@penstock/gateway/providers/ProviderRegistry"
import * as Latencies from "@penstock/gateway/routing/Latencies"
import * as Router from "@penstock/gateway/routing/Router"
import * as Settings from "@penstock/gateway/Settings"
import * as ToolCalls from "@penstock/gateway/tools/ToolCalls"
import type { PenstockConfig } from "@penstock/schema/config/PenstockConfig"
import * as Engine from "@penstock/workflow/runtime/Engine"
import { FileInUse } from "@penstock/workflow/runtime/FileLock"
import * as RunStoreSqlite from "@penstock/workflow/runtime/store/RunStoreSqlite"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as ConfigLoader from "../config/ConfigLoader.ts"
import { StartFailure } from "../config/ServeOptions.ts"
import * as Folder from "./Folder.ts"
import * as Callable from "./Callable.ts"
import * as Hosts from "./Hosts.ts"
import * as HubTools from "./HubTools.ts"
import * as RunsFile from "./RunsFile.ts"
import * as WorkflowSecrets from "./WorkflowSecrets.ts"

export interface Options {
  /** Paths are relative to it. */
  readonly directory: string
  readonly config: Option.Option<string>
  readonly workflows: Option.Option<string>
  readonly database: Option.Option<string>
}

export interface Place {
  readonly config: PenstockConfig
  /** The workflows of the folder, by name. */
  readonly callable: Callable.Callable
  /** The ledger's file. */
  readonly database: string
  /** The file of the runs. */
  readonly runs: string
}

/** What a folder's configuration says. Fails with a `ConfigError`. */
export const open = Effect.fn("LocalRuns.open")(function* ({ directory, ...given }: Options) {
  const paths = yield* FilePath.Path
  // Nothing is opened to anybody by a run.
  const flags = { ...given, host: Option.none(), port: Option.none(), insecure: true }
  const place = yield* ConfigLoader.locate(flags, directory)
  const { config } = yield* ConfigLoader.load(place, flags)
  const database = config.database === ":memory:" ? config.database : paths.resolve(directory, config.database)
  const stored = yield* Folder.read(paths.resolve(directory, config.workflows))
  const opened: Place = { config, callable: Callable.of(stored), database, runs: RunsFile.beside(database) }
  return opened
})

const cannotOpen = (file: string, cause: unknown) =>
  new StartFailure({
    message: `${file} cannot be opened: ${cause instanceof Error ? cause.message : String(cause)}`,
    hint: "Set --database, PENSTOCK_DATABASE or `database` to a file in a folder that this user may write to."
  })

const inUse = ({ message }: FileInUse) =>
  new StartFailure({
    message: `${message}.`,
    hint: "Give the run to the server with --server URL, keep it in memory with --memory, or choose another file with --database."
  })

/** What went wrong is told by the run; only what nobody else tells is logged. */
const layerLogging = Layer.merge(
  Logger.replace(Logger.defaultLogger, Logger.withConsoleError(Logger.logfmtLogger)),
  Logger.minimumLogLevel(LogLevel.Error)
)

const layerGateway = (config: PenstockConfig, ledger: string) =>
  Layer.merge(Gateway.layer, McpHub.layer).pipe(
    Layer.provideMerge(Layer.mergeAll(Router.layer, Budgets.layer, Breakers.layer, Latencies.layer)),
    Layer.provideMerge(ProviderRegistry.layer),
    Layer.provideMerge(LedgerSqlite.layerFile(ledger)),
    Layer.provideMerge(PriceBook.layer),
    Layer.provide(Layer.merge(HttpTransport.layer, RateLimits.layer)),
    Layer.provideMerge(Settings.layer(config)),
    Layer.catchAll(({ cause }) => Layer.fail(cannotOpen(ledger, cause)))
  )

const world = (config: PenstockConfig, ledger: string) =>
  Layer.mergeAll(HubTools.layer, Hosts.layer, WorkflowSecrets.layer).pipe(
    Layer.provide(ToolCalls.layer),
    Layer.provideMerge(layerGateway(config, ledger))
  )

/** Gateway, ledger, tools and hosts alone, for runs that are kept nowhere. What they cost is in the ledger. */
export const layerWorld = ({ config, database }: Place) => Layer.merge(world(config, database), layerLogging)

/** Nothing is left when the program ends, but what the runs did. */
export const layerMemory = ({ config }: Place) =>
  Engine.layerMemory.pipe(Layer.provideMerge(world(config, ":memory:")), Layer.provideMerge(layerLogging))

/**
 * Runs and their costs are kept beside those of a server on the same configuration, and ones that did not end go on.
 * Fails when another process works on the file.
 */
export const layerKept = ({ config, database, runs }: Place) =>
  Engine.layerSqlite(runs).pipe(
    Layer.catchAllCause((cause) => {
      const error = Cause.squash(cause)
      return Layer.fail(error instanceof FileInUse ? inUse(error) : cannotOpen(runs, error))
    }),
    Layer.provideMerge(world(config, database)),
    Layer.provideMerge(layerLogging)
  )

/** What is kept of runs, to be read while others work on it. */
export const layerRecords = ({ runs }: Place) => RunStoreSqlite.layerFile(runs)
