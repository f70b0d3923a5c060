/**
 * The gateway: route → open the ledger's row → call → settle. Whatever happens in between, the row is settled.
 */
import { Explanation } from "@penstock/schema/Explanation"
import type { ChatRequest } from "@penstock/schema/ChatRequest"
import type { Completion } from "@penstock/schema/Completion"
import * as GatewayError from "@penstock/schema/GatewayError"
import type { Settlement } from "@penstock/schema/LedgerEntry"
import { fold, type StreamEvent } from "@penstock/schema/StreamEvent"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HashSet from "effect/HashSet"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Stream from "effect/Stream"
import type { Caller } from "@penstock/schema/api/Caller"
import * as Attempt from "./exchange/Attempt.ts"
import { type Call, shutdown, type Sink } from "./exchange/Call.ts"
import { eventStream } from "./exchange/EventStream.ts"
import * as Lanes from "./exchange/Lanes.ts"
import { anonymous, mayNotUse, mayUse } from "./keys/Keys.ts"
import { Ledger } from "./ledger/Ledger.ts"
import { PriceBook } from "./ledger/PriceBook.ts"
import { notConfigured, ProviderRegistry } from "./providers/ProviderRegistry.ts"
import * as RequestId from "./RequestId.ts"
import { Router, type Plan, type Target } from "./routing/Router.ts"
import { Settings } from "./Settings.ts"

/** Who asks, when a program does. */
export interface CallOptions {
  /** Default: nobody in particular, who may use every model. */
  readonly caller?: Caller
  /** The workflow that asks, for the ledger. */
  readonly workflowName?: string
}

export interface Service {
  /** The whole answer. Interruption aborts the provider, and settles the row as `partial`. */
  readonly complete: (
    request: ChatRequest,
    options?: CallOptions
  ) => Effect.Effect<Completion, GatewayError.GatewayError>
  /** The answer as it is written; fails when it is cut. A slow reader slows the provider. */
  readonly stream: (
    request: ChatRequest,
    options?: CallOptions
  ) => Stream.Stream<StreamEvent, GatewayError.GatewayError>
  /** Sees a call through, its answer into a sink: what `complete`, `stream` and the HTTP endpoints are made of. */
  readonly run: <Out>(call: Call<Out>, sink: Sink<Out>) => Effect.Effect<void, GatewayError.GatewayError>
  /** The routing plan of a model's name, without sending anything. */
  readonly explain: (model: string) => Effect.Effect<Explanation>
}

export class Gateway extends Context.Tag("@penstock/gateway/Gateway")<Gateway, Service>() {}

const make = Effect.gen(function* () {
  const router = yield* Router
  const registry = yield* ProviderRegistry
  const ledger = yield* Ledger
  const prices = yield* PriceBook
  const settings = yield* Settings

  /** Why a plan holds no target, in words that say what to do. */
  const noTarget = (model: string, plan: Plan): GatewayError.GatewayError => {
    const [first] = plan.candidates
    if (first === undefined) {
      return GatewayError.make(
        "model_not_found",
        `No route for the model "${model}". GET /v1/models lists the names; \`routes\` in the configuration says where others go.`,
        { param: "model" }
      )
    }
    const provider = registry.get(first.provider)
    return provider !== null && provider.missing !== null
      ? notConfigured(provider, provider.missing)
      : GatewayError.make(
          "unreachable",
          `The model "${model}" has no target now: ${first.reason}.${provider === null ? "" : ` Set ${provider.addressSetting} to where it is.`}`
        )
  }

  const run: Service["run"] = Effect.fnUntraced(function* <Out>(call: Call<Out>, sink: Sink<Out>) {
    if (!mayUse(call.caller, call.model)) return yield* mayNotUse(call.caller, call.model)
    const plan = yield* router.plan(call.model)
    const [target] = plan.targets
    const provider = target === undefined ? null : registry.get(target.provider)
    if (target === undefined || provider === null) return yield* noTarget(call.model, plan)
    if (settings.current().pricing.require && prices.price(target, call.arrivedAt, 0) === null) {
      return yield* unpriced(target)
    }
    const lane = yield* call.lane(provider, target.model)
    const clock = yield* Clock.clockWith(Effect.succeed)
    const now = () => clock.unsafeCurrentTimeMillis()
    const record: Attempt.Record = { usage: null, cost: undefined, firstTokenAt: null }
    const costOf: Attempt.Options<Out>["costOf"] = (usage) =>
      usage === null ? null : prices.cost(target, call.arrivedAt, usage)

    const startedAt = now()
    const attempted = (exit: Exit.Exit<void, GatewayError.GatewayError>): Settlement["attempts"][number] => {
      const { error, status } = outcome(exit)
      const failure = Exit.isFailure(exit) ? Option.getOrNull(Cause.failureOption(exit.cause)) : null
      return {
        provider: target.provider,
        model: target.model,
        outcome: status,
        reason: error === null ? null : error.reason,
        upstreamStatus: failure?.upstream?.status ?? null,
        startedAt,
        latencyMillis: Math.max(0, now() - startedAt),
        firstTokenMillis: record.firstTokenAt === null ? null : Math.max(0, record.firstTokenAt - startedAt),
        usage: record.usage,
        cost: record.cost === undefined ? costOf(record.usage) : record.cost
      }
    }
    const settle = (exit: Exit.Exit<void, GatewayError.GatewayError>) =>
      Effect.suspend(() =>
        ledger.settle({
          id: call.id,
          ...outcome(exit),
          provider: target.provider,
          model: target.model,
          usage: record.usage,
          estimated: false,
          cost: record.cost === undefined ? costOf(record.usage) : record.cost,
          saved: null,
          latencyMillis: Math.max(0, now() - call.arrivedAt),
          firstTokenMillis: record.firstTokenAt === null ? null : Math.max(0, record.firstTokenAt - call.arrivedAt),
          attempts: [attempted(exit)]
        })
      )
    const opening = ledger.open({
      id: call.id,
      startedAt: call.arrivedAt,
      key: call.caller.key,
      workflowName: call.workflowName,
      endpoint: call.endpoint,
      requestedModel: call.model,
      provider: target.provider,
      model: target.model,
      stream: call.stream,
      holds: []
    })
    const attempt = Attempt.run({
      provider,
      lane,
      stream: call.stream,
      sink,
      head: { provider: target.provider, model: target.model, attempts: 1, fallback: false, dropped: lane.dropped },
      record,
      costOf,
      now
    })
    yield* Effect.acquireUseRelease(
      Effect.catchAll(opening, ledgerFailed),
      () => attempt,
      (_, exit) => settle(exit)
    )
  })

  const callOf = Effect.fnUntraced(function* (request: ChatRequest, stream: boolean, options: CallOptions) {
    const call: Call<ReadonlyArray<StreamEvent>> = {
      id: yield* RequestId.next,
      arrivedAt: yield* Clock.currentTimeMillis,
      caller: options.caller ?? anonymous,
      endpoint: "chat.completions",
      workflowName: options.workflowName ?? null,
      model: request.model,
      stream,
      lane: (provider, model) =>
        Lanes.neutral(provider, model, { ...request, stream }, prices.facts({ provider: provider.name, model }))
    }
    return call
  })

  const service: Service = {
    run,
    complete: Effect.fn("Gateway.complete")(function* (request, options = {}) {
      const events: Array<StreamEvent> = []
      const call = yield* callOf(request, false, options)
      yield* run(call, {
        begin: () => {},
        write: (out) => {
          events.push(...out)
          return true
        },
        onDrain: () => {},
        end: () => {}
      })
      return fold(events) ?? (yield* GatewayError.make("invalid_response", "The provider's answer has no end."))
    }),
    stream: (request, options = {}) =>
      eventStream((sink) => Effect.flatMap(callOf(request, true, options), (call) => run(call, sink))),
    explain: Effect.fn("Gateway.explain")(function* (model) {
      const plan = yield* router.plan(model)
      return new Explanation({
        model,
        matched_by: plan.matchedBy,
        matched: plan.matched,
        candidates: plan.candidates
      })
    })
  }
  return service
})

const ledgerFailed = () =>
  Effect.fail(
    GatewayError.make("internal", "The ledger cannot be written, so nothing was sent. The log has the cause.", {
      code: "ledger_unavailable"
    })
  )

/** With `pricing.require`, what cannot be counted is not spent. */
const unpriced = ({ model, provider }: Target) =>
  GatewayError.make(
    "budget_exceeded",
    `The price of ${provider}/${model} is not known, and \`pricing.require\` is on: set \`pricing.overrides["${provider}/${model}"]\` or \`providers.${provider}.pricing\`.`,
    { param: "model", code: "unknown_price" }
  )

/** How a row ends. A caller who leaves interrupts the call. */
const outcome = (exit: Exit.Exit<void, GatewayError.GatewayError>): Pick<Settlement, "status" | "error"> => {
  if (Exit.isSuccess(exit)) return { status: "ok", error: null }
  if (Cause.isInterruptedOnly(exit.cause)) {
    return HashSet.has(Cause.interruptors(exit.cause), shutdown)
      ? {
          status: "error",
          error: { reason: "shutting_down", message: "The gateway stopped before the answer was whole." }
        }
      : { status: "partial", error: null }
  }
  const failure = Cause.failureOption(exit.cause)
  return {
    status: "error",
    error:
      failure._tag === "Some"
        ? { reason: failure.value.reason, message: failure.value.message }
        : { reason: "internal", message: "Penstock failed; the log has the cause." }
  }
}

export const layer: Layer.Layer<Gateway, never, Router | ProviderRegistry | Ledger | PriceBook | Settings> =
  Layer.effect(Gateway, make)
