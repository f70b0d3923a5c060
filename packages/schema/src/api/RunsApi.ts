/** Runs of workflows: what became of them, how they go, and what they wait for. */
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import { CacheUse, Failure, Metrics, RunStatus, StepStatus } from "../Run.ts"
import * as ApiError from "./ApiError.ts"
import { KeyAuth } from "./Authorization.ts"

/** ISO 8601, UTC, milliseconds. */
const Timestamp = Schema.String.annotations({ jsonSchema: { type: "string", format: "date-time" } })

export const RunStep = Schema.Struct({
  id: Schema.String,
  path: Schema.String.annotations({
    description: "Of this one of its runs: `steps/each/steps[2]/judge` is the third round's"
  }),
  type: Schema.String,
  status: StepStatus,
  output: Schema.Unknown,
  error: Schema.NullOr(Failure),
  cost_usd: Schema.NullOr(Schema.Number),
  tokens: Schema.Int,
  attempts: Schema.Int,
  cache: CacheUse,
  started_at: Timestamp,
  ended_at: Schema.NullOr(Timestamp)
}).annotations({ identifier: "RunStep" })
export type RunStep = typeof RunStep.Type

const summary = {
  run_id: Schema.String,
  workflow: Schema.String,
  status: RunStatus,
  error: Schema.NullOr(Failure),
  metrics: Schema.NullOr(Metrics).annotations({ description: "Null until it has ended" }),
  key_name: Schema.NullOr(Schema.String).annotations({ description: "Whose key it is metered under" }),
  created_at: Timestamp,
  started_at: Schema.NullOr(Timestamp),
  ended_at: Schema.NullOr(Timestamp)
}

export const RunSummary = Schema.Struct(summary).annotations({ identifier: "RunSummary" })
export type RunSummary = typeof RunSummary.Type

export const RunState = Schema.Struct({
  ...summary,
  input: Schema.Unknown,
  output: Schema.Unknown,
  steps: Schema.Array(RunStep).annotations({ description: "In the order in which they began" })
}).annotations({ identifier: "RunState" })
export type RunState = typeof RunState.Type

export const RunPage = Schema.Struct({
  runs: Schema.Array(RunSummary),
  next: Schema.NullOr(Schema.String).annotations({ description: "The `cursor` of the next page, null on the last one" })
}).annotations({ identifier: "RunPage" })
export type RunPage = typeof RunPage.Type

export const RunsQuery = Schema.Struct({
  workflow: Schema.optional(Schema.String),
  status: Schema.optional(RunStatus),
  limit: Schema.optional(Schema.NumberFromString.pipe(Schema.int(), Schema.between(1, 1000))).annotations({
    description: "1 to 1000; default 100"
  }),
  cursor: Schema.optional(Schema.String).annotations({ description: "`next` of the page before" })
}).annotations({ parseOptions: { onExcessProperty: "error" } })
export type RunsQuery = typeof RunsQuery.Type

const byId = Schema.Struct({ id: Schema.String })

export const RunsApi = HttpApiGroup.make("runs")
  .add(
    HttpApiEndpoint.get("list", "/v1/runs")
      .setUrlParams(RunsQuery)
      .addSuccess(RunPage)
      .addError(ApiError.BadRequest)
      .annotate(OpenApi.Summary, "List runs, newest first")
  )
  .add(
    HttpApiEndpoint.get("get", "/v1/runs/:id")
      .setPath(byId)
      .addSuccess(RunState)
      .addError(ApiError.NotFound)
      .annotate(OpenApi.Summary, "Get a run with its steps")
  )
  .addError(ApiError.Internal)
  .middleware(KeyAuth)
  .annotate(OpenApi.Description, "Runs of workflows. A key sees its own, the admin all of them.")
