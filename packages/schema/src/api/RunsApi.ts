/** Runs of workflows: what became of them, how they go, and what they wait for. */
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import { CacheUse, Failure, Metrics, RunStatus, StepStatus } from "../Run.ts"
import * as ApiError from "./ApiError.ts"
import { KeyAuth } from "./Authorization.ts"

/** ISO 8601, UTC, milliseconds. */
const Timestamp = Schema.String.annotations({ jsonSchema: { type: "string", format: "date-time" } })

/** What a step waits for that has come to a halt. */
export const Waiting = Schema.Struct({
  prompt: Schema.optional(Schema.Unknown).annotations({ description: "Of an `approve` step" }),
  form: Schema.optional(Schema.NullOr(Schema.Unknown)).annotations({
    description: "JSON Schema of what is sent beside `approved`; null for nothing"
  }),
  event: Schema.optional(Schema.NullOr(Schema.String)).annotations({
    description: "Of a `wait` step: the signal's name; null while it waits for a time"
  }),
  signal: Schema.optional(Schema.String).annotations({
    description: "Where to POST the answer: it works without a key, once"
  })
}).annotations({ identifier: "RunWaiting" })
export type Waiting = typeof Waiting.Type

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
  model: Schema.NullOr(Schema.String).annotations({
    description: "provider/model of who answered last; null where nobody did"
  }),
  attempts: Schema.Int,
  cache: CacheUse,
  waiting: Schema.NullOr(Waiting),
  started_at: Timestamp,
  ended_at: Schema.NullOr(Timestamp)
}).annotations({ identifier: "RunStep" })
export type RunStep = typeof RunStep.Type

const summary = {
  run_id: Schema.String,
  workflow: Schema.String,
  status: RunStatus,
  error: Schema.NullOr(Failure),
  metrics: Schema.NullOr(Metrics).annotations({ description: "Null before it begins; in lists, until it has ended" }),
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
  source: Schema.NullOr(Schema.String).annotations({
    description: "The workflow's text as it was when the run began; null where it was not kept"
  }),
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

export const EventsQuery = Schema.Struct({
  after: Schema.optional(Schema.NumberFromString.pipe(Schema.int(), Schema.nonNegative())).annotations({
    description: "As `Last-Event-ID`, for clients that cannot set it; 0 for all"
  })
})

const byId = Schema.Struct({ id: Schema.String })

/** A request about a run was taken; what comes of it shows in the run. */
export const RunAccepted = Schema.Struct({ run_id: Schema.String, status: RunStatus }).annotations({
  identifier: "RunAccepted"
})
export type RunAccepted = typeof RunAccepted.Type

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
  .add(
    HttpApiEndpoint.get("events", "/v1/runs/:id/events")
      .setPath(byId)
      .setUrlParams(EventsQuery)
      .setHeaders(
        Schema.Struct({
          "last-event-id": Schema.optional(Schema.NumberFromString.pipe(Schema.int(), Schema.nonNegative()))
        })
      )
      .addSuccess(HttpApiSchema.Text({ contentType: "text/event-stream" }))
      .addError(ApiError.BadRequest)
      .addError(ApiError.NotFound)
      .annotate(OpenApi.Summary, "Follow a run: its events so far, then live, with tokens, up to its end")
      .annotate(
        OpenApi.Description,
        "Server-sent events with rising ids: run.started, step.started, step.finished, step.failed, step.skipped, " +
          "token, log, run.finished and what `emit` steps send. Their data is JSON with `run_id`, `step` and `path`. " +
          "Tokens are told live and not kept. `Last-Event-ID` resumes; 204 when nothing is left to tell."
      )
  )
  .add(
    HttpApiEndpoint.del("cancel", "/v1/runs/:id")
      .setPath(byId)
      .addSuccess(RunAccepted, { status: 202 })
      .addError(ApiError.NotFound)
      .addError(ApiError.Conflict)
      .annotate(OpenApi.Summary, "Cancel a run")
      .annotate(
        OpenApi.Description,
        "Calls that are under way are aborted at once; then its `undo` and `finally` steps run. 409 when it has ended."
      )
  )
  .addError(ApiError.Internal)
  .middleware(KeyAuth)
  .annotate(OpenApi.Description, "Runs of workflows. A key sees its own, the admin all of them.")

const signalPath = Schema.Struct({ id: Schema.String, name: Schema.String })
const signalParams = Schema.Struct({
  token: Schema.optional(Schema.String).annotations({
    description: "In place of a key: the one in the address that an `approve` step gives while it waits"
  })
})

export const RunAsked = Schema.Struct({
  run_id: Schema.String,
  workflow: Schema.String,
  step: Schema.String.annotations({ description: "Its path" }),
  waiting: Waiting
}).annotations({ identifier: "RunAsked" })
export type RunAsked = typeof RunAsked.Type

/** Its own group: whoever has the token of an approval needs no key. */
export const SignalsApi = HttpApiGroup.make("signals")
  .add(
    HttpApiEndpoint.get("asked", "/v1/runs/:id/signals/:name")
      .setPath(signalPath)
      .setUrlParams(signalParams)
      .addSuccess(RunAsked)
      .addError(ApiError.Unauthenticated)
      .addError(ApiError.Forbidden)
      .addError(ApiError.NotFound)
      .addError(ApiError.Conflict)
      .annotate(OpenApi.Summary, "What a step of a run waits for")
      .annotate(
        OpenApi.Description,
        "JSON, or for a browser (`Accept: text/html`) a page on which a person approves or rejects. Asking changes nothing."
      )
  )
  .add(
    HttpApiEndpoint.post("send", "/v1/runs/:id/signals/:name")
      .setPath(signalPath)
      .setUrlParams(signalParams)
      .setPayload(Schema.Unknown)
      .addSuccess(RunAccepted, { status: 202 })
      .addError(ApiError.BadRequest)
      .addError(ApiError.Unauthenticated)
      .addError(ApiError.Forbidden)
      .addError(ApiError.NotFound)
      .addError(ApiError.Conflict)
      .addError(ApiError.TooLarge)
      .addError(ApiError.Unprocessable)
      .annotate(OpenApi.Summary, "Answer an `approve` step, or send the event that a `wait` step waits for")
      .annotate(
        OpenApi.Description,
        "The name is the step's id (or path) or the event's name. An approval takes `{approved, ...form}`; what does " +
          "not meet the form is refused (422) and changes nothing. The first answer counts, a later one is 409."
      )
  )
  .addError(ApiError.Internal)
  .annotate(OpenApi.Description, "What runs wait for")
