/**
 * `/v1/runs/{id}/signals/{name}`: with a key that sees the run, or with the token of an approval. A program answers with
 * JSON; a person opens the address in a browser, and answers with the form that it shows.
 */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { Keys, presentedKey } from "@penstock/gateway/keys/Keys"
import { Settings } from "@penstock/gateway/Settings"
import { PenstockApi } from "@penstock/schema/api/PenstockApi"
import type { RunAccepted, RunAsked } from "@penstock/schema/api/RunsApi"
import { type GatewayError, make } from "@penstock/schema/GatewayError"
import * as Definitions from "@penstock/workflow/runtime/Definitions"
import type { RunRecord } from "@penstock/workflow/runtime/RunRecord"
import { Runs } from "@penstock/workflow/runtime/Runs"
import { RunStore } from "@penstock/workflow/runtime/store/RunStore"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Approvals } from "../workflows/Approvals.ts"
import * as RunEvents from "../workflows/RunEvents.ts"
import { ofRunsError } from "../workflows/RunFailure.ts"
import * as Signals from "../workflows/Signals.ts"
import * as ApprovalPage from "./ApprovalPage.ts"
import * as Html from "./Html.ts"
import * as JsonBody from "./JsonBody.ts"
import * as Visible from "./VisibleRun.ts"

const read = JsonBody.reader(Schema.Unknown)

const wanted = 'Send JSON: {"approved": true}, or the event\'s data.'

const notYet = (name: string) =>
  make("conflict", `The run does not ask for ${JSON.stringify(name.slice(0, 200))} yet: try again when it does.`, {
    code: "not_waiting"
  })

/** What a browser sends when the form of the page is sent. */
const isForm = ({ headers }: HttpServerRequest.HttpServerRequest): boolean =>
  /^application\/x-www-form-urlencoded\b/i.test(headers["content-type"] ?? "")

/** The address holds a token: nobody keeps the page, and no other site is told where it was. */
const headers = { "cache-control": "no-store", "referrer-policy": "same-origin" }

const htmlFailure = (error: GatewayError): HttpServerResponse.HttpServerResponse =>
  Html.respond(ApprovalPage.failure(error), { status: error.status, headers })

const wrongToken = make("forbidden", "This token is not one for this answer. Use the whole address that was given.", {
  param: "token",
  code: "invalid_token"
})

export const layer = HttpApiBuilder.group(PenstockApi, "signals", (handlers) =>
  Effect.gen(function* () {
    const approvals = yield* Approvals
    const keys = yield* Keys
    const runs = yield* Runs
    const settings = yield* Settings
    const store = yield* RunStore

    /** The run, if whoever asks may answer it. */
    const asked = Effect.fnUntraced(function* (
      { headers }: HttpServerRequest.HttpServerRequest,
      id: string,
      name: string,
      token: string | undefined
    ) {
      if (token === undefined) return yield* Visible.find(runs, yield* keys.authenticate(presentedKey(headers)), id)
      if (!approvals.isValid(token, id, name)) return yield* wrongToken
      return yield* Effect.mapError(runs.get(id), () => Visible.absent(id))
    })

    const questionOf = Effect.fnUntraced(function* (run: RunRecord, name: string) {
      const definition = yield* Definitions.get(store, run.definitionHash)
      const refused = Signals.unanswerable(definition, yield* runs.steps(run.id), name)
      if (refused !== null) return yield* refused
      const found = RunEvents.asked(approvals, run.id, yield* store.events(run.id, 0), name)
      if (found === null) return yield* notYet(name)
      return { run_id: run.id, workflow: definition.plan.name, ...found } satisfies RunAsked
    })

    const deliver = Effect.fnUntraced(function* (run: RunRecord, name: string, body: unknown) {
      const definition = yield* Definitions.get(store, run.definitionHash)
      const refused = Signals.refusal(definition, yield* runs.steps(run.id), name, body)
      if (refused !== null) return yield* refused
      yield* Effect.mapError(runs.signal(run.id, name, body), ofRunsError)
    })

    const show = Effect.fnUntraced(function* (run: RunRecord, name: string) {
      const question = yield* questionOf(run, name)
      const page = question.waiting.signal === undefined ? ApprovalPage.event : ApprovalPage.question
      return Html.respond(page(question), { headers })
    })

    const sendJson = Effect.fnUntraced(function* (
      request: HttpServerRequest.HttpServerRequest,
      run: RunRecord,
      name: string
    ) {
      yield* deliver(
        run,
        name,
        yield* read(request, { limit: settings.current().server.max_body, wanted, empty: null })
      )
      const accepted: RunAccepted = { run_id: run.id, status: run.status }
      return HttpServerResponse.unsafeJson(accepted, { status: 202 })
    })

    /** What does not hold is told beside the form, with what was typed. */
    const sendForm = Effect.fnUntraced(function* (
      request: HttpServerRequest.HttpServerRequest,
      run: RunRecord,
      name: string
    ) {
      const question = yield* questionOf(run, name)
      if (question.waiting.signal === undefined) return yield* make("invalid_request", wanted)
      const text = yield* JsonBody.readText(request, settings.current().server.max_body, wanted)
      const { answer, typed } = ApprovalPage.read(text, question.waiting.form)
      const again = (problem: string) =>
        Html.respond(ApprovalPage.question(question, problem, typed), { status: 422, headers })
      if ("problem" in answer) return again(answer.problem)
      return yield* deliver(run, name, answer.body).pipe(
        Effect.as(Html.respond(ApprovalPage.thanks(question, answer.body), { headers })),
        Effect.catchIf(
          ({ code }) => code === "invalid_form",
          ({ message }) => Effect.succeed(again(message))
        )
      )
    })

    return handlers
      .handleRaw("asked", ({ path: { id, name }, request, urlParams: { token } }) => {
        const run = asked(request, id, name, token)
        return Html.isWanted(request.headers["accept"])
          ? Effect.catchAll(
              Effect.flatMap(run, (run) => show(run, name)),
              (error) => Effect.succeed(htmlFailure(error))
            )
          : Effect.map(
              Effect.flatMap(run, (run) => questionOf(run, name)),
              (question) => HttpServerResponse.unsafeJson(question, { headers: { vary: "accept", ...headers } })
            )
      })
      .handleRaw("send", ({ path: { id, name }, request, urlParams: { token } }) => {
        const run = asked(request, id, name, token)
        return isForm(request)
          ? Effect.catchAll(
              Effect.flatMap(run, (run) => sendForm(request, run, name)),
              (error) => Effect.succeed(htmlFailure(error))
            )
          : Effect.flatMap(run, (run) => sendJson(request, run, name))
      })
  })
)
