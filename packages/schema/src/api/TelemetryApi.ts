/** What Prometheus asks for. */
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as OpenApi from "@effect/platform/OpenApi"
import * as ApiError from "./ApiError.ts"
import { AdminAuth } from "./Authorization.ts"

export const TelemetryApi = HttpApiGroup.make("telemetry")
  .add(
    HttpApiEndpoint.get("metrics", "/metrics")
      .addSuccess(HttpApiSchema.Text({ contentType: "text/plain; version=0.0.4; charset=utf-8" }))
      .addError(ApiError.NotFound)
      .annotate(OpenApi.Summary, "Metrics for Prometheus")
      .annotate(
        OpenApi.Description,
        "Durations, tokens, costs, attempts, breakers, budgets, runs and the process, as Prometheus' text format has them. " +
          "404 with `telemetry.metrics: false`."
      )
  )
  .middleware(AdminAuth)
  .annotate(OpenApi.Description, "For the admin")
