/** Runs: started, followed, signalled, cancelled. */
import { WorkflowEngine } from "@effect/workflow/WorkflowEngine"
import * as RequestId from "@penstock/gateway/RequestId"
import type { Caller } from "@penstock/schema/api/Caller"
import { isEnded } from "@penstock/schema/Run"
import type { Trace } from "@penstock/schema/Trace"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { canonical, hashOf } from "../compiler/Hash.ts"
import * as Validate from "../types/Validate.ts"
import * as Definitions from "./Definitions.ts"
import { Feed } from "./Feed.ts"
import { PenstockRun } from "./PenstockRun.ts"
import type { RunEvent, RunRecord, StepRecord } from "./RunRecord.ts"
import { type RunFilter, RunStore } from "./store/RunStore.ts"
import { type Arrival, deferredOf } from "./Waits.ts"

/** Why a request about runs was refused. */
export class RunsError extends Data.TaggedError("RunsError")<{
  readonly reason: "not_found" | "invalid_workflow" | "invalid_input" | "conflict"
  readonly message: string
}> {}

export interface StartOptions {
  /** A second start with the same key and input is the first run; with another input it is a conflict. */
  readonly key?: string
  readonly caller?: Caller
  /** The trace of whoever starts it, in which it will be. */
  readonly trace?: Trace
  /** Steps with a `mock` give that, and are not run. */
  readonly rehearsal?: boolean
  /** The texts of the workflows that it calls. */
  readonly sources?: Definitions.Sources
}

export interface Service {
  /** Starts the workflow that a text describes, and returns at once. */
  readonly start: (source: string, input: unknown, options?: StartOptions) => Effect.Effect<RunRecord, RunsError>
  readonly get: (id: string) => Effect.Effect<RunRecord, RunsError>
  readonly steps: (id: string) => Effect.Effect<ReadonlyArray<StepRecord>>
  /** Newest first. */
  readonly list: (filter: RunFilter) => Effect.Effect<ReadonlyArray<RunRecord>>
  /** The events behind `after` (0: all), and then live, with tokens, up to the run's end. */
  readonly events: (id: string, after?: number) => Stream.Stream<RunEvent, RunsError>
  /** The run when it has ended. */
  readonly await: (id: string) => Effect.Effect<RunRecord, RunsError>
  /** The first of a name wins; a later one is a conflict. */
  readonly signal: (id: string, name: string, body: unknown) => Effect.Effect<void, RunsError>
  /** Aborts calls that are under way; then what undoes and what runs finally. */
  readonly cancel: (id: string) => Effect.Effect<void, RunsError>
  /** Runs that should go on and have not since then, in milliseconds since the epoch. */
  readonly stalled: (since: number) => Effect.Effect<ReadonlyArray<RunRecord>>
  /**
   * Lets a run go on that a crash has left between two of its records: not handed to the engine, or without a signal
   * that has come. Does nothing to one that is under way.
   */
  readonly poke: (id: string) => Effect.Effect<void, RunsError>
}

export class Runs extends Context.Tag("@penstock/workflow/runtime/Runs")<Runs, Service>() {}

const refused = (reason: RunsError["reason"], message: string) => new RunsError({ reason, message })

const none: Definitions.Sources = () => null

/** The engine knows a run by its id alone. */
const executionOf = (runId: string) =>
  PenstockRun.executionId({ runId, definitionHash: "", input: null, caller: null, rehearsal: false })

const decodePayload = Schema.decodeUnknownOption(PenstockRun.payloadSchema)
const encodePayload = Schema.encodeSync(PenstockRun.payloadSchema)

const make = Effect.gen(function* () {
  const store = yield* RunStore
  const feed = yield* Feed
  const engine = yield* WorkflowEngine

  const get = Effect.fn("Runs.get")(function* (id: string) {
    return (yield* store.run(id)) ?? (yield* refused("not_found", `there is no run "${id}"`))
  })

  const live = Effect.fnUntraced(function* (id: string) {
    const run = yield* get(id)
    return isEnded(run.status) ? yield* refused("conflict", `the run "${id}" has ended: ${run.status}`) : run
  })

  const launch = (payload: typeof PenstockRun.payloadSchema.Type) =>
    PenstockRun.execute(payload, { discard: true }).pipe(Effect.provideService(WorkflowEngine, engine))

  const deliver = Effect.fnUntraced(function* (runId: string, path: string, arrival: Arrival) {
    const deferred = deferredOf(path)
    const about = {
      workflowName: PenstockRun.name,
      executionId: yield* executionOf(runId),
      deferredName: deferred.name
    }
    yield* engine.deferredDone(deferred, { ...about, exit: Exit.succeed(arrival) })
  })

  const stop = Effect.fnUntraced(function* (id: string) {
    const { cancelled } = yield* feed.channel(id)
    yield* Deferred.succeed(cancelled, undefined)
    const waiting = yield* store.waits(id)
    yield* Effect.forEach(waiting, (path) => deliver(id, path, { _tag: "Cancelled" }), { discard: true })
  })

  const events: Service["events"] = (id, after = 0) => Stream.unwrap(Effect.as(get(id), feed.events(id, after)))

  const service: Service = {
    get,
    events,
    steps: store.steps,
    list: store.runs,
    start: Effect.fn("Runs.start")(function* (source, input, options = {}) {
      const { caller = null, key, rehearsal = false, sources = none, trace = null } = options
      const definition = yield* Effect.mapError(Definitions.put(store, source, sources), (message) =>
        refused("invalid_workflow", message)
      )
      const { inputSchema, name } = definition.plan
      const violations = inputSchema === null ? [] : Validate.compile(inputSchema)(input)
      if (violations.length > 0) {
        const told = violations.map(({ message, path }) => (path === "" ? message : `${path}: ${message}`))
        return yield* refused("invalid_input", `"${name}" does not take this input: ${told.join("; ")}`)
      }
      const id = `run_${RequestId.at(yield* Clock.currentTimeMillis).slice("req_".length)}`
      const payload = { runId: id, definitionHash: definition.hash, input: input ?? null, caller, rehearsal }
      const run = yield* store.create({
        payload: encodePayload(payload),
        id,
        workflow: name,
        definitionHash: definition.hash,
        input,
        caller: caller?.key ?? null,
        trace,
        // Keys of different callers do not meet.
        key: key === undefined ? null : hashOf([caller?.key ?? null, name, key])
      })
      if (run.id !== id) {
        return canonical(run.input) === canonical(input)
          ? run
          : yield* refused("conflict", `the key "${key}" was used for another input, by the run "${run.id}"`)
      }
      yield* launch(payload)
      return run
    }),
    await: Effect.fn("Runs.await")(function* (id) {
      yield* Stream.runDrain(events(id))
      return yield* get(id)
    }),
    signal: Effect.fn("Runs.signal")(function* (id, name, body) {
      yield* live(id)
      const waiting = yield* store.signal(id, name, body)
      if (waiting === null) return yield* refused("conflict", `the run "${id}" had the signal "${name}" before`)
      yield* Effect.forEach(waiting, (path) => deliver(id, path, { _tag: "Signal", body }), { discard: true })
    }),
    cancel: Effect.fn("Runs.cancel")(function* (id) {
      yield* live(id)
      yield* store.requestCancel(id)
      yield* stop(id)
    }),
    stalled: store.stalled,
    poke: Effect.fn("Runs.poke")(function* (id) {
      const { cancelRequested, status } = yield* get(id)
      if (isEnded(status)) return
      const payload = decodePayload(yield* store.payload(id))
      if (Option.isSome(payload)) yield* launch(payload.value)
      for (const { body, path } of yield* store.deliveries(id)) yield* deliver(id, path, { _tag: "Signal", body })
      if (cancelRequested) yield* stop(id)
      yield* engine.resume(PenstockRun, yield* executionOf(id))
    })
  }
  return service
})

export const layer: Layer.Layer<Runs, never, RunStore | Feed | WorkflowEngine> = Layer.effect(Runs, make)
