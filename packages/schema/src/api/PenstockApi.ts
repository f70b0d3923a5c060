/**
 * The control plane. Server, typed client (`HttpApiClient.make(PenstockApi)`) and `openapi.json` derive from this
 * value. The data plane speaks other people's APIs on a shorter way and is only described here (`DataPlane.ts`).
 */
import * as HttpApi from "@effect/platform/HttpApi"
import * as OpenApi from "@effect/platform/OpenApi"
import { BudgetsApi } from "./BudgetsApi.ts"
import { describe } from "./DataPlane.ts"
import { KeysApi } from "./KeysApi.ts"
import { LedgerApi } from "./LedgerApi.ts"
import { McpApi } from "./McpApi.ts"
import { ModelsApi } from "./ModelsApi.ts"
import { RoutingApi } from "./RoutingApi.ts"
import { RunsApi, SignalsApi } from "./RunsApi.ts"
import { StatusApi } from "./StatusApi.ts"
import { TelemetryApi } from "./TelemetryApi.ts"
import { TrafficApi } from "./TrafficApi.ts"
import { version } from "./Version.ts"
import { WorkflowsApi } from "./WorkflowsApi.ts"

export const PenstockApi = HttpApi.make("penstock")
  .add(ModelsApi)
  .add(RoutingApi)
  .add(LedgerApi)
  .add(TrafficApi)
  .add(KeysApi)
  .add(BudgetsApi)
  .add(McpApi)
  .add(WorkflowsApi)
  .add(RunsApi)
  .add(SignalsApi)
  .add(StatusApi)
  .add(TelemetryApi)
  .annotate(OpenApi.Title, "Penstock")
  .annotate(OpenApi.Version, version)
  .annotate(OpenApi.Description, "An AI gateway: one metered address in front of many providers.")
  .annotate(OpenApi.License, { name: "Apache-2.0", url: "https://www.apache.org/licenses/LICENSE-2.0" })
  .annotate(OpenApi.Transform, describe)
