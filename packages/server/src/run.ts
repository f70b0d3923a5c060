/**
 * Workflows from scripts, in this process and without a server:
 *
 *     import { run } from "@penstock/server/run"
 *     const { output } = await run("workflows/summarize.yaml", { text })
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import type { RunResult } from "@penstock/schema/api/WorkflowsApi"
import type { Failure, Metrics } from "@penstock/schema/Run"
import { renderAll } from "@penstock/workflow/diagnostic/CodeFrame"
import type { RunEvent, RunRecord } from "@penstock/workflow/runtime/RunRecord"
import { Runs, type Service } from "@penstock/workflow/runtime/Runs"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import { isReadonlyRecord } from "effect/Predicate"
import * as Stream from "effect/Stream"
import { ConfigError, renderError } from "./config/ConfigIssue.ts"
import * as LocalCheck from "./workflows/LocalCheck.ts"
import * as LocalRuns from "./workflows/LocalRuns.ts"
import * as LocalWorkflow from "./workflows/LocalWorkflow.ts"

/** What a step asks a person. */
export interface Question {
  readonly step: string
  readonly prompt: unknown
  /** JSON Schema of the fields that an answer may have beside `approved`; null for none. */
  readonly form: unknown
}

export interface RunOptions {
  /** What paths are relative to; the current folder. */
  readonly directory?: string
  /** The configuration file; PENSTOCK_CONFIG, else `penstock.yaml` where there is one. */
  readonly config?: string
  /** The folder of the workflows that may be called by name. */
  readonly workflows?: string
  /** Keeps the run and what it cost in this SQLite file and the one beside it; without it, nothing is kept. */
  readonly database?: string
  /** Called with each event, tokens included, as it happens. */
  readonly onEvent?: (event: RunEvent) => void
  /** Answers `approve` steps: `{ approved, ...form }`. Without it, a step that asks fails the run. */
  readonly approve?: (question: Question) => unknown
  /** Cancels the run: what undoes and what runs finally still does. */
  readonly signal?: AbortSignal
}

/** The run did not succeed, or could not be started. */
export class RunFailed extends Error {
  override readonly name = "RunFailed"
  /** Null where nothing was started. */
  readonly runId: string | null
  /** The step that failed and why; null where nothing was started. */
  readonly failure: Failure | null
  readonly metrics: Metrics | null

  constructor(message: string, run: RunRecord | null = null) {
    super(message)
    this.runId = run?.id ?? null
    this.failure = run?.error ?? null
    this.metrics = run?.metrics ?? null
  }
}

const answered = Effect.fnUntraced(function* (runs: Service, id: string, event: RunEvent, options: RunOptions) {
  const { data, step: path, type } = event
  if (type !== "step.started" || path === null || !isReadonlyRecord(data)) return
  if (data["type"] !== "approve" || data["status"] !== "waiting") return
  const step = String(data["id"])
  const { approve } = options
  // Nobody approves what nobody was asked for.
  const body =
    approve === undefined
      ? { approved: false }
      : yield* Effect.tryPromise({
          try: async () => approve({ step, prompt: data["prompt"], form: data["form"] ?? null }),
          catch: (error) => new RunFailed(`The answer to "${step}" failed: ${String(error)}`)
        })
  yield* runs.signal(id, path.replace(/^steps\/(?=[^/]+$)/, ""), body)
})

const program = (workflow: string, input: unknown, options: RunOptions) =>
  Effect.gen(function* () {
    const { directory = process.cwd(), onEvent } = options
    const place = yield* LocalRuns.open({
      directory,
      config: Option.fromNullable(options.config),
      workflows: Option.fromNullable(options.workflows),
      database: Option.fromNullable(options.database)
    })
    const found = yield* LocalWorkflow.find(place.callable, directory, workflow)
    const followed = Effect.gen(function* () {
      const runs = yield* Runs
      const { diagnostics, plan } = yield* LocalCheck.compile(place.callable, found)
      if (plan === null) return yield* Effect.fail(new RunFailed(renderAll(diagnostics, found.text)))
      const { id } = yield* runs.start(found.text, input, { sources: LocalWorkflow.sources(place.callable) })
      let last = 0
      const heard = (event: RunEvent) =>
        Effect.sync(() => {
          last = event.number
          onEvent?.(event)
        })
      const toEnd = Stream.runForEach(runs.events(id), (event) =>
        Effect.zipRight(heard(event), answered(runs, id, event, options))
      )
      const rest = Effect.suspend(() => Stream.runForEach(runs.events(id, last), heard))
      // What a fiber does that was interrupted cannot be interrupted; another one's can.
      const cancelled = Effect.zipRight(runs.cancel(id), rest).pipe(
        Effect.interruptible,
        Effect.forkDaemon,
        Effect.flatMap(Fiber.await)
      )
      yield* Effect.onExit(toEnd, (exit) => (Exit.isSuccess(exit) ? Effect.void : cancelled))
      return yield* runs.get(id)
    })
    return yield* options.database === undefined
      ? Effect.provide(followed, LocalRuns.layerMemory(place))
      : Effect.provide(followed, LocalRuns.layerKept(place))
  }).pipe(Effect.provide(NodeContext.layer))

/** A workflow's file, or the name of one in the folder. Rejects with `RunFailed`. */
export const run = async (workflow: string, input: unknown = {}, options: RunOptions = {}): Promise<RunResult> => {
  const { signal } = options
  const exit = await Effect.runPromiseExit(program(workflow, input, options), signal === undefined ? {} : { signal })
  if (Exit.isFailure(exit)) {
    if (Cause.isInterruptedOnly(exit.cause)) throw new RunFailed("The run was cancelled.")
    const error = Cause.squash(exit.cause)
    if (error instanceof ConfigError) throw new RunFailed(renderError(error))
    throw error instanceof RunFailed ? error : new RunFailed(error instanceof Error ? error.message : String(error))
  }
  const ended = exit.value
  if (ended.status === "succeeded" && ended.metrics !== null) {
    return { output: ended.output, metrics: ended.metrics, run_id: ended.id }
  }
  const why =
    ended.error === null ? "" : ` at the step "${ended.error.step}" (${ended.error.reason}): ${ended.error.message}`
  throw new RunFailed(
    `The run ${ended.id} ${ended.status === "failed" ? "failed" : `was ${ended.status}`}${why}`,
    ended
  )
}
