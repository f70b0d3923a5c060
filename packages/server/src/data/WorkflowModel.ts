/**
 * `workflow/NAME` as a model: a run whose input is the conversation and whose output is the answer. The caller pays for
 * what its steps use, and for nothing besides; when he leaves, the run is cancelled.
 */
import type { Head, Sink } from "@penstock/gateway/exchange/Call"
import { mayNotUse, mayUse } from "@penstock/gateway/keys/Keys"
import type { AnswerContext, Dialect } from "@penstock/gateway/protocols/Dialect"
import * as AnswerBytes from "@penstock/gateway/tools/AnswerBytes"
import type { AnswerSink } from "@penstock/gateway/tools/AnswerSink"
import type { Caller } from "@penstock/schema/api/Caller"
import type { ChatRequest } from "@penstock/schema/ChatRequest"
import { type GatewayError, make as makeError } from "@penstock/schema/GatewayError"
import type { Trace } from "@penstock/schema/Trace"
import * as Usage from "@penstock/schema/Usage"
import { addSpent, nothingSpent, type RunEvent, type Spent } from "@penstock/workflow/runtime/RunRecord"
import { Runs } from "@penstock/workflow/runtime/Runs"
import { Workflows } from "@penstock/workflow/runtime/Workflows"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as ModelInput from "../workflows/ModelInput.ts"
import { OutputText, sourceOf, textOf } from "../workflows/OutputText.ts"
import * as RunEvents from "../workflows/RunEvents.ts"
import * as Starting from "../workflows/Starting.ts"

const prefix = "workflow/"

const heartbeat = Buffer.from(RunEvents.heartbeat)

export const isMeant = (model: string): boolean => model.startsWith(prefix)

/** The workflow of a model's name; null for another model. */
export const workflowOf = (model: string): string | null => (isMeant(model) ? model.slice(prefix.length) : null)

/** The model's name of a workflow. */
export const modelOf = (workflow: string): string => `${prefix}${workflow}`

export interface Asked {
  readonly request: ChatRequest
  readonly caller: Caller
  readonly dialect: Dialect
  readonly context: AnswerContext
  readonly stream: boolean
  readonly trace?: Trace | undefined
}

/** A trace that begins with the request says nothing of its caller: the run begins its own. */
const isTheirs = (trace: Trace | undefined): boolean => trace !== undefined && trace.parentId !== null

export type WorkflowModel = (asked: Asked, sink: Sink<Uint8Array>) => Effect.Effect<void, GatewayError>

/** As JSON, so that no name can end the comment. Clients skip it. */
const comment = (runId: string, { data, step, type }: RunEvent): Buffer => {
  const attempts = typeof data === "object" && data !== null && "attempts" in data ? { attempts: data.attempts } : {}
  return Buffer.from(`: x-penstock-run: ${JSON.stringify({ run_id: runId, event: type, step, ...attempts })}\n\n`)
}

const headOf = (model: string, cost: Spent["cost"]): Head => ({
  provider: "penstock",
  model,
  attempts: 1,
  fallback: false,
  dropped: [],
  cost
})

const changedMind = makeError(
  "invalid_response",
  "The workflow's output is not what its last step had begun to write, because that step failed and was made good " +
    "otherwise. Send the request again, or without `stream`.",
  { code: "output_changed" }
)

export const make: Effect.Effect<WorkflowModel, never, Runs | Workflows> = Effect.gen(function* () {
  const runs = yield* Runs
  const workflows = yield* Workflows

  /** Sends the output while it is written, and progress beside it; while nothing happens, that it is still there. */
  const follow = (runId: string, text: OutputText, to: AnswerSink, sink: Sink<Uint8Array> | null) => {
    const told = Stream.runForEach(Stream.orDie(runs.events(runId)), (event) =>
      Effect.sync(() => {
        const more = text.take(event)
        if (more !== "") to.write([{ type: "text-delta", index: 0, text: more }])
        else if (event.type !== "token") sink?.write(comment(runId, event))
      })
    )
    if (sink === null) return told
    const beat = Effect.sync(() => void sink.write(heartbeat))
    return Effect.raceFirst(told, Effect.interruptible(Effect.forever(Effect.delay(beat, "15 seconds"))))
  }

  const spentOn = (runId: string): Effect.Effect<Spent> =>
    Effect.map(runs.steps(runId), (steps) => steps.reduce((sum, { spent }) => addSpent(sum, spent), nothingSpent))

  const model: WorkflowModel = Effect.fnUntraced(function* (
    { caller, context, dialect, request, stream, trace },
    sink
  ) {
    if (!mayUse(caller, request.model)) return yield* mayNotUse(caller, request.model)
    const name = request.model.slice(prefix.length)
    const { plan } = yield* Starting.find(workflows, name)
    const input = ModelInput.of(request, plan?.inputSchema ?? null)
    const { id } = yield* Effect.mapError(
      Starting.start(
        { workflows, runs },
        { name, input, caller, key: null, trace: isTheirs(trace) ? trace : undefined }
      ),
      ({ error }) => error
    )
    const text = new OutputText(stream && plan !== null ? sourceOf(plan) : null)
    const to = AnswerBytes.make(dialect, context, stream, sink)
    if (stream) to.begin(headOf(request.model, null))
    to.write([
      { type: "start", id, model: request.model },
      { type: "text-start", index: 0 }
    ])
    yield* Effect.onInterrupt(follow(id, text, to, stream ? sink : null), () => Effect.ignore(runs.cancel(id)))
    const { error, run } = yield* Starting.outcome(runs, id)
    if (error !== null) return yield* error
    const rest = text.finish(textOf(run.output))
    if (rest === null) return yield* changedMind
    const { cost, inputTokens, outputTokens } = yield* spentOn(id)
    to.write([
      ...(rest === "" ? [] : [{ type: "text-delta" as const, index: 0, text: rest }]),
      { type: "text-end", index: 0 },
      { type: "usage", usage: Usage.make({ input: inputTokens, output: outputTokens }) },
      { type: "finish", reason: "stop" }
    ])
    to.complete(headOf(request.model, cost))
    to.end(cost)
  })
  return model
})
