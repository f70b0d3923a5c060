/** `/v1/workflows` and `POST /v1/workflow/{name}`. */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Tracing from "@penstock/gateway/exchange/Tracing"
import * as Idempotency from "@penstock/gateway/replay/Idempotency"
import { Settings } from "@penstock/gateway/Settings"
import { CurrentCaller } from "@penstock/schema/api/Caller"
import { PenstockApi } from "@penstock/schema/api/PenstockApi"
import type { RunAccepted } from "@penstock/schema/api/RunsApi"
import { CheckRequest, RunRequest, type RunResult } from "@penstock/schema/api/WorkflowsApi"
import { make } from "@penstock/schema/GatewayError"
import { Runs } from "@penstock/workflow/runtime/Runs"
import { type Workflow, Workflows } from "@penstock/workflow/runtime/Workflows"
import { isError } from "@penstock/workflow/diagnostic/Diagnostic"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as RunFailure from "../workflows/RunFailure.ts"
import * as RunView from "../workflows/RunView.ts"
import * as Starting from "../workflows/Starting.ts"
import * as WorkflowCheck from "../workflows/WorkflowCheck.ts"
import * as JsonBody from "./JsonBody.ts"

const read = JsonBody.reader(RunRequest)

const wanted = 'Send JSON with the input: {"input": {"text": "…"}}.'

const readCheck = JsonBody.reader(CheckRequest)

const wantedCheck = 'Send JSON with the text: {"source": "name: …"}.'

const readAny = JsonBody.reader(Schema.Unknown)

const noWebhook = ({ file, name }: Workflow) =>
  make("not_found", `The workflow ${name} is not started by webhooks. Write \`on: [{webhook: …}]\` into ${file}.`, {
    code: "no_webhook"
  })

const notStarted = (failure: RunFailure.NotStarted) =>
  HttpServerResponse.unsafeJson(RunFailure.bodyOfNotStarted(failure), { status: failure.error.status })

export const layer = HttpApiBuilder.group(PenstockApi, "workflows", (handlers) =>
  Effect.gen(function* () {
    const settings = yield* Settings
    const sources: Starting.Sources = { workflows: yield* Workflows, runs: yield* Runs }

    const findings = yield* WorkflowCheck.make
    const traceOf = ({ headers }: HttpServerRequest.HttpServerRequest) =>
      Tracing.parse(headers["traceparent"], Tracing.isRecorded(settings.current())) ?? undefined

    const check = Effect.fnUntraced(function* (request: HttpServerRequest.HttpServerRequest) {
      const limit = settings.current().server.max_body
      const { file, source } = yield* readCheck(request, { limit, wanted: wantedCheck })
      const diagnostics = yield* findings({ file, text: source })
      return HttpServerResponse.unsafeJson({ valid: !diagnostics.some(isError), diagnostics })
    })

    const start = Effect.fnUntraced(function* (
      name: string,
      header: string | undefined,
      request: HttpServerRequest.HttpServerRequest
    ) {
      const { input } = yield* read(request, { limit: settings.current().server.max_body, wanted, empty: {} })
      const key = header === undefined ? null : yield* Idempotency.readKey(header)
      const caller = yield* CurrentCaller
      return yield* Starting.start(sources, { name, input, caller, key, trace: traceOf(request) })
    })

    /** Senders of webhooks have words of their own: all of the body is the input. */
    const startByWebhook = Effect.fnUntraced(function* (
      name: string,
      header: string | undefined,
      request: HttpServerRequest.HttpServerRequest
    ) {
      const workflow = yield* Starting.find(sources.workflows, name)
      if (!workflow.triggers.some((trigger) => "webhook" in trigger)) return yield* noWebhook(workflow)
      const input = yield* readAny(request, { limit: settings.current().server.max_body, wanted, empty: {} })
      const key = header === undefined ? null : yield* Idempotency.readKey(header)
      return yield* Starting.start(sources, { name, input, caller: yield* CurrentCaller, key, trace: traceOf(request) })
    })

    const run = Effect.fnUntraced(function* (started: { readonly id: string }) {
      const { error, run } = yield* Starting.outcome(sources.runs, started.id)
      if (error !== null) {
        return HttpServerResponse.unsafeJson(RunFailure.bodyOfRun(run, error), { status: error.status })
      }
      const { id, metrics, output } = run
      if (metrics === null) return yield* Effect.dieMessage(`the run ${id} succeeded and has no metrics`)
      const result: RunResult = { output, metrics, run_id: id }
      return HttpServerResponse.unsafeJson(result)
    })

    const accepted = ({ id, status }: { readonly id: string; readonly status: RunAccepted["status"] }) => {
      const body: RunAccepted = { run_id: id, status }
      return HttpServerResponse.unsafeJson(body, { status: 202, headers: { location: `/v1/runs/${id}` } })
    }

    return handlers
      .handle("list", () =>
        Effect.map(sources.workflows.list, (workflows) => ({ workflows: workflows.map(RunView.workflow) }))
      )
      .handle("get", ({ path: { name } }) => Effect.map(Starting.find(sources.workflows, name), RunView.detail))
      .handleRaw("check", ({ request }) => check(request))
      .handleRaw("run", ({ headers, path: { name }, request }) =>
        start(name, headers["idempotency-key"], request).pipe(
          Effect.flatMap(run),
          Effect.catchTag("NotStarted", (failure) => Effect.succeed(notStarted(failure)))
        )
      )
      .handleRaw("webhook", ({ headers, path: { name }, request }) =>
        startByWebhook(name, headers["idempotency-key"], request).pipe(
          Effect.map(accepted),
          Effect.catchTag("NotStarted", (failure) => Effect.succeed(notStarted(failure)))
        )
      )
      .handleRaw("start", ({ headers, path: { name }, request }) =>
        start(name, headers["idempotency-key"], request).pipe(
          Effect.map(accepted),
          Effect.catchTag("NotStarted", (failure) => Effect.succeed(notStarted(failure)))
        )
      )
  })
)
