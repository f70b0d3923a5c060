/** `/v1/runs`: a key sees its own, the admin all of them. */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import type { Caller } from "@penstock/schema/api/Caller"
import { CurrentCaller } from "@penstock/schema/api/Caller"
import { PenstockApi } from "@penstock/schema/api/PenstockApi"
import type { RunAccepted, RunsQuery } from "@penstock/schema/api/RunsApi"
import { isEnded } from "@penstock/schema/Run"
import type { RunRecord } from "@penstock/workflow/runtime/RunRecord"
import { Runs, type Service } from "@penstock/workflow/runtime/Runs"
import { RunStore } from "@penstock/workflow/runtime/store/RunStore"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { Approvals } from "../workflows/Approvals.ts"
import * as RunEvents from "../workflows/RunEvents.ts"
import { ofRunsError } from "../workflows/RunFailure.ts"
import * as RunView from "../workflows/RunView.ts"
import * as VisibleRun from "./VisibleRun.ts"

const defaultLimit = 100

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

const heartbeats = Stream.schedule(Stream.repeatValue(RunEvents.heartbeat), Schedule.spaced("15 seconds"))

const headers = {
  "cache-control": "no-cache",
  // Proxies that buffer (nginx) hold a stream back until it is whole.
  "x-accel-buffering": "no"
}

export const layer = HttpApiBuilder.group(PenstockApi, "runs", (handlers) =>
  Effect.gen(function* () {
    const approvals = yield* Approvals
    const runs = yield* Runs
    const store = yield* RunStore

    const found = (id: string) => Effect.flatMap(CurrentCaller, (caller) => VisibleRun.find(runs, caller, id))

    const state = Effect.fnUntraced(function* (run: RunRecord) {
      const steps = yield* runs.steps(run.id)
      const events = steps.some(({ status }) => status === "waiting") ? yield* store.events(run.id, 0) : []
      const definition = yield* store.definition(run.definitionHash)
      return RunView.state(run, {
        steps,
        source: definition?.source ?? null,
        now: yield* Clock.currentTimeMillis,
        waitingFor: (path) => {
          const event = events.findLast(({ step, type }) => step === path && type === "step.started")
          return event === undefined ? null : RunEvents.waiting(approvals, run.id, event)
        }
      })
    })

    /** Of a run that has ended everything is stored: there is nothing to listen to. */
    const follow = Effect.fnUntraced(function* ({ id, status }: RunRecord, after: number) {
      const stored = isEnded(status) ? yield* store.events(id, after) : null
      if (stored?.length === 0 && after > 0) return HttpServerResponse.empty({ status: 204 })
      const events = stored === null ? Stream.orDie(runs.events(id, after)) : Stream.fromIterable(stored)
      const frames = Stream.mapChunks(events, (chunk) =>
        Chunk.of([...chunk].map((event) => RunEvents.frame(approvals, id, event)).join(""))
      )
      const lines = Stream.merge(Stream.concat(Stream.succeed(RunEvents.heartbeat), frames), heartbeats, {
        haltStrategy: "left"
      })
      return HttpServerResponse.stream(Stream.encodeText(lines), {
        contentType: "text/event-stream; charset=utf-8",
        headers
      })
    })

    const cancel = Effect.fnUntraced(function* ({ id }: RunRecord) {
      yield* Effect.mapError(runs.cancel(id), ofRunsError)
      const { status } = yield* Effect.orDie(runs.get(id))
      return { run_id: id, status } satisfies RunAccepted
    })

    return handlers
      .handle("list", ({ urlParams }) => Effect.flatMap(CurrentCaller, (caller) => page(runs, caller, urlParams)))
      .handle("get", ({ path: { id } }) => Effect.flatMap(found(id), state))
      .handleRaw("events", ({ headers, path: { id }, urlParams: { after } }) =>
        Effect.flatMap(found(id), (run) => follow(run, headers["last-event-id"] ?? after ?? 0))
      )
      .handle("cancel", ({ path: { id } }) => Effect.flatMap(found(id), cancel))
  })
)
