/**
 * The gateway: route → open the ledger's row → call → settle. Whatever happens in between, the row is settled.
 */
import type { Explanation } from "@penstock/schema/Explanation"
import type { ChatRequest } from "@penstock/schema/ChatRequest"
import type { Completion } from "@penstock/schema/Completion"
import * as GatewayError from "@penstock/schema/GatewayError"
import type * as Ids from "@penstock/schema/Ids"
import type { NanoDollars } from "@penstock/schema/Money"
import { fold, type StreamEvent } from "@penstock/schema/StreamEvent"
import type { Usage } from "@penstock/schema/Usage"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import type * as Stream from "effect/Stream"
import type { Caller } from "@penstock/schema/api/Caller"
import * as Admission from "./Admission.ts"
import { Contents } from "./Contents.ts"
import { Budgets, type Run } from "./budgets/Budgets.ts"
import * as Demand from "./budgets/Demand.ts"
import type { Call, Sink } from "./exchange/Call.ts"
import { eventStream } from "./exchange/EventStream.ts"
import * as Lanes from "./exchange/Lanes.ts"
import * as Tracing from "./exchange/Tracing.ts"
import * as Attempts from "./failover/Attempts.ts"
import { Breakers } from "./failover/Breakers.ts"
import * as Hedge from "./failover/Hedge.ts"
import * as Journal from "./failover/Journal.ts"
import * as Watchdog from "./failover/Watchdog.ts"
import { anonymous, mayNotUse, mayUse } from "./keys/Keys.ts"
import { Ledger } from "./ledger/Ledger.ts"
import { RateLimits } from "./limits/RateLimits.ts"
import { PriceBook } from "./ledger/PriceBook.ts"
import * as Endpoints from "./providers/Endpoints.ts"
import { notConfigured, ProviderRegistry } from "./providers/ProviderRegistry.ts"
import * as RequestId from "./RequestId.ts"
import * as Explain from "./routing/Explain.ts"
import { Latencies } from "./routing/Latencies.ts"
import * as Needs from "./routing/Needs.ts"
import { Router, type Plan, type Target } from "./routing/Router.ts"
import * as Strategies from "./routing/Strategies.ts"
import { Settings } from "./Settings.ts"

/** Who asks, when a program does. */
export interface CallOptions {
  /** Default: nobody in particular, who may use every model. */
  readonly caller?: Caller
  /** The name that the ledger keeps the call under; a new one by default. */
  readonly id?: Ids.RequestId
  /** The workflow that asks, for the ledger. */
  readonly workflowName?: string
  /** The workflow's run, and what it may spend. */
  readonly run?: Run
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
  /** The most tokens, read and written, that a request may use. */
  readonly mostTokens: (request: ChatRequest) => Effect.Effect<number>
  /** What this usage costs at the model's first target now. Null where there is none, or its price is not known. */
  readonly costAt: (model: string, usage: Usage) => Effect.Effect<NanoDollars | null>
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
  const admission = yield* Admission.make
  const budgets = yield* Budgets

  const watchdog = yield* Watchdog.make
  const latencies = yield* Latencies
  const services: Attempts.Services = {
    registry,
    prices,
    latencies,
    watchdog,
    breakers: yield* Breakers,
    hedges: Hedge.budget(),
    limits: yield* RateLimits
  }

  /** Three tokens in for one out, as most requests have it. */
  const typicalPrice = (target: Target, at: number): number | null => {
    const price = prices.price(target, at, 0)
    return price === null ? null : 3 * price.input + price.output
  }

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

  const dispatch: Service["run"] = Effect.fnUntraced(function* <Out>(call: Call<Out>, sink: Sink<Out>) {
    if (!mayUse(call.caller, call.model)) return yield* mayNotUse(call.caller, call.model)
    const plan = router.known(call.model) ?? (yield* router.plan(call.model))
    const [planned] = plan.targets
    if (planned === undefined) return yield* noTarget(call.model, plan)
    const answering = plan.targets.filter(({ provider }) => {
      const known = registry.get(provider)
      // One that a reload took away is told of where it is asked.
      return known === null || Endpoints.answers(known, call.asks ?? "chat")
    })
    if (answering.length === 0) {
      const refusing = plan.targets.map(({ provider }) => provider)
      return yield* Endpoints.missing(call.asks ?? "chat", call.model, refusing, registry.all())
    }
    const suited = suitable(answering, call)
    if (suited.length === 0) return yield* unsuitable(answering, call)
    const payable = settings.current().pricing.require
      ? suited.filter((target) => prices.price(target, call.arrivedAt, 0) !== null)
      : suited
    if (payable.length === 0) return yield* unpriced(suited[0] ?? planned)
    const targets =
      plan.strategy === "ordered"
        ? payable
        : yield* Strategies.order(plan, payable, {
            price: (target) => typicalPrice(target, call.arrivedAt),
            latency: (target) => latencies.of(target, call.stream)
          })
    // An `Either` that is yielded is two steps of the fiber, and they are most of what a request costs here.
    const begun = Attempts.begin(services, { call, sink, targets, policy: plan.policy })
    if (Either.isLeft(begun)) return yield* begun.left
    const attempts = begun.right
    const { patience } = call
    const admitted =
      patience === undefined ? admission.enter(call) : yield* Effect.either(admission.enterWithin(call, patience))
    if (Either.isLeft(admitted)) return yield* admitted.left
    const permit = admitted.right
    /** To be called when it is over, and what it gives to be carried out at once. */
    const settle = (exit: Exit.Exit<void, GatewayError.GatewayError>) => {
      const { cost, entries, estimated, firstTokenAt, model, provider, usage } = attempts.close(exit)
      const { error, status } = Journal.outcome(exit)
      Admission.leave(permit, usage)
      return ledger.settle({
        id: call.id,
        status,
        error,
        provider,
        model,
        usage,
        cost,
        attempts: entries,
        estimated,
        saved: null,
        latencyMillis: Math.max(0, watchdog.now() - call.arrivedAt),
        firstTokenMillis: firstTokenAt === null ? null : Math.max(0, firstTokenAt - call.arrivedAt)
      })
    }
    const row = {
      id: call.id,
      startedAt: call.arrivedAt,
      key: call.caller.key,
      workflowName: call.workflowName,
      endpoint: call.endpoint,
      requestedModel: call.model,
      provider: attempts.first.provider,
      model: attempts.first.model,
      stream: call.stream,
      ...(call.trace === undefined ? {} : { trace: call.trace }),
      holds: admission.holds(call, targets)
    }
    const opening = budgets.open(row, { run: call.run ?? null })
    // An `acquireUseRelease`, in half the steps: they are most of what a request costs here.
    yield* Effect.uninterruptibleMask((restore) =>
      Effect.matchCauseEffect(opening, {
        onFailure: (cause) => {
          // It never began.
          permit.cancel()
          return Effect.catchTag(Effect.failCause(cause), "LedgerError", ledgerFailed)
        },
        onSuccess: () =>
          Effect.matchCauseEffect(restore(attempts.run), {
            onFailure: (cause) => Effect.zipRight(settle(Exit.failCause(cause)), Effect.failCause(cause)),
            onSuccess: () => settle(Exit.void)
          })
      })
    )
  })

  const contents = yield* Contents
  const run: Service["run"] = contents === null ? dispatch : (call, sink) => contents.around(call, sink, dispatch)

  const callOf = Effect.fnUntraced(function* (request: ChatRequest, stream: boolean, options: CallOptions) {
    const call: Call<ReadonlyArray<StreamEvent>> = {
      id: options.id ?? (yield* RequestId.next),
      arrivedAt: yield* Clock.currentTimeMillis,
      caller: options.caller ?? anonymous,
      endpoint: "chat.completions",
      workflowName: options.workflowName ?? null,
      model: request.model,
      stream,
      ...(options.run === undefined ? {} : { run: options.run, trace: Tracing.ofRun(settings.current(), options.run) }),
      asked: () => Either.right(request),
      heard: (out) => out.flat(),
      needs: () => Needs.of(request),
      demand: () => Demand.ofRequest(request),
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
    mostTokens: (request) =>
      Effect.map(router.plan(request.model), ({ targets }) => admission.mostTokens(Demand.ofRequest(request), targets)),
    costAt: Effect.fn("Gateway.costAt")(function* (model, usage) {
      const [target] = (yield* router.plan(model)).targets
      return target === undefined ? null : prices.cost(target, yield* Clock.currentTimeMillis, usage)
    }),
    explain: Effect.fn("Gateway.explain")(function* (model) {
      return Explain.explanation(model, yield* router.plan(model), services.breakers)
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

const denies = ({ capabilities }: Target): boolean => Object.values(capabilities).includes(false)

/** Targets without those that say they cannot do what the request needs. */
const suitable = <Out>(targets: ReadonlyArray<Target>, call: Call<Out>): ReadonlyArray<Target> => {
  // Reading a request for what it needs takes time, and most plans need not know.
  if (call.needs === undefined || !targets.some(denies)) return targets
  const needs = call.needs()
  return targets.filter(({ capabilities }) => Needs.lacking(needs, capabilities).length === 0)
}

const unsuitable = <Out>(targets: ReadonlyArray<Target>, { model, needs = () => Needs.none }: Call<Out>) => {
  const lacking = new Set(targets.flatMap(({ capabilities }) => Needs.lacking(needs(), capabilities)))
  return GatewayError.make(
    "unprocessable",
    `No target of the model "${model}" can do what the request needs: ${[...lacking].join(", ")}. Their \`capabilities\` say so.`,
    { param: "model", code: "missing_capability" }
  )
}

export const layer: Layer.Layer<
  Gateway,
  never,
  Router | ProviderRegistry | Ledger | Budgets | RateLimits | PriceBook | Settings | Breakers | Latencies
> = Layer.scoped(Gateway, make)
