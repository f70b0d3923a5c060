/**
 * What checks workflow files where nothing is served: the configuration of a folder, and the models, prices and
 * workflows that it leads to. A composition root of its own, and a small one.
 */
import * as FilePath from "@effect/platform/Path"
import * as PriceBook from "@penstock/gateway/ledger/PriceBook"
import * as HttpTransport from "@penstock/gateway/providers/HttpTransport"
import * as ProviderRegistry from "@penstock/gateway/providers/ProviderRegistry"
import * as Settings from "@penstock/gateway/Settings"
import type { Catalogues } from "@penstock/workflow/checker/Catalogues"
import * as Collection from "@penstock/workflow/compiler/Collection"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as ConfigLoader from "../config/ConfigLoader.ts"
import * as Folder from "./Folder.ts"
import * as ModelCatalogue from "./ModelCatalogue.ts"

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

/** Fails with a `ConfigError` where the configuration is wrong. */
export const open = Effect.fn("Workbench.open")(function* (options: Options) {
  const { config, folder } = yield* configured(options)
  const layer = Layer.merge(PriceBook.layer, ProviderRegistry.layer).pipe(
    Layer.provide(HttpTransport.layer),
    Layer.provideMerge(Settings.layer(config))
  )
  const models = yield* ModelCatalogue.make(options).pipe(Effect.provide(layer))
  const stored = yield* Folder.read(folder)
  const workbench: Workbench = {
    folder,
    stored,
    catalogues: (given) => {
      const others = stored.filter(({ file }) => !given.some((one) => one.file === file))
      return { models, workflows: Collection.make([...given, ...others], { models }) }
    }
  }
  return workbench
})
