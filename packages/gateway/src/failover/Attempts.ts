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
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Random from "effect/Random"
import * as Attempt from "../exchange/Attempt.ts"
import type { Call, Lane, Sink } from "../exchange/Call.ts"
import type { Transcript } from "../exchange/Transcript.ts"
import type { Provider } from "../providers/Provider.ts"
import type { Service as Registry } from "../providers/ProviderRegistry.ts"
import type { Target } from "../routing/Router.ts"
import * as Decide from "./Decide.ts"
import * as Hedge from "./Hedge.ts"
import * as Journal from "./Journal.ts"
import type { Policy } from "./Policy.ts"
import * as Track from "./Track.ts"

export interface Services extends Track.Services {
  readonly registry: Registry
  readonly hedges: Hedge.Budget
}

export interface Request<Out> {
  readonly call: Call<Out>
  readonly sink: Sink<Out>
  /** In the order of trying. */
  readonly targets: ReadonlyArray<Target>
  readonly policy: Policy
}

/** What the ledger keeps of all attempts together. */
export interface Result extends Pick<Settlement, "provider" | "model" | "usage" | "cost"> {
  readonly entries: Settlement["attempts"]
  /** Of the answer that the caller got, in milliseconds since the epoch; null without one. */
  readonly firstTokenAt: number | null
  /** Whether a part of the usage is an estimate. */
  readonly estimated: boolean
}

export interface Attempts {
  /** The target that is asked first. */
  readonly first: Target
  readonly run: Effect.Effect<void, GatewayError.GatewayError>
  /** To be called once, when `run` has ended, with how it did. */
  readonly close: (exit: Journal.Ending) => Result
}

/** How a target is asked. */
interface Way<Out> {
  readonly index: number
  readonly provider: Provider
  readonly lane: Lane<Out>
}

interface FirstWay<Out> extends Way<Out> {
  readonly target: Target
}

/** A provider's own words may end without a full stop, and so would run into ours. */
const sentence = (text: string): string => (/[.!?…]["'`)]*$/.test(text) ? text : `${text}.`)

/** The failure, and what was tried before it. */
const told = (failure: GatewayError.GatewayError, attempts: ReadonlyArray<AttemptEntry>): GatewayError.GatewayError => {
  if (attempts.length < 2) return failure
  const { code, message, param, reason, retryAfterMillis, upstream } = failure
  return new GatewayError.GatewayError({
    reason,
    message: `${sentence(message)} ${Journal.summary(attempts)}`,
    ...(param === undefined ? {} : { param }),
    ...(code === undefined ? {} : { code }),
    ...(upstream === undefined ? {} : { upstream }),
    ...(retryAfterMillis === undefined ? {} : { retryAfterMillis })
  })
}

/** A reload took it away between the plan and the call. */
const gone = GatewayError.make(
  "unreachable",
  "The model's provider was taken out of the configuration while the request was on its way. Send it again."
)

/**
 * A target whose protocol cannot say the request is passed over, like one that lacks a capability. Fails, with nothing
 * sent, when none can say it: with what kept it from the one that would have been first.
 */
export const begin = <Out>(
  services: Services,
  { call, policy, sink, targets }: Request<Out>
): Either.Either<Attempts, GatewayError.GatewayError> => {
  const { breakers, hedges, prices, registry, watchdog } = services
  const deadline = watchdog.now() + policy.timeout.total
  const progress = targets.map(() => ({ attempts: 0, spent: false }))
  const track = Track.make(services, { call, policy, sink, deadline })
  /** Indices of targets that were passed over: the first of the others is the first, and no fallback. */
  const passedOver = new Set<number>()
  let tooSmall: number | null = 0
  let lastFailure: GatewayError.GatewayError | null = null

  const stateAt = (current: number): Decide.State => ({
    targets: targets.map((target, index) => ({
      attempts: progress[index]?.attempts ?? 0,
      spent: progress[index]?.spent ?? true,
      contextWindow: target.capabilities.context_window ?? prices.facts(target).contextWindow,
      blocked: breakers.retryAt(target) !== null,
      prefill: target.capabilities.prefill === true
    })),
    current,
    now: watchdog.now(),
    deadline,
    committed: track.sent() !== null,
    tooSmall
  })

  /** How a target goes on from what the caller has: by writing on if it can, else by saying it again. */
  const onward = (from: Lane<Out>, provider: Provider, target: Target, transcript: Transcript): Lane<Out> | null => {
    const ways = from.resume?.({ provider, model: target.model, facts: prices.facts(target), transcript })
    if (ways === undefined) return null
    return (target.capabilities.prefill === true ? ways.prefill : null) ?? ways.restart
  }

  /** The way to a target: from the beginning, or on from what the caller has. Null when there is none. */
  const way = (index: number, from: Lane<Out>): Way<Out> | null => {
    const target = targets[index]
    const provider = target === undefined ? null : registry.get(target.provider)
    if (target === undefined || provider === null) return null
    const transcript = track.sent()
    const lane =
      transcript === null
        ? Either.getOrNull(call.lane(provider, target.model))
        : onward(from, provider, target, transcript)
    return lane === null ? null : { index, provider, lane }
  }

  const leave = (index: number): void => {
    const left = progress[index]
    if (left !== undefined) left.spent = true
  }

  /** Null when the target's breaker opened on the way to it. */
  const start = ({ index, lane, provider }: Way<Out>, competes: boolean, isLastResort = false) => {
    const target = targets[index]
    const mine = progress[index]
    if (target === undefined || mine === undefined) return null
    const isLast = targets.length === 1 || Decide.isLast(policy, stateAt(index))
    const isFirst = index === targets.findIndex((_, at) => !passedOver.has(at))
    const started = track.start({ target, provider, lane, isLast, isFirst, isLastResort, competes })
    if (started !== null) mine.attempts += 1
    return started
  }

  const step = (way: Way<Out>, isLastResort = false): Effect.Effect<void, GatewayError.GatewayError> =>
    Effect.suspend(() => {
      const { hedge } = policy
      const hedged = hedge !== null && targets.length > 1 && track.ended.length === 0
      const attempt = start(way, hedged, isLastResort)
      if (attempt === null) return elsewhere(way)
      return hedged
        ? competing(way, attempt, hedge)
        : Effect.catchAll(attempt.run, (failure) => failed(way, attempt.failed(failure)))
    })

  /** The next target is asked as well when this one is silent for long. */
  const competing = (
    first: Way<Out>,
    attempt: Track.Started,
    { after, maxShare }: NonNullable<Policy["hedge"]>
  ): Effect.Effect<void, GatewayError.GatewayError> => {
    let second: Way<Out> | null = null
    hedges.request(maxShare)
    const contest = Hedge.contest({
      first: Effect.mapError(attempt.run, attempt.failed),
      after,
      second: () => {
        const next = track.winner() !== null ? null : Decide.nextTarget(stateAt(first.index))
        const found = next === null ? null : way(next, first.lane)
        if (found === null || !hedges.take()) return null
        leave(first.index)
        const started = start(found, true)
        if (started === null) return null
        second = found
        return Effect.mapError(started.run, started.failed)
      },
      goesOn: (failure, of) => {
        if (failure === Attempt.outrun) return true
        const mine = of === "first" ? first : second
        const hasWon = mine !== null && track.winner() === targets[mine.index]
        return second !== null && !hasWon && (of === "second" || Decide.mayFallBack(policy, failure))
      }
    })
    return Effect.catchAll(contest, (failure) =>
      failed(second === null || track.winner() === targets[first.index] ? first : second, failure)
    )
  }

  const failed = (way: Way<Out>, failure: GatewayError.GatewayError) => {
    lastFailure = failure
    return Effect.flatMap(Random.next, (random) => after(way, failure, random))
  }

  const after = (
    from: Way<Out>,
    failure: GatewayError.GatewayError,
    random: number
  ): Effect.Effect<void, GatewayError.GatewayError> => {
    const state = stateAt(from.index)
    const decision = Decide.decide(policy, state, failure, random)
    if (decision._tag === "GiveUp") return Effect.fail(told(failure, track.ended))
    tooSmall = Decide.tooSmallAfter(state, failure)
    const next = decision._tag === "Retry" ? from.index : decision.target
    if (decision._tag === "Next") leave(from.index)
    const found = decision._tag === "Retry" && track.sent() === null ? from : way(next, from.lane)
    if (found === null) {
      // It cannot be asked for this: as if it were not there.
      leave(next)
      return after(from, failure, random)
    }
    return decision._tag === "Retry" ? Effect.zipRight(Effect.sleep(decision.afterMillis), step(found)) : step(found)
  }

  /** To another target than the one whose breaker is open, or opened on the way to it. */
  const elsewhere = (from: Way<Out>): Effect.Effect<void, GatewayError.GatewayError> => {
    leave(from.index)
    const next = Decide.nextTarget(stateAt(from.index))
    if (next === null) {
      return lastFailure === null ? step(from, true) : Effect.fail(told(lastFailure, track.ended))
    }
    const found = way(next, from.lane)
    return found === null ? elsewhere({ ...from, index: next }) : step(found)
  }

  /** Of the targets that are left, the one whose breaker lets somebody try it first; null when none is left. */
  const soonest = (): number | null => {
    let best: number | null = null
    let least = Number.POSITIVE_INFINITY
    for (const [index, target] of targets.entries()) {
      const time = progress[index]?.spent === true ? Number.POSITIVE_INFINITY : (breakers.retryAt(target) ?? 0)
      if (time < least) [best, least] = [index, time]
    }
    return best
  }

  /** The first way that there is, in the order of trying; targets that cannot be asked for this are left on the way. */
  const firstWay = (
    refusal: GatewayError.GatewayError | null
  ): Either.Either<FirstWay<Out>, GatewayError.GatewayError> => {
    const index = targets.length === 1 && refusal === null ? 0 : (Decide.nextTarget(stateAt(-1)) ?? soonest())
    const target = index === null ? undefined : targets[index]
    if (index === null || target === undefined) return Either.left(refusal ?? gone)
    const provider = registry.get(target.provider)
    const lane = provider === null ? Either.left(gone) : call.lane(provider, target.model)
    if (provider !== null && Either.isRight(lane)) return Either.right({ index, target, provider, lane: lane.right })
    leave(index)
    passedOver.add(index)
    return firstWay(refusal ?? (Either.isLeft(lane) ? lane.left : gone))
  }

  return Either.map(firstWay(null), ({ target: first, ...found }) => ({
    first,
    run: step(found),
    close: (exit) => {
      track.close(exit)
      const { model, provider } = track.ended.at(-1) ?? first
      const { cost, usage } = Journal.totals(track.ended)
      return {
        provider,
        model,
        usage,
        cost,
        entries: track.ended,
        firstTokenAt: track.firstTokenAt(),
        estimated: track.isEstimated()
      }
    }
  }))
}
