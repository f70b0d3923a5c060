/** How a run that did not succeed, or could not be started, is told over HTTP. */
import { type OpenAiError, toOpenAiError } from "@penstock/schema/api/ApiError"
import { type GatewayError, make, type Reason } from "@penstock/schema/GatewayError"
import type { Failure } from "@penstock/schema/Run"
import type { Diagnostic } from "@penstock/workflow/diagnostic/Diagnostic"
import type { RunRecord } from "@penstock/workflow/runtime/RunRecord"
import type { RunsError } from "@penstock/workflow/runtime/Runs"
import * as Data from "effect/Data"

/** A run was not started. */
export class NotStarted extends Data.TaggedError("NotStarted")<{
  readonly error: GatewayError
  /** What is wrong with the workflow's file; empty when it is something else. */
  readonly diagnostics: ReadonlyArray<Diagnostic>
}> {}

const refusals: { readonly [R in RunsError["reason"]]: Reason } = {
  not_found: "not_found",
  invalid_workflow: "unprocessable",
  invalid_input: "unprocessable",
  conflict: "conflict"
}

export const ofRunsError = ({ message, reason }: RunsError): GatewayError =>
  make(refusals[reason], message, {
    code: reason,
    ...(reason === "invalid_input" ? { param: "input" } : {})
  })

/** The reasons of the language that have a status of their own; any other is the fault of what was called. */
const reasons: ReadonlyMap<string, Reason> = new Map<string, Reason>([
  ["budget", "budget_exceeded"],
  ["timeout", "timeout"],
  ["rejected", "conflict"]
])

/** A `fail` step speaks to whoever started the run, whatever word it chose. */
const reasonOf = ({ reason }: Failure, isOwnWord: boolean): Reason =>
  isOwnWord ? "unprocessable" : (reasons.get(reason) ?? "server")

/** `isOwnWord`: whether a `fail` step ended it. */
export const ofRun = ({ error, id, status }: RunRecord, isOwnWord: boolean): GatewayError =>
  error === null
    ? make("server", `The run ${id} ended as ${status}.`, { code: status })
    : make(reasonOf(error, isOwnWord), `The step ${error.step} failed: ${error.message}`, { code: error.reason })

export const bodyOfRun = (run: RunRecord, error: GatewayError): OpenAiError => {
  const body = toOpenAiError(error)
  return {
    error: { ...body.error, ...(run.error === null ? {} : { step: run.error.step }) },
    run_id: run.id,
    ...(run.metrics === null ? {} : { metrics: run.metrics })
  }
}

export const bodyOfNotStarted = ({ diagnostics, error }: NotStarted): OpenAiError => ({
  ...toOpenAiError(error),
  ...(diagnostics.length === 0 ? {} : { diagnostics })
})
