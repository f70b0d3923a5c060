/** What is kept of runs. Writing something again changes nothing. A database that fails is a defect. */
import type { Failure, Metrics, RunStatus, StepStatus } from "@penstock/schema/Run"
import type { Trace } from "@penstock/schema/Trace"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { Outcome, RunEvent, RunRecord, StepRecord } from "../RunRecord.ts"

export interface Definition {
  readonly hash: string
  readonly name: string
  readonly source: string
  /** The hashes of the definitions that it calls, by the name that it calls them. */
  readonly calls: { readonly [name: string]: string }
}

export interface NewRun {
  readonly id: string
  readonly workflow: string
  readonly definitionHash: string
  readonly input: unknown
  readonly caller: string | null
  readonly trace: Trace | null
  /** A second run with the same key is the first one. */
  readonly key: string | null
  /** What the engine is started with. */
  readonly payload: unknown
}

/** A signal that is there, and the step that waits for it. */
export interface Delivery {
  readonly path: string
  readonly body: unknown
}

export interface RunFilter {
  readonly workflow?: string
  readonly status?: RunStatus
  /** The key's name of whoever started it; null for those that were started without one. */
  readonly caller?: string | null
  /** At most; default 100. */
  readonly limit?: number
  /** Older than the run with this id. */
  readonly before?: string
}

export interface StepStart {
  readonly path: string
  readonly id: string
  readonly type: string
}

export interface StepEnd extends StepStart {
  readonly status: StepStatus
  readonly outcome: Outcome
}

export interface RunEnd {
  readonly status: RunStatus
  readonly output: unknown
  readonly error: Failure | null
  readonly metrics: Metrics
}

export interface Service {
  readonly putDefinition: (definition: Definition) => Effect.Effect<void>
  readonly definition: (hash: string) => Effect.Effect<Definition | null>
  /** The run, or the one that had the key before. */
  readonly create: (run: NewRun) => Effect.Effect<RunRecord>
  readonly run: (id: string) => Effect.Effect<RunRecord | null>
  /** Newest first. */
  readonly runs: (filter: RunFilter) => Effect.Effect<ReadonlyArray<RunRecord>>
  /** How many have not ended, by status; one that none has is missing. */
  readonly liveCounts: Effect.Effect<ReadonlyMap<RunStatus, number>>
  /** Runs that have not ended and were created before. */
  readonly live: (before: number) => Effect.Effect<ReadonlyArray<RunRecord>>
  /** What the engine is started with; null for runs of versions that did not keep it. */
  readonly payload: (id: string) => Effect.Effect<unknown>
  /**
   * Runs that should go on and have not since then: those that run without a step or an event, and those that wait for
   * what is there.
   */
  readonly stalled: (since: number) => Effect.Effect<ReadonlyArray<RunRecord>>
  /** Signals that have come and were not taken. */
  readonly deliveries: (id: string) => Effect.Effect<ReadonlyArray<Delivery>>
  /** Says that it runs, and when it did so first. */
  readonly begin: (id: string) => Effect.Effect<number>
  readonly setStatus: (id: string, status: RunStatus) => Effect.Effect<void>
  readonly requestCancel: (id: string) => Effect.Effect<void>
  /** False when it had ended before. Steps that still run are cancelled with it. */
  readonly end: (id: string, end: RunEnd) => Effect.Effect<boolean>
  readonly stepStarted: (runId: string, step: StepStart, status?: StepStatus) => Effect.Effect<void>
  readonly stepEnded: (runId: string, step: StepEnd) => Effect.Effect<void>
  /** In the order in which they started. */
  readonly steps: (runId: string) => Effect.Effect<ReadonlyArray<StepRecord>>
  /** Tokens of a step with all that is inside of it; of all steps where `path` is null. */
  readonly tokens: (runId: string, path: string | null) => Effect.Effect<number>
  /** False when there is one with this key. */
  readonly addEvent: (runId: string, key: string, event: RunEvent) => Effect.Effect<boolean>
  readonly events: (runId: string, after: number) => Effect.Effect<ReadonlyArray<RunEvent>>
  readonly lastEvent: (runId: string) => Effect.Effect<number>
  /** Says that a step waits for a signal, and gives the one that is there. */
  readonly wait: (runId: string, path: string, name: string) => Effect.Effect<{ readonly body: unknown } | null>
  /** The steps that wait for it; null when there was one of this name before. */
  readonly signal: (runId: string, name: string, body: unknown) => Effect.Effect<ReadonlyArray<string> | null>
  /** Paths of the steps that wait for anything. */
  readonly waits: (runId: string) => Effect.Effect<ReadonlyArray<string>>
  readonly doneWaiting: (runId: string, path: string) => Effect.Effect<void>
  readonly putValue: (hash: string, json: string) => Effect.Effect<void>
  readonly value: (hash: string) => Effect.Effect<unknown>
  readonly cached: (key: string) => Effect.Effect<{ readonly output: unknown } | null>
  readonly putCached: (key: string, output: unknown, expiresAt: number) => Effect.Effect<void>
  /** The secret of this name, kept with the runs; where there is none, it is `fresh` from now on. */
  readonly secret: (name: string, fresh: string) => Effect.Effect<string>
  /** Deletes runs that ended before, and what belongs to them. Says how many. */
  readonly prune: (before: number) => Effect.Effect<number>
}

export class RunStore extends Context.Tag("@penstock/workflow/runtime/store/RunStore")<RunStore, Service>() {}
