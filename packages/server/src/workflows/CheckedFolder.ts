/**
 * The workflows of the configured folder, each checked against what the configuration in force leads to: its models and
 * prices, its hosts, the tools of the MCP servers that run, and the other workflows. Nobody is asked for it: a file is as
 * right while a provider is away.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as FilePath from "@effect/platform/Path"
import { McpHub } from "@penstock/gateway/mcp/McpHub"
import type { PriceBook } from "@penstock/gateway/ledger/PriceBook"
import type { ProviderRegistry } from "@penstock/gateway/providers/ProviderRegistry"
import { Settings } from "@penstock/gateway/Settings"
import type { Catalogues } from "@penstock/workflow/checker/Catalogues"
import * as Collection from "@penstock/workflow/compiler/Collection"
import * as Workflows from "@penstock/workflow/runtime/Workflows"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as Hosts from "./Hosts.ts"
import * as ModelCatalogue from "./ModelCatalogue.ts"
import * as ToolCatalogue from "./ToolCatalogue.ts"

/** What files are checked against, by the configuration in force; `more` is what else is known. */
export const catalogues = Effect.gen(function* () {
  const settings = yield* Settings
  const world = yield* Effect.context<Settings | PriceBook | ProviderRegistry>()
  const models = ModelCatalogue.make({ offline: true }).pipe(Effect.provide(world))
  return (sources: ReadonlyArray<Collection.Source>, more: Pick<Catalogues, "tools"> = {}): Effect.Effect<Catalogues> =>
    Effect.map(models, (models) => {
      const { http, secrets } = settings.current()
      const known = { models, hosts: Hosts.of(http), secrets: Object.keys(secrets), ...more }
      return { ...known, workflows: Collection.make(sources, known) }
    })
})

export const layer: Layer.Layer<
  Workflows.Workflows,
  never,
  Settings | PriceBook | ProviderRegistry | McpHub | FileSystem.FileSystem | FilePath.Path
> = Layer.unwrapScoped(
  Effect.gen(function* () {
    const settings = yield* Settings
    const hub = yield* McpHub
    const of = yield* catalogues
    let tools = yield* ToolCatalogue.running(hub)
    const follow = Stream.runForEach(hub.changes, () =>
      Effect.map(ToolCatalogue.running(hub), (now) => {
        tools = now
      })
    )
    yield* Effect.forkScoped(follow)
    return Workflows.layer(settings.current().workflows, {
      basis: () => [settings.current(), tools],
      of: (sources) => of(sources, { tools })
    })
  })
)
