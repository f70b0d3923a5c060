/** `/v1/runs`: a key sees its own, the admin all of them. */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import type { Caller } from "@penstock/schema/api/Caller"
import { CurrentCaller } from "@penstock/schema/api/Caller"
import { PenstockApi } from "@penstock/schema/api/PenstockApi"
import type { RunsQuery } from "@penstock/schema/api/RunsApi"
import { make } from "@penstock/schema/GatewayError"
import { Runs, type Service } from "@penstock/workflow/runtime/Runs"
import * as Effect from "effect/Effect"
import * as RunView from "../workflows/RunView.ts"

const defaultLimit = 100

/** Somebody else's run is as if it were not there. */
const visible = Effect.fnUntraced(function* (runs: Service, id: string) {
  const caller = yield* CurrentCaller
  const run = yield* Effect.option(runs.get(id))
  if (run._tag === "Some" && (caller.admin || run.value.caller === caller.key)) return run.value
  const name = JSON.stringify(id.slice(0, 64))
  return yield* make("not_found", `No run has the id ${name}, or it is older than \`runs.retention\`.`)
})

/** One more than is asked for, to know whether there is a next page. */
const page = Effect.fnUntraced(function* (
  runs: Service,
  caller: Caller,
  { cursor, limit = defaultLimit, status, workflow }: RunsQuery
) {
  const found = yield* runs.list({
    limit: limit + 1,
    ...(caller.admin ? {} : { caller: caller.key }),
    ...(workflow === undefined ? {} : { workflow }),
    ...(status === undefined ? {} : { status }),
    ...(cursor === undefined ? {} : { before: cursor })
  })
  const shown = found.slice(0, limit)
  return { runs: shown.map(RunView.summary), next: found.length > limit ? (shown.at(-1)?.id ?? null) : null }
})

export const layer = HttpApiBuilder.group(PenstockApi, "runs", (handlers) =>
  Effect.gen(function* () {
    const runs = yield* Runs
    return handlers
      .handle("list", ({ urlParams }) => Effect.flatMap(CurrentCaller, (caller) => page(runs, caller, urlParams)))
      .handle("get", ({ path: { id } }) =>
        Effect.flatMap(visible(runs, id), (run) => Effect.map(runs.steps(id), (steps) => RunView.state(run, steps)))
      )
  })
)
