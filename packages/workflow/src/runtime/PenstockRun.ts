/**
 * The one workflow that the engine knows, `penstock/run`: reads a stored definition and runs it. Its body is pure but
 * for activities, deferreds, clocks, and records that are the same when they are written again.
 */
import { toUsd } from "@penstock/schema/Money"
import type { RunStatus } from "@penstock/schema/Run"
import * as Usage from "@penstock/schema/Usage"
import * as DurableWorkflow from "@effect/workflow/Workflow"
import { WorkflowInstance } from "@effect/workflow/WorkflowEngine"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Layer from "effect/Layer"
import type { WorkflowEngine } from "@effect/workflow/WorkflowEngine"
import * as Schema from "effect/Schema"
import type { Plan } from "../compiler/Plan.ts"
import { Paused } from "./Body.ts"
import { CallerRecord } from "./CallerRecord.ts"
import * as Course from "./Course.ts"
import * as Definitions from "./Definitions.ts"
import { lastType } from "./Feed.ts"
import { Frame } from "./Frame.ts"
import { Meter } from "./Meter.ts"
import { addSpent, metricsOf, nothingSpent, type StepRecord } from "./RunRecord.ts"
import * as StepError from "./StepError.ts"
import * as Steps from "./Steps.ts"
import * as TokenBudgets from "./TokenBudgets.ts"
import * as World from "./World.ts"

export const PenstockRun = DurableWorkflow.make({
  name: "penstock/run",
  payload: {
    runId: Schema.String,
    definitionHash: Schema.String,
    input: Schema.Unknown,
    caller: Schema.NullOr(CallerRecord),
    rehearsal: Schema.Boolean
  },
  idempotencyKey: ({ runId }) => runId
})
type Payload = typeof PenstockRun.payloadSchema.Type

const statusOf = (error: StepError.StepError | null): RunStatus => {
  if (error === null) return "succeeded"
  if (error.reason === "cancelled") return "cancelled"
  return error.reason === "rejected" ? "rejected" : "failed"
}

const execute = (services: World.Services, { caller, definitionHash, input, rehearsal, runId }: Payload) =>
  Effect.gen(function* () {
    const { feed, store } = services
    const { calls, plan } = yield* Definitions.get(store, definitionHash)
    const channel = yield* feed.channel(runId)
    const known = yield* store.run(runId)
    if (known?.cancelRequested === true) yield* Deferred.succeed(channel.cancelled, undefined)
    const startedAt = yield* store.begin(runId)
    yield* channel.tell("run:started", "run.started", null, { workflow: plan.name })
    const world: World.World = {
      ...services,
      runId,
      plan,
      callees: calls,
      depth: 0,
      caller,
      trace: known?.trace ?? null,
      channel,
      tokens: TokenBudgets.make(store, runId),
      stoppable: true,
      rehearsal
    }
    const frame = Frame.root(
      { input, run: services.standIns.run ?? { id: runId, started_at: new Date(startedAt).toISOString() } },
      {
        rounds: [],
        rename: (path) => path,
        budgets: [{ path: null, limit: plan.budget }],
        deadline: plan.timeoutMillis === null ? null : startedAt + plan.timeoutMillis,
        meter: new Meter(null)
      }
    )
    const result = yield* Course.follow({ world, compensations: [] }, plan, frame, Steps.runList).pipe(
      Effect.catchAllDefect((defect) =>
        Effect.logError("A run ended by a fault of the program.", defect).pipe(
          Effect.as<Course.Result>({
            output: null,
            error: StepError.make(plan.name, "failed", "the program has a fault; the log has it", 0)
          })
        )
      ),
      Effect.either
    )
    if (Either.isLeft(result)) {
      if (result.left instanceof Paused) return yield* DurableWorkflow.suspend(yield* WorkflowInstance)
      return yield* Effect.die(result.left)
    }
    yield* end(services, runId, plan, startedAt, result.right)
  })

/** What the run's tokens cost at the first of the models that can be asked; a run that asked none has nothing to compare. */
const compared = Effect.fnUntraced(function* (
  { gateway }: Pick<World.Services, "gateway">,
  baseline: Plan["baseline"],
  steps: ReadonlyArray<StepRecord>
) {
  const { cost, inputTokens, outputTokens } = steps.reduce((sum, { spent }) => addSpent(sum, spent), nothingSpent)
  for (const model of baseline) {
    const there = yield* gateway.costAt(model, Usage.make({ input: inputTokens, output: outputTokens }))
    if (there === null) continue
    return { baseline: model, baseline_usd: toUsd(there), saved_usd: cost === null ? null : (there - cost) / 1e9 }
  }
  const [first] = baseline
  return first === undefined ? {} : { baseline: first, baseline_usd: null, saved_usd: null }
})

const end = Effect.fnUntraced(function* (
  { feed, gateway, store }: World.Services,
  runId: string,
  plan: Plan,
  startedAt: number,
  { error, output }: Course.Result
) {
  const latency = Math.max(0, (yield* Clock.currentTimeMillis) - startedAt)
  const topLevel = plan.steps.map(({ action, id, path }) => ({ id, path, type: action.type }))
  const steps = yield* store.steps(runId)
  const metrics = { ...metricsOf(steps, topLevel, latency), ...(yield* compared({ gateway }, plan.baseline, steps)) }
  const status = statusOf(error)
  const failure = error === null ? null : StepError.failureOf(error)
  yield* store.end(runId, { status, output, error: failure, metrics })
  const channel = yield* feed.channel(runId)
  yield* channel.tell("run:finished", lastType, null, { status, output, error: failure, metrics })
  yield* feed.close(runId)
})

export const layer: Layer.Layer<never, never, WorkflowEngine | World.Needs> = PenstockRun.toLayer((payload) =>
  Effect.flatMap(World.services, (services) => Effect.annotateLogs(execute(services, payload), "run_id", payload.runId))
)
