/** Workflows: which there are, and how a run of one is started. */
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import { optionalWith, strictStruct } from "../config/Fields.ts"
import { Metrics } from "../Run.ts"
import * as ApiError from "./ApiError.ts"
import { KeyAuth } from "./Authorization.ts"
import { RunAccepted } from "./RunsApi.ts"

const JsonSchema = Schema.Record({ key: Schema.String, value: Schema.Unknown })

const info = {
  name: Schema.String.annotations({ description: "What it is called by; its file's name works too" }),
  description: Schema.NullOr(Schema.String),
  version: Schema.NullOr(Schema.String),
  file: Schema.String,
  inputs: Schema.NullOr(JsonSchema).annotations({
    description: "JSON Schema of `input`; null where the file does not say"
  }),
  output: Schema.NullOr(JsonSchema).annotations({ description: "JSON Schema of what a run gives" }),
  max_cost_usd: Schema.NullOr(Schema.Number).annotations({
    description: "The most that a run costs; null when that is not known"
  }),
  triggers: Schema.Array(
    Schema.Record({ key: Schema.Literal("cron", "webhook", "event"), value: Schema.String }).pipe(
      Schema.partialWith({ exact: true })
    )
  ).annotations({
    description: "What starts it by itself"
  }),
  valid: Schema.Boolean.annotations({ description: "Whether it can be run: no diagnostic is an error" }),
  diagnostics: Schema.Array(ApiError.Diagnostic)
}

export const WorkflowInfo = Schema.Struct(info).annotations({ identifier: "WorkflowInfo" })
export type WorkflowInfo = typeof WorkflowInfo.Type

export const WorkflowDetail = Schema.Struct({
  ...info,
  source: Schema.String.annotations({ description: "The file's text" })
}).annotations({ identifier: "WorkflowDetail" })
export type WorkflowDetail = typeof WorkflowDetail.Type

export const WorkflowList = Schema.Struct({ workflows: Schema.Array(WorkflowInfo) }).annotations({
  identifier: "WorkflowList"
})

export const CheckRequest = strictStruct({
  source: Schema.String.annotations({ description: "The text of a workflow" }),
  file: optionalWith(Schema.NonEmptyString, () => "workflow.yaml").annotations({
    description: "The file of the folder that it stands in for, and the name that findings carry"
  })
}).annotations({ identifier: "WorkflowCheckRequest" })

export const CheckResult = Schema.Struct({
  valid: Schema.Boolean.annotations({ description: "Whether it could be run: no diagnostic is an error" }),
  diagnostics: Schema.Array(ApiError.Diagnostic)
}).annotations({ identifier: "WorkflowCheckResult" })

export const RunRequest = strictStruct({
  input: optionalWith(Schema.Unknown, () => ({})).annotations({ description: "What the workflow's `inputs` ask for" })
}).annotations({ identifier: "RunRequest" })

export const RunResult = Schema.Struct({
  output: Schema.Unknown,
  metrics: Metrics,
  run_id: Schema.String
}).annotations({ identifier: "RunResult" })
export type RunResult = typeof RunResult.Type

const byName = Schema.Struct({ name: Schema.String })

/** With it, a request that is sent again is the first one: its run is attached to, and runs once. */
const headers = Schema.Struct({
  "idempotency-key": Schema.optional(Schema.String).annotations({
    description: "The same key with the same input is the same run; with another input it is refused (409)"
  })
})

export const WorkflowsApi = HttpApiGroup.make("workflows")
  .add(
    HttpApiEndpoint.get("list", "/v1/workflows")
      .addSuccess(WorkflowList)
      .annotate(OpenApi.Summary, "List workflows, those with mistakes included")
  )
  .add(
    HttpApiEndpoint.get("get", "/v1/workflows/:name")
      .setPath(byName)
      .addSuccess(WorkflowDetail)
      .addError(ApiError.NotFound)
      .annotate(OpenApi.Summary, "Get a workflow with its text")
  )
  .add(
    HttpApiEndpoint.post("check", "/v1/workflows/check")
      .setPayload(CheckRequest)
      .addSuccess(CheckResult)
      .addError(ApiError.BadRequest)
      .addError(ApiError.TooLarge)
      .annotate(OpenApi.Summary, "Check a workflow's text, and store nothing")
      .annotate(
        OpenApi.Description,
        "Against what this server knows: its models, hosts and workflows, and the tools of MCP servers that run. A text " +
          "with mistakes is answered like one without: 200, with the findings."
      )
  )
  .add(
    HttpApiEndpoint.post("run", "/v1/workflow/:name")
      .setPath(byName)
      .setHeaders(headers)
      .setPayload(RunRequest)
      .addSuccess(RunResult)
      .addError(ApiError.BadRequest)
      .addError(ApiError.PaymentRequired)
      .addError(ApiError.NotFound)
      .addError(ApiError.Conflict)
      .addError(ApiError.TooLarge)
      .addError(ApiError.Unprocessable)
      .addError(ApiError.BadGateway)
      .addError(ApiError.GatewayTimeout)
      .annotate(OpenApi.Summary, "Run a workflow and wait for what it gives")
      .annotate(
        OpenApi.Description,
        "A run that does not succeed answers 402 when a budget is spent, 504 when its time is over, 409 when somebody " +
          "rejected it, 422 with the code of its `fail` step, else 502; always with `run_id` and `metrics`. The run " +
          "goes on when its caller leaves: read it at `/v1/runs/{run_id}`, or cancel it there."
      )
  )
  .add(
    HttpApiEndpoint.post("start", "/v1/workflows/:name/runs")
      .setPath(byName)
      .setHeaders(headers)
      .setPayload(RunRequest)
      .addSuccess(RunAccepted, { status: 202 })
      .addError(ApiError.BadRequest)
      .addError(ApiError.NotFound)
      .addError(ApiError.Conflict)
      .addError(ApiError.TooLarge)
      .addError(ApiError.Unprocessable)
      .annotate(OpenApi.Summary, "Start a run and return at once")
  )
  .add(
    HttpApiEndpoint.post("webhook", "/v1/workflows/:name/webhook")
      .setPath(byName)
      .setHeaders(headers)
      .setPayload(Schema.Unknown)
      .addSuccess(RunAccepted, { status: 202 })
      .addError(ApiError.BadRequest)
      .addError(ApiError.NotFound)
      .addError(ApiError.Conflict)
      .addError(ApiError.TooLarge)
      .addError(ApiError.Unprocessable)
      .annotate(OpenApi.Summary, "Start a run with whatever JSON is sent as its input")
      .annotate(OpenApi.Description, "For workflows that say so: `on: [{webhook: …}]`.")
  )
  .addError(ApiError.Internal)
  .middleware(KeyAuth)
  .annotate(OpenApi.Description, "The workflow files of the server's folder, and runs of them")
