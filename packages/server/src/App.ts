/** The composition root: every layer is provided here, once. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Budgets from "@penstock/gateway/budgets/Budgets"
import * as ResponseCache from "@penstock/gateway/cache/ResponseCache"
import * as Contents from "@penstock/gateway/Contents"
import * as Breakers from "@penstock/gateway/failover/Breakers"
import * as Gateway from "@penstock/gateway/Gateway"
import * as Keys from "@penstock/gateway/keys/Keys"
import type { KeyStoreError } from "@penstock/gateway/keys/KeyStore"
import type { LedgerError } from "@penstock/gateway/ledger/Ledger"
import * as LedgerSqlite from "@penstock/gateway/ledger/LedgerSqlite"
import * as Traffic from "@penstock/gateway/ledger/Traffic"
import * as PriceBook from "@penstock/gateway/ledger/PriceBook"
import * as McpHub from "@penstock/gateway/mcp/McpHub"
import * as RateLimits from "@penstock/gateway/limits/RateLimits"
import * as HttpTransport from "@penstock/gateway/providers/HttpTransport"
import * as ProviderRegistry from "@penstock/gateway/providers/ProviderRegistry"
import * as Idempotency from "@penstock/gateway/replay/Idempotency"
import * as ResponseStore from "@penstock/gateway/replay/ResponseStore"
import * as Latencies from "@penstock/gateway/routing/Latencies"
import * as ToolCalls from "@penstock/gateway/tools/ToolCalls"
import * as ToolLoop from "@penstock/gateway/tools/ToolLoop"
import * as Router from "@penstock/gateway/routing/Router"
import { Settings } from "@penstock/gateway/Settings"
import * as Engine from "@penstock/workflow/runtime/Engine"
import { FileInUse } from "@penstock/workflow/runtime/FileLock"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ConfigFile from "./config/ConfigFile.ts"
import {
  type ConfigFlags,
  type ListeningFacts,
  type ServeOptions,
  type StartError,
  StartFailure
} from "./config/ServeOptions.ts"
import * as ControlPlane from "./control/ControlPlane.ts"
import * as ChatCompletions from "./data/ChatCompletions.ts"
import { embeddings } from "@penstock/gateway/operations/embeddings/Embeddings"
import { images } from "@penstock/gateway/operations/Images"
import { moderations } from "@penstock/gateway/operations/Moderations"
import { speech } from "@penstock/gateway/operations/Speech"
import { transcriptions, translations } from "@penstock/gateway/operations/Transcriptions"
import * as Completions from "./data/Completions.ts"
import * as CountTokens from "./data/CountTokens.ts"
import * as DataPlane from "./data/DataPlane.ts"
import * as Messages from "./data/Messages.ts"
import * as OperationEndpoint from "./data/OperationEndpoint.ts"
import * as Responses from "./data/Responses.ts"
import * as StoredResponses from "./data/StoredResponses.ts"
import * as LazyPlane from "./http/LazyPlane.ts"
import * as Listener from "./http/Listener.ts"
import * as Logging from "./Logging.ts"
import * as McpPath from "./mcp/McpPath.ts"
import * as Alerts from "./alerts/Alerts.ts"
import * as ToldAlerts from "./alerts/ToldAlerts.ts"
import * as Retention from "./Retention.ts"
import * as Telemetry from "./telemetry/Telemetry.ts"
import * as Approvals from "./workflows/Approvals.ts"
import * as CheckedFolder from "./workflows/CheckedFolder.ts"
import * as CronTriggers from "./workflows/CronTriggers.ts"
import * as EventTriggers from "./workflows/EventTriggers.ts"
import * as Hosts from "./workflows/Hosts.ts"
import * as HubTools from "./workflows/HubTools.ts"
import * as RunsFile from "./workflows/RunsFile.ts"
import * as WorkflowSecrets from "./workflows/WorkflowSecrets.ts"

const layerLedger = Layer.unwrapEffect(
  Effect.map(Settings, (settings) => LedgerSqlite.layerFile(settings.current().database))
)

const databaseFailure = (error: Pick<LedgerError | KeyStoreError, "cause">) =>
  new StartFailure({
    message: `The database cannot be opened: ${String(error.cause)}`,
    hint: "Set --database, PENSTOCK_DATABASE or `database` to a file in a folder that this user may write to."
  })

const layerOutside = Layer.mergeAll(HubTools.layer, Hosts.layer, WorkflowSecrets.layer)

const inUse = ({ message }: FileInUse) =>
  new StartFailure({
    message: `The database cannot be opened: ${message}.`,
    hint: "Stop the other one, or give this one a database of its own: --database, PENSTOCK_DATABASE or `database`."
  })

const engineFailure = (cause: Cause.Cause<unknown>) => {
  const failure = Cause.squash(cause)
  return Layer.fail(failure instanceof FileInUse ? inUse(failure) : databaseFailure({ cause: failure }))
}

const layerEngine = Layer.unwrapEffect(
  Effect.map(Settings, (settings) => Engine.layerSqlite(RunsFile.beside(settings.current().database)))
).pipe(Layer.provide(layerOutside), Layer.catchAllCause(engineFailure))

/** For a program that may run beside a server on the same database: its runs end with it. */
const layerEngineMemory = Engine.layerMemory.pipe(Layer.provide(layerOutside), Layer.catchAllCause(engineFailure))

/** What a server and a program on stdio have in common. */
const layerGateway = Layer.mergeAll(Gateway.layer, Idempotency.layer, ResponseCache.layerMemory, McpHub.layer).pipe(
  Layer.provideMerge(Layer.mergeAll(Router.layer, Budgets.layer, Breakers.layer, Latencies.layer)),
  Layer.provideMerge(Layer.merge(ProviderRegistry.layer, Keys.layerSqlite)),
  Layer.provideMerge(Layer.provideMerge(Telemetry.layerLedger, layerLedger)),
  Layer.provideMerge(
    Layer.mergeAll(PriceBook.layer, HttpTransport.layer, RateLimits.layer, Logging.layer, Contents.layer)
  )
)

/** Everything but the configuration. The listener is the lowest: it is there before the ledger is opened. */
const layerServices = Layer.mergeAll(Approvals.layer, Telemetry.layer, ToldAlerts.layerSqlite).pipe(
  Layer.provideMerge(Layer.mergeAll(layerEngine, CheckedFolder.layer, ToolLoop.layer)),
  Layer.provideMerge(ToolCalls.layer),
  Layer.provideMerge(Traffic.layerSqlite),
  Layer.provideMerge(layerGateway),
  Layer.provideMerge(Listener.layer)
)

const layerStdio = Layer.merge(layerEngineMemory, CheckedFolder.layer).pipe(
  Layer.provideMerge(ToolCalls.layer),
  Layer.provideMerge(layerGateway)
)

/** The protocol's SDK comes with these: a fifth of all source that there is to load. */
const mcpPlane = LazyPlane.make(
  McpPath.isFor,
  Effect.flatMap(
    Effect.promise(() => import("./mcp/McpPlane.ts")),
    ({ make }) => make
  )
)
const stdioPlane = Effect.promise(() => import("./mcp/StdioPlane.ts"))

const start = Effect.gen(function* () {
  const listener = yield* Listener.Listener
  const responses = yield* ResponseStore.make
  const endpoints = yield* Effect.all([
    ChatCompletions.make,
    Messages.make,
    CountTokens.make,
    Responses.make(responses),
    Completions.make,
    ...[embeddings, moderations, images, speech].map((operation) => OperationEndpoint.make(operation)),
    ...[transcriptions, translations].map(OperationEndpoint.makeForm)
  ])
  const dataPlane = yield* DataPlane.make(endpoints)
  const controlPlane = yield* ControlPlane.make
  yield* Retention.run
  yield* Alerts.run
  yield* CronTriggers.run
  yield* EventTriggers.run
  yield* listener.serve([dataPlane, yield* StoredResponses.make(responses), yield* mcpPlane], controlPlane)
})

const addressOf = ({ address }: Listener.Service): string => {
  if (address._tag === "UnixAddress") return address.path
  return `http://${address.hostname.includes(":") ? `[${address.hostname}]` : address.hostname}:${address.port}`
}

const facts = Effect.gen(function* () {
  const listener = yield* Listener.Listener
  const { initial } = yield* ConfigFile.ConfigReloads
  const registry = yield* ProviderRegistry.ProviderRegistry
  const { config, path, warnings } = initial
  return {
    address: addressOf(listener),
    configPath: path,
    warnings,
    database: config.database,
    auth: config.server.auth,
    providers: registry.all().map(({ address, missing, name }) => ({ name, address, missing }))
  } satisfies ListeningFacts
})

const withConfig = <A, E, R>(layer: Layer.Layer<A, E, R>, flags: ConfigFlags) =>
  layer.pipe(Layer.provideMerge(ConfigFile.layer(flags)), Layer.provide(NodeContext.layer))

/** Serves until it is interrupted. Fails with what a person can mend. */
export const serve = (options: ServeOptions): Effect.Effect<never, StartError> =>
  Effect.scoped(
    Effect.gen(function* () {
      yield* start
      yield* options.onListening(yield* facts)
      return yield* Effect.never
    })
  ).pipe(
    Effect.provide(withConfig(layerServices, options)),
    Effect.catchTags({ LedgerError: databaseFailure, KeyStoreError: databaseFailure })
  )

/** An MCP server on stdin and stdout, until the client closes them. */
export const serveStdio = (flags: ConfigFlags): Effect.Effect<void, StartError> =>
  Effect.flatMap(stdioPlane, ({ serve }) => serve).pipe(
    Effect.provide(withConfig(layerStdio, flags)),
    Effect.catchTags({ LedgerError: databaseFailure, KeyStoreError: databaseFailure })
  )
