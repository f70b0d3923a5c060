/**
 * The attempts of one request: those under way, at most two, and those that have ended, with everything that hears of
 * an attempt's end: the ledger, the target's breaker and its measured time.
 */
import type * as GatewayError from "@penstock/schema/GatewayError"
import type { Attempt as AttemptEntry } from "@penstock/schema/LedgerEntry"
import type { Usage } from "@penstock/schema/Usage"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import * as Estimate from "../budgets/Estimate.ts"
import * as Attempt from "../exchange/Attempt.ts"
import * as Tracing from "../exchange/Tracing.ts"
import type { Call, Lane, Sink } from "../exchange/Call.ts"
import { Transcript } from "../exchange/Transcript.ts"
import type { Service as PriceBook } from "../ledger/PriceBook.ts"
import { ofProvider, type Permit as RatePermit, type Service as RateLimits } from "../limits/RateLimits.ts"
import type { Provider } from "../providers/Provider.ts"
import { unreachable } from "../providers/ProviderRegistry.ts"
import type { Service as Latencies } from "../routing/Latencies.ts"
import type { Target } from "../routing/Router.ts"
import type { Permit, Service as Breakers, Verdict } from "./Breakers.ts"
import * as Decide from "./Decide.ts"
import * as Journal from "./Journal.ts"
import type { Policy } from "./Policy.ts"
import type { Watchdog } from "./Watchdog.ts"

export interface Services {
  readonly prices: PriceBook
  readonly breakers: Breakers
  readonly latencies: Latencies
  readonly watchdog: Watchdog
  readonly limits: RateLimits
}

export interface Request<Out> {
  readonly call: Call<Out>
  readonly sink: Sink<Out>
  readonly policy: Policy
  /** When all must be over, in milliseconds since the epoch. */
  readonly deadline: number
}

export interface Start<Out> {
  readonly target: Target
  readonly provider: Provider
  readonly lane: Lane<Out>
  /** Its silence leads to no other target. */
  readonly isLast: boolean
  /** It is the first of the plan. */
  readonly isFirst: boolean
  /** Its breaker does not count: there is nothing else to ask, and nothing was asked before. */
  readonly isLastResort: boolean
  /** Another attempt may run beside it: whoever has an answer first ends the other. */
  readonly competes: boolean
}

export interface Started {
  readonly run: Effect.Effect<void, GatewayError.GatewayError>
  /** To be told of the failure of `run`; gives it in words that say what to do. */
  readonly failed: (failure: GatewayError.GatewayError) => GatewayError.GatewayError
}

export interface Track<Out> {
  /** Null when the target's breaker is open. The attempt's time begins now: run it at once. */
  readonly start: (start: Start<Out>) => Started | null
  /** In the order of their ends. */
  readonly ended: ReadonlyArray<AttemptEntry>
  /** What the caller has of the answer; null while he has nothing. */
  readonly sent: () => Transcript | null
  /** Which of those that compete has an answer; null while none has. */
  readonly winner: () => Target | null
  /** Of what the caller got, in milliseconds since the epoch; null when he got nothing. */
  readonly firstTokenAt: () => number | null
  /** Whether some usage was estimated: what was broken off had not been counted. */
  readonly isEstimated: () => boolean
  /** The request is over: so is whatever still ran. */
  readonly close: (exit: Journal.Ending) => void
}

interface Running {
  readonly target: Target
  readonly permit: Permit
  /** Of the provider's rate. */
  readonly leave: RatePermit
  readonly record: Attempt.Record
  readonly transcript: Transcript
  readonly startedAt: number
  readonly attempt: Attempt.Attempt
}

/** Any answer, a refusal included, comes from a target that is alive. */
const verdictOf = (exit: Journal.Ending): Verdict => {
  if (Exit.isSuccess(exit)) return "alive"
  const failure = Cause.failureOption(exit.cause)
  return failure._tag === "None" ? "unknown" : Decide.isUnhealthy(failure.value) ? "failed" : "alive"
}

export const make = <Out>(
  { breakers, latencies, limits, prices, watchdog }: Services,
  { call, deadline, policy, sink }: Request<Out>
): Track<Out> => {
  const { now } = watchdog
  const running: Array<Running> = []
  const ended: Array<AttemptEntry> = []
  let winner: Running | null = null
  let sent: Transcript | null = null
  let firstTokenAt: number | null = null
  let estimated = false

  /** What was used as far as it is known; of an answer that was broken off from our side, as far as it was read. */
  const usageOf = ({ record, transcript }: Running, exit: Journal.Ending): Usage | null => {
    if (!Exit.isInterrupted(exit) || record.firstTokenAt === null || call.isOpaque === true) return record.usage
    estimated = true
    return Estimate.usageOf(call.demand(), transcript, record.usage)
  }

  /** Once for each, at its end. */
  const close = (one: Running, exit: Journal.Ending): void => {
    const position = running.indexOf(one)
    if (position === -1) return
    running.splice(position, 1)
    const { attempt, leave, permit, record, startedAt, target, transcript } = one
    attempt.end()
    breakers.leave(target, permit, verdictOf(exit), policy.breaker)
    const endedAt = now()
    const usage = usageOf(one, exit)
    const cost = record.cost === undefined ? costAt(target, usage) : record.cost
    leave.settle(usage === null ? null : usage.totalTokens)
    leave.release()
    const { firstTokenAt: answeredFrom } = record
    ended.push(Journal.note({ target, startedAt, endedAt, firstTokenAt: answeredFrom, usage, cost }, exit))
    if (record.begun) {
      sent = transcript
      firstTokenAt ??= record.firstTokenAt
    }
    if (Exit.isFailure(exit)) return
    const answeredAt = call.stream ? record.firstTokenAt : endedAt
    if (answeredAt !== null) latencies.add(target, call.stream, answeredAt - startedAt)
  }

  const costAt = (target: Target, usage: Usage | null) =>
    usage === null ? null : prices.cost(target, call.arrivedAt, usage)

  /** At once, and not only when its fiber hears of it: nothing of it may reach the sink any more. */
  const win = (one: Running): boolean => {
    if (winner !== null) return winner === one
    winner = one
    for (const other of running.filter((each) => each !== one)) {
      other.attempt.stop(Attempt.outrun)
      close(other, Exit.interrupt(FiberId.none))
    }
    return true
  }

  return {
    ended,
    sent: () => sent,
    winner: () => winner?.target ?? null,
    firstTokenAt: () => firstTokenAt,
    isEstimated: () => estimated,
    start: ({ competes, isFirst, isLast, isLastResort, lane, provider, target }) => {
      const permit = breakers.enter(target, isLastResort)
      if (permit === null) return null
      const admitted = limits.admit(
        ofProvider(provider.name, provider.rate),
        provider.rate === undefined ? 0 : Estimate.likelyTokens(call.demand())
      )
      if (Either.isLeft(admitted)) {
        breakers.leave(target, permit, "unknown", policy.breaker)
        return { run: Effect.fail(admitted.left.error), failed: (error) => error }
      }
      const record = Attempt.record(sent !== null)
      const transcript = sent ?? new Transcript()
      const attempt = Attempt.make({
        provider,
        lane,
        stream: call.stream,
        traceparent:
          call.trace === undefined ? null : Tracing.header(call.trace, call.id, ended.length + running.length + 1),
        sink,
        head: () => ({
          provider: target.provider,
          model: target.model,
          attempts: ended.length + running.length,
          fallback: !isFirst,
          dropped: lane.dropped
        }),
        record,
        transcript,
        costOf: (usage) => costAt(target, usage),
        commit: policy.commit,
        limits: {
          connect: policy.timeout.connect,
          // The last target gets the whole time that is left. A connection that does not come is no answer to wait for.
          firstToken: isLast ? Number.POSITIVE_INFINITY : policy.timeout.firstToken,
          idle: policy.timeout.idle,
          deadline
        },
        watchdog,
        ...(competes ? { mayAnswer: () => win(one) } : {})
      })
      const one: Running = { target, permit, leave: admitted.right, record, transcript, startedAt: now(), attempt }
      running.push(one)
      return {
        run: attempt.run,
        failed: (error) => {
          const failure = error.reason === "unreachable" ? unreachable(provider, error) : error
          close(one, Exit.fail(failure))
          return failure
        }
      }
    },
    close: (exit) => {
      for (let one = running[0]; one !== undefined; one = running[0]) close(one, exit)
    }
  }
}
