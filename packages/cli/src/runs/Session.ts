/** Where runs go on: in this process, or at a server. The commands do not mind which. */
import type { RunState, RunSummary } from "@penstock/schema/api/RunsApi"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { CommandFailed } from "../CommandFailed.ts"

export interface SessionEvent {
  /** `step.started`, `token`, `run.finished`… or one that the workflow emits. */
  readonly type: string
  /** Of the step that it is about; null for the run's own. */
  readonly path: string | null
  readonly data: { readonly [field: string]: unknown }
}

export interface Session {
  /** The JSON Schema of what a workflow takes; null where it does not say. */
  readonly inputs: (workflow: string) => Effect.Effect<unknown, CommandFailed>
  /** A workflow's file or name; gives the run's id. */
  readonly start: (workflow: string, input: unknown) => Effect.Effect<string, CommandFailed>
  readonly state: (id: string) => Effect.Effect<RunState, CommandFailed>
  /** Newest first. */
  readonly list: (limit: number) => Effect.Effect<ReadonlyArray<RunSummary>, CommandFailed>
  /** From the first event on, up to the run's end. */
  readonly events: (id: string) => Stream.Stream<SessionEvent, CommandFailed>
  /** Answers a step that waits, by its path. */
  readonly signal: (id: string, name: string, body: unknown) => Effect.Effect<void, CommandFailed>
  /** Asks the run to end; what undoes and what runs finally still does. */
  readonly cancel: (id: string) => Effect.Effect<void, CommandFailed>
  /** What to do to have a waiting run go on later; null where it ends with this process. */
  readonly later: ((id: string) => string) | null
}
