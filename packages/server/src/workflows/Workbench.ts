/**
 * What checks workflow files where nothing is served: the configuration of a folder, and the models, prices, tools,
 * hosts and workflows that it leads to. A composition root of its own, and a small one.
 */
import * as FilePath from "@effect/platform/Path"
import * as McpHub from "@penstock/gateway/mcp/McpHub"
import * as PriceBook from "@penstock/gateway/ledger/PriceBook"
import * as HttpTransport from "@penstock/gateway/providers/HttpTransport"
import * as ProviderRegistry from "@penstock/gateway/providers/ProviderRegistry"
import * as Settings from "@penstock/gateway/Settings"
import type { PenstockConfig } from "@penstock/schema/config/PenstockConfig"
import type { Catalogues } from "@penstock/workflow/checker/Catalogues"
import * as Collection from "@penstock/workflow/compiler/Collection"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as ConfigLoader from "../config/ConfigLoader.ts"
import * as Logging from "../Logging.ts"
import * as Folder from "./Folder.ts"
import * as Hosts from "./Hosts.ts"
import * as ModelCatalogue from "./ModelCatalogue.ts"
import * as ToolCatalogue from "./ToolCatalogue.ts"

export interface Options {
  /** Paths are relative to it. */
  readonly directory: string
  readonly config: Option.Option<string>
  readonly workflows: Option.Option<string>
  /** Ask nobody: neither providers for their models nor servers for their tools. */
  readonly offline: boolean
}

export interface Workbench {
  /** Absolute. */
  readonly folder: string
  /** The files of the folder. */
  readonly stored: ReadonlyArray<Collection.Source>
  /** What a file is checked against, given the files that are checked along with it: they win over the folder's. */
  readonly catalogues: (given: ReadonlyArray<Collection.Source>) => Catalogues
}

/** The configuration and where its workflows are. */
const configured = Effect.fn("Workbench.configured")(function* ({ config, directory, workflows }: Options) {
  const paths = yield* FilePath.Path
  const flags = {
    config,
    workflows,
    host: Option.none(),
    port: Option.none(),
    database: Option.none(),
    // Nothing is opened to anybody by checking.
    insecure: true
  }
  const place = yield* ConfigLoader.locate(flags, directory)
  const loaded = yield* ConfigLoader.load(place, flags)
  return { config: loaded.config, folder: paths.resolve(directory, loaded.config.workflows) }
})

/** The folder of the workflows alone. Fails with a `ConfigError`. */
export const folder = (options: Options) => Effect.map(configured(options), ({ folder }) => folder)

/** Servers are started to be asked, and none is left. */
const toolsOf = (config: PenstockConfig, offline: boolean) =>
  offline
    ? Effect.succeed(ToolCatalogue.names(Object.keys(config.mcp.servers)))
    : Effect.flatMap(McpHub.McpHub, ToolCatalogue.asked).pipe(
        Effect.provide(McpHub.layer.pipe(Layer.provideMerge(Logging.layer), Layer.provide(Settings.layer(config))))
      )

/** Fails with a `ConfigError` where the configuration is wrong. */
export const open = Effect.fn("Workbench.open")(function* (options: Options) {
  const { config, folder } = yield* configured(options)
  const layer = Layer.merge(PriceBook.layer, ProviderRegistry.layer).pipe(
    Layer.provide(HttpTransport.layer),
    Layer.provideMerge(Settings.layer(config))
  )
  const [models, tools] = yield* Effect.all(
    [ModelCatalogue.make(options).pipe(Effect.provide(layer)), toolsOf(config, options.offline)],
    { concurrency: "unbounded" }
  )
  const stored = yield* Folder.read(folder)
  const workbench: Workbench = {
    folder,
    stored,
    catalogues: (given) => {
      const others = stored.filter(({ file }) => !given.some((one) => one.file === file))
      const known = { models, tools, hosts: Hosts.of(config.http), secrets: Object.keys(config.secrets) }
      return { ...known, workflows: Collection.make([...given, ...others], known) }
    }
  }
  return workbench
})
