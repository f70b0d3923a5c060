/**
 * A request's way through its targets: an attempt, and after a failure whatever `Decide` says, until there is an answer
 * or nothing left to try. The same for streams and whole answers, and for every endpoint.
 *
 * The caller notices nothing before the sink has begun. Once it has, a lane that can `resume` goes on from what was
 * sent; without one the failure is told.
 *
 * When all fail, the caller is told of the last failure, which is how things stand, with the list of what was tried.
 */
import * as GatewayError from "@penstock/schema/GatewayError"
import type { Attempt as AttemptEntry, Settlement } from "@penstock/schema/LedgerEntry"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Random from "effect/Random"
import * as Attempt from "../exchange/Attempt.ts"
import type { Call, Lane, Sink } from "../exchange/Call.ts"
import type { Service as PriceBook } from "../ledger/PriceBook.ts"
import type { Provider } from "../providers/Provider.ts"
import type { Service as Registry } from "../providers/ProviderRegistry.ts"
import type { Service as Latencies } from "../routing/Latencies.ts"
import type { Target } from "../routing/Router.ts"
import type { Permit, Service as Breakers } from "./Breakers.ts"
import * as Decide from "./Decide.ts"
import * as Journal from "./Journal.ts"
import type { Policy } from "./Policy.ts"
import type { Watchdog } from "./Watchdog.ts"

export interface Services {
  readonly registry: Registry
  readonly prices: PriceBook
  readonly breakers: Breakers
  readonly latencies: Latencies
  readonly watchdog: Watchdog
}

export interface Request<Out> {
  readonly call: Call<Out>
  readonly sink: Sink<Out>
  /** In the order of trying. */
  readonly targets: ReadonlyArray<Target>
  readonly policy: Policy
}

/** What the ledger keeps of all attempts together. */
export type Result = Pick<Settlement, "provider" | "model" | "usage" | "cost" | "attempts"> & {
  /** Of the answer that the caller got, in milliseconds since the epoch; null without one. */
  readonly firstTokenAt: number | null
}

export interface Attempts {
  /** The target that is asked first. */
  readonly first: Target
  readonly run: Effect.Effect<void, GatewayError.GatewayError>
  /** To be called once, when `run` has ended, with how it did. */
  readonly close: (exit: Journal.Ending) => Result
}

interface Running {
  readonly target: Target
  readonly permit: Permit
  readonly record: Attempt.Record
  readonly startedAt: number
  readonly attempt: Attempt.Attempt
}

/** All targets are left alone for now. */
const resting = (targets: ReadonlyArray<Target>, breakers: Breakers, now: number): GatewayError.GatewayError => {
  const names = targets.map(({ model, provider }) => `${provider}/${model}`).join(", ")
  const times = targets.flatMap((target) => breakers.retryAt(target) ?? [])
  const wait = times.length === 0 ? 0 : Math.max(0, Math.min(...times) - now)
  return new GatewayError.GatewayError({
    reason: "unreachable",
    code: "breaker_open",
    message: `No target of the model can be asked now: ${names} kept failing. Try again in ${Math.ceil(wait / 1000)} s.`,
    retryAfterMillis: wait
  })
}

/** The failure, and what was tried before it. */
const told = (failure: GatewayError.GatewayError, attempts: ReadonlyArray<AttemptEntry>): GatewayError.GatewayError => {
  if (attempts.length < 2) return failure
  const { code, message, param, reason, retryAfterMillis, upstream } = failure
  return new GatewayError.GatewayError({
    reason,
    message: `${message} ${Journal.summary(attempts)}`,
    ...(param === undefined ? {} : { param }),
    ...(code === undefined ? {} : { code }),
    ...(upstream === undefined ? {} : { upstream }),
    ...(retryAfterMillis === undefined ? {} : { retryAfterMillis })
  })
}

/** Fails, with nothing sent, when no target can be asked, or the first cannot be asked for this. */
export const begin = <Out>(
  { breakers, latencies, prices, registry, watchdog }: Services,
  { call, policy, sink, targets }: Request<Out>
): Either.Either<Attempts, GatewayError.GatewayError> => {
  const { now } = watchdog
  const deadline = now() + policy.timeout.total
  const progress = targets.map(() => ({ attempts: 0, spent: false }))
  const ended: Array<AttemptEntry> = []
  let running: Running | null = null
  let tooSmall: number | null = 0
  let begun = false
  let lastFailure: GatewayError.GatewayError | null = null
  let firstTokenAt: number | null = null

  const stateAt = (current: number): Decide.State => ({
    targets: targets.map((target, index) => ({
      attempts: progress[index]?.attempts ?? 0,
      spent: progress[index]?.spent ?? true,
      contextWindow: target.capabilities.context_window ?? prices.facts(target).contextWindow,
      blocked: breakers.retryAt(target) !== null,
      prefill: target.capabilities.prefill === true
    })),
    current,
    now: now(),
    deadline,
    committed: begun,
    tooSmall
  })

  /** The running attempt is over. */
  const close = (exit: Journal.Ending): void => {
    if (running === null) return
    const { attempt, permit, record, startedAt, target } = running
    running = null
    attempt.end()
    const failure = Exit.isFailure(exit) ? Cause.failureOption(exit.cause) : null
    const verdict =
      failure === null
        ? "alive"
        : failure._tag === "None"
          ? "unknown"
          : Decide.isUnhealthy(failure.value)
            ? "failed"
            : "alive"
    breakers.leave(target, permit, verdict, policy.breaker)
    const endedAt = now()
    const cost =
      record.cost !== undefined
        ? record.cost
        : record.usage === null
          ? null
          : prices.cost(target, call.arrivedAt, record.usage)
    ended.push(Journal.note({ target, startedAt, endedAt, record, cost }, exit))
    begun = record.begun
    if (begun) firstTokenAt ??= record.firstTokenAt
    if (failure === null) {
      const answeredAt = call.stream ? record.firstTokenAt : endedAt
      if (answeredAt !== null) latencies.add(target, call.stream, answeredAt - startedAt)
    }
  }

  const step = (index: number, provider: Provider, lane: Lane<Out>): Effect.Effect<void, GatewayError.GatewayError> =>
    Effect.suspend(() => {
      const target = targets[index]
      const mine = progress[index]
      const permit = target === undefined ? null : breakers.enter(target)
      if (target === undefined || mine === undefined || permit === null) return elsewhere(index, lane)
      mine.attempts += 1
      const record = Attempt.record(begun)
      const isLast = targets.length === 1 || Decide.isLast(policy, stateAt(index))
      const attempt = Attempt.make({
        provider,
        lane,
        stream: call.stream,
        sink,
        head: {
          provider: target.provider,
          model: target.model,
          attempts: ended.length + 1,
          fallback: index > 0,
          dropped: lane.dropped
        },
        record,
        costOf: (usage) => (usage === null ? null : prices.cost(target, call.arrivedAt, usage)),
        commit: policy.commit,
        limits: {
          connect: policy.timeout.connect,
          // The last target gets the whole time that is left. A connection that does not come is no answer to wait for.
          firstToken: isLast ? Number.POSITIVE_INFINITY : policy.timeout.firstToken,
          idle: policy.timeout.idle,
          deadline
        },
        watchdog
      })
      running = { target, permit, record, startedAt: now(), attempt }
      return Effect.catchAll(attempt.run, (failure) => {
        close(Exit.fail(failure))
        lastFailure = failure
        return Effect.flatMap(Random.next, (random) => after(index, provider, lane, failure, random))
      })
    })

  /** The way to a target: from the beginning, or on from what the caller has. Null when there is none. */
  const way = (index: number, from: Lane<Out>): { readonly provider: Provider; readonly lane: Lane<Out> } | null => {
    const target = targets[index]
    const provider = target === undefined ? null : registry.get(target.provider)
    if (target === undefined || provider === null) return null
    const lane = begun
      ? (from.resume?.(provider, target.model, target.capabilities.prefill === true) ?? null)
      : call.lane(provider, target.model)
    return lane === null || Either.isLeft(lane) ? null : { provider, lane: lane.right }
  }

  const after = (
    index: number,
    provider: Provider,
    lane: Lane<Out>,
    failure: GatewayError.GatewayError,
    random: number
  ): Effect.Effect<void, GatewayError.GatewayError> => {
    const state = stateAt(index)
    const decision = Decide.decide(policy, state, failure, random)
    if (decision._tag === "GiveUp") return Effect.fail(told(failure, ended))
    tooSmall = Decide.tooSmallAfter(state, failure)
    const next = decision._tag === "Retry" ? index : decision.target
    if (decision._tag === "Next") leave(index)
    const found = decision._tag === "Retry" && !begun ? { provider, lane } : way(next, lane)
    if (found === null) {
      // It cannot be asked for this: as if it were not there.
      leave(next)
      return after(index, provider, lane, failure, random)
    }
    const again = step(next, found.provider, found.lane)
    return decision._tag === "Retry" ? Effect.zipRight(Effect.sleep(decision.afterMillis), again) : again
  }

  /** A target's breaker opened on the way to it. */
  const elsewhere = (index: number, lane: Lane<Out>): Effect.Effect<void, GatewayError.GatewayError> => {
    leave(index)
    const next = Decide.nextTarget(stateAt(index))
    if (next === null) {
      return Effect.fail(lastFailure === null ? resting(targets, breakers, now()) : told(lastFailure, ended))
    }
    const found = way(next, lane)
    return found === null ? elsewhere(next, lane) : step(next, found.provider, found.lane)
  }

  const leave = (index: number): void => {
    const left = progress[index]
    if (left !== undefined) left.spent = true
  }

  const first =
    targets.length === 1 && targets.every((only) => breakers.retryAt(only) === null)
      ? 0
      : Decide.nextTarget(stateAt(-1))
  const target = targets[first ?? -1]
  const provider = target === undefined ? null : registry.get(target.provider)
  if (first === null || target === undefined || provider === null) return Either.left(resting(targets, breakers, now()))
  return Either.map(call.lane(provider, target.model), (lane) => ({
    first: target,
    run: step(first, provider, lane),
    close: (exit) => {
      close(exit)
      const { model, provider } = ended.at(-1) ?? target
      return { provider, model, ...Journal.totals(ended), attempts: ended, firstTokenAt }
    }
  }))
}
