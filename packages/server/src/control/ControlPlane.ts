/**
 * The control plane as one `HttpApp`: everything but the data plane. It answers every request, failures included, so
 * that whoever owns the listener has nothing left to do.
 */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpServer from "@effect/platform/HttpServer"
import type { Budgets } from "@penstock/gateway/budgets/Budgets"
import type { Breakers } from "@penstock/gateway/failover/Breakers"
import type { Keys } from "@penstock/gateway/keys/Keys"
import type { Ledger } from "@penstock/gateway/ledger/Ledger"
import type { PriceBook } from "@penstock/gateway/ledger/PriceBook"
import type { Traffic } from "@penstock/gateway/ledger/Traffic"
import type { McpHub } from "@penstock/gateway/mcp/McpHub"
import type { ProviderRegistry } from "@penstock/gateway/providers/ProviderRegistry"
import type { Router } from "@penstock/gateway/routing/Router"
import type { ToolCalls } from "@penstock/gateway/tools/ToolCalls"
import { Settings } from "@penstock/gateway/Settings"
import { PenstockApi } from "@penstock/schema/api/PenstockApi"
import type { Runs } from "@penstock/workflow/runtime/Runs"
import type { RunStore } from "@penstock/workflow/runtime/store/RunStore"
import type { Workflows } from "@penstock/workflow/runtime/Workflows"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { Approvals } from "../workflows/Approvals.ts"
import type { Telemetry } from "../telemetry/Telemetry.ts"
import * as Authorization from "./Authorization.ts"
import * as BudgetsHandlers from "./BudgetsHandlers.ts"
import * as Dashboard from "../dashboard/Dashboard.ts"
import * as BrowserGuard from "../http/BrowserGuard.ts"
import * as Documentation from "./Documentation.ts"
import * as Failures from "./Failures.ts"
import * as KeysHandlers from "./KeysHandlers.ts"
import * as LedgerHandlers from "./LedgerHandlers.ts"
import * as McpHandlers from "./McpHandlers.ts"
import * as ModelsHandlers from "./ModelsHandlers.ts"
import * as RoutingHandlers from "./RoutingHandlers.ts"
import * as RunsHandlers from "./RunsHandlers.ts"
import * as SignalsHandlers from "./SignalsHandlers.ts"
import * as StatusHandlers from "./StatusHandlers.ts"
import * as WorkflowsHandlers from "./WorkflowsHandlers.ts"
import * as TelemetryHandlers from "./TelemetryHandlers.ts"
import * as TrafficHandlers from "./TrafficHandlers.ts"

const layerGroups = Layer.mergeAll(
  ModelsHandlers.layer,
  RoutingHandlers.layer,
  LedgerHandlers.layer,
  KeysHandlers.layer,
  McpHandlers.layer,
  WorkflowsHandlers.layer,
  RunsHandlers.layer,
  SignalsHandlers.layer,
  BudgetsHandlers.layer,
  StatusHandlers.layer,
  TrafficHandlers.layer,
  TelemetryHandlers.layer
).pipe(Layer.provide([Authorization.layerKeyAuth, Authorization.layerAdminAuth]))

const layerMiddleware = HttpApiBuilder.middleware(
  Effect.map(Settings, ({ current }) => {
    const guarded = BrowserGuard.guard(current)
    return (app) => Failures.middleware(guarded(app))
  })
)

const layer = Layer.merge(Documentation.layer, Dashboard.layer).pipe(
  Layer.provideMerge(HttpApiBuilder.api(PenstockApi)),
  Layer.provide(layerGroups),
  Layer.merge(layerMiddleware),
  Layer.merge(Layer.mergeAll(HttpApiBuilder.Router.Live, HttpApiBuilder.Middleware.layer, HttpServer.layerContext))
)

/** Builds the app. The scope is that of the server. */
export const make: Effect.Effect<
  HttpApp.Default,
  never,
  | Approvals
  | Breakers
  | Budgets
  | Keys
  | Ledger
  | McpHub
  | PriceBook
  | ProviderRegistry
  | Router
  | Runs
  | RunStore
  | Settings
  | ToolCalls
  | Telemetry
  | Traffic
  | Workflows
  | Scope.Scope
> = Effect.gen(function* () {
  const context = yield* Layer.build(layer)
  const app = yield* Effect.provide(HttpApiBuilder.httpApp, context)
  return Effect.mapInputContext(app, (request) => Context.merge(context, request))
})
