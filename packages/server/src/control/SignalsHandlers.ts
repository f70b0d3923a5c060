/** `POST /v1/runs/{id}/signals/{name}`: with a key that sees the run, or with the token of an approval. */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { Keys, presentedKey } from "@penstock/gateway/keys/Keys"
import { Settings } from "@penstock/gateway/Settings"
import { PenstockApi } from "@penstock/schema/api/PenstockApi"
import type { RunAccepted } from "@penstock/schema/api/RunsApi"
import { make } from "@penstock/schema/GatewayError"
import * as Definitions from "@penstock/workflow/runtime/Definitions"
import { Runs } from "@penstock/workflow/runtime/Runs"
import { RunStore } from "@penstock/workflow/runtime/store/RunStore"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Approvals } from "../workflows/Approvals.ts"
import { ofRunsError } from "../workflows/RunFailure.ts"
import * as Signals from "../workflows/Signals.ts"
import * as JsonBody from "./JsonBody.ts"
import * as Visible from "./VisibleRun.ts"

const read = JsonBody.reader(Schema.Unknown)

const wanted = 'Send JSON: {"approved": true}, or the event\'s data.'

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

    const send = Effect.fnUntraced(function* (
      request: HttpServerRequest.HttpServerRequest,
      id: string,
      name: string,
      token: string | undefined
    ) {
      const run = yield* asked(request, id, name, token)
      const body = yield* read(request, { limit: settings.current().server.max_body, wanted, empty: null })
      const definition = yield* Definitions.get(store, run.definitionHash)
      const refused = Signals.refusal(definition, yield* runs.steps(id), name, body)
      if (refused !== null) return yield* refused
      yield* Effect.mapError(runs.signal(id, name, body), ofRunsError)
      const accepted: RunAccepted = { run_id: id, status: run.status }
      return HttpServerResponse.unsafeJson(accepted, { status: 202 })
    })

    return handlers.handleRaw("send", ({ path: { id, name }, request, urlParams: { token } }) =>
      send(request, id, name, token)
    )
  })
)
