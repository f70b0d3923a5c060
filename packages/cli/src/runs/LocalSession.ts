/** Runs in this process, on the configuration of a folder. */
import { renderError } from "@penstock/server/config/ConfigIssue"
import * as LocalCheck from "@penstock/server/workflows/LocalCheck"
import * as LocalRuns from "@penstock/server/workflows/LocalRuns"
import * as RunView from "@penstock/server/workflows/RunView"
import * as LocalWorkflow from "@penstock/server/workflows/LocalWorkflow"
import { RunStore, type Service as Store } from "@penstock/workflow/runtime/store/RunStore"
import * as RunStoreSqlite from "@penstock/workflow/runtime/store/RunStoreSqlite"
import type { RunRecord } from "@penstock/workflow/runtime/RunRecord"
import { type RunsError, Runs } from "@penstock/workflow/runtime/Runs"
import { compile } from "@penstock/workflow/compiler/Compiler"
import * as FileSystem from "@effect/platform/FileSystem"
import type * as FilePath from "@effect/platform/Path"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { isReadonlyRecord } from "effect/Predicate"
import * as Stream from "effect/Stream"
import { CommandFailed } from "../CommandFailed.ts"
import * as WorkflowFile from "../workflow/WorkflowFile.ts"
import type { Session } from "./Session.ts"

const failed = (exitCode: 1 | 2, text: string) => new CommandFailed({ exitCode, text })

const refused = ({ message, reason }: RunsError) => failed(reason === "conflict" ? 1 : 2, message)

/** A run with its steps. Without a server there is no address that takes an answer. */
const stateOf = Effect.fnUntraced(function* (store: Store, run: RunRecord) {
  const definition = yield* store.definition(run.definitionHash)
  const steps = yield* store.steps(run.id)
  const now = yield* Clock.currentTimeMillis
  return RunView.state(run, { now, steps, source: definition?.source ?? null, waitingFor: () => null })
})

/** The configuration, or what is wrong with it. */
export const open = (options: LocalRuns.Options) =>
  LocalRuns.open(options).pipe(Effect.mapError((error) => failed(2, renderError(error))))

/** What is kept of runs, to be read while another process works on them. */
export const records = Effect.fnUntraced(function* (options: LocalRuns.Options) {
  const files = yield* FileSystem.FileSystem
  const place = yield* open(options)
  const exists = place.runs !== ":memory:" && (yield* Effect.orElseSucceed(files.exists(place.runs), () => false))
  // Looking must not make a file.
  const layer = exists ? LocalRuns.layerRecords(place) : RunStoreSqlite.layerMemory
  const store = Context.get(yield* Layer.build(layer), RunStore)
  const session: Pick<Session, "state" | "list"> = {
    state: Effect.fnUntraced(function* (id) {
      const run = yield* store.run(id)
      if (run === null) return yield* failed(2, `There is no run "${id}" in ${place.runs}.`)
      return yield* stateOf(store, run)
    }),
    list: (limit) => Effect.map(store.runs({ limit }), (found) => found.map(RunView.summary))
  }
  return session
})

/** Lives as long as the scope. Kept in a file, runs that did not end go on. */
export const make = Effect.fnUntraced(function* (options: LocalRuns.Options, keep: "file" | "memory") {
  const services = yield* Effect.context<FileSystem.FileSystem | FilePath.Path>()
  const place = yield* open(options)
  const layer = keep === "file" ? LocalRuns.layerKept(place) : LocalRuns.layerMemory(place)
  const context = yield* Layer.build(layer).pipe(
    Effect.mapError(({ hint, message }) => failed(1, hint === null ? message : `${message}\n${hint}`))
  )
  const runs = Context.get(context, Runs)
  const store = Context.get(context, RunStore)

  const state: Session["state"] = Effect.fnUntraced(function* (id) {
    return yield* stateOf(store, yield* Effect.mapError(runs.get(id), refused))
  })
  const find = (workflow: string) =>
    LocalWorkflow.find(place.callable, options.directory, workflow).pipe(
      Effect.mapError(({ message }) => failed(2, message)),
      Effect.provide(services)
    )
  const session: Session = {
    inputs: (workflow) =>
      Effect.map(find(workflow), ({ file, text }) => compile(text, { file }).plan?.inputSchema ?? null),
    start: Effect.fnUntraced(function* (workflow, input) {
      const found = yield* find(workflow)
      const { diagnostics, plan } = yield* Effect.provide(LocalCheck.compile(place.callable, found), context)
      if (plan === null) return yield* failed(2, WorkflowFile.render(diagnostics, found.text))
      const run = yield* runs
        .start(found.text, input, { sources: LocalWorkflow.sources(place.callable) })
        .pipe(
          Effect.mapError((error) =>
            error.reason === "conflict" ? refused(error) : failed(2, `${workflow}: ${error.message}`)
          )
        )
      return run.id
    }),
    state,
    list: (limit) => Effect.map(runs.list({ limit }), (found) => found.map(RunView.summary)),
    events: (id) =>
      runs.events(id).pipe(
        Stream.mapError(refused),
        Stream.map(({ data, step, type }) => ({
          type,
          path: step,
          data: isReadonlyRecord(data) ? data : { data }
        }))
      ),
    signal: (id, name, body) => Effect.mapError(runs.signal(id, name, body), refused),
    cancel: (id) => Effect.mapError(runs.cancel(id), refused),
    later: keep === "file" ? (id) => `penstock runs resume ${id}` : null
  }
  return session
})
