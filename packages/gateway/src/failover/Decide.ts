/**
 * What to do after a failed attempt. A pure function of what is known; the loop in `Attempts` does what it says.
 *
 * - A failure that passes (`rate_limit`, `server`, `network`) is tried again at the same target, after a wait.
 * - One that does not pass, or has been tried often enough, leads to the next target if `fallbackOn` names it.
 * - What the caller could mend (`invalid_request`, …) leads nowhere, unless it is named there.
 *
 * A target that was left is not come back to, so every sequence of decisions ends.
 */
import type { FallbackReason } from "@penstock/schema/config/Failover"
import type { GatewayError, Reason } from "@penstock/schema/GatewayError"
import { differs } from "./Agreement.ts"
import type { Policy } from "./Policy.ts"

export interface TargetState {
  /** Attempts so far. */
  readonly attempts: number
  /** It was left, or cannot be asked. */
  readonly spent: boolean
  /** Tokens; null when unknown. */
  readonly contextWindow: number | null
  /** Its breaker is open. */
  readonly blocked: boolean
  /** It goes on from the beginning of an answer. */
  readonly prefill: boolean
}

export interface State {
  /** In the order of trying. */
  readonly targets: ReadonlyArray<TargetState>
  /** Index of the target that was asked last. */
  readonly current: number
  /** Milliseconds since the epoch, as is `deadline`, when everything must be over. */
  readonly now: number
  readonly deadline: number
  /** The caller has a part of the answer. */
  readonly committed: boolean
  /** The largest context window that proved too small; 0 while none did, null when one of unknown size did. */
  readonly tooSmall: number | null
}

export type Decision =
  | { readonly _tag: "Retry"; readonly afterMillis: number }
  | { readonly _tag: "Next"; readonly target: number }
  | { readonly _tag: "GiveUp" }

const giveUp: Decision = { _tag: "GiveUp" }

/**
 * What a failure is to `fallback_on`. `skip`: the target cannot be asked at all, which is no failure of the request.
 * Null: nothing that another target would mend.
 */
export const kinds: { readonly [R in Reason]: FallbackReason | "skip" | null } = {
  rate_limit: "rate_limit",
  server: "server",
  invalid_response: "server",
  timeout: "timeout",
  network: "network",
  unreachable: "network",
  context_length: "context_length",
  content_filter: "content_filter",
  invalid_request: "invalid_request",
  unprocessable: "invalid_request",
  too_large: "invalid_request",
  // The provider does not have the model: a mistake in a name, which another target would only hide.
  model_not_found: "invalid_request",
  not_found: "invalid_request",
  method_not_allowed: "invalid_request",
  conflict: "invalid_request",
  authentication: "authentication",
  not_configured: "skip",
  unauthenticated: null,
  forbidden: null,
  budget_exceeded: null,
  shutting_down: null,
  internal: null
}

/** Failures that may pass by themselves. A silent target is not asked again: the time is better spent elsewhere. */
const passes = (kind: FallbackReason | "skip" | null): boolean =>
  kind === "rate_limit" || kind === "server" || kind === "network"

/**
 * Whether the failure speaks of the target's health. A 429 that says when to come back is a target that works, and so is
 * one whose answer differs from what another target had begun.
 */
export const isUnhealthy = ({ code, reason, retryAfterMillis }: GatewayError): boolean => {
  if (code === differs.code) return false
  const kind = kinds[reason]
  return (
    kind === "server" ||
    kind === "timeout" ||
    kind === "network" ||
    (kind === "rate_limit" && retryAfterMillis === undefined)
  )
}

/** The wait before the next attempt, in whole milliseconds. `random` is from 0 to 1. */
export const backoff = ({ retry }: Policy, attempts: number, random: number): number => {
  const longest = Math.min(retry.maxDelay, retry.delay * retry.factor ** Math.max(0, attempts - 1))
  return Math.ceil(retry.jitter === "full" ? longest * random : longest)
}

/** Larger ones first known, then those whose size is unknown; each in the order of trying. */
const largerThan = (
  tooSmall: number | null,
  state: State,
  candidates: ReadonlyArray<number>
): ReadonlyArray<number> => {
  if (tooSmall === 0) return candidates
  const known = candidates.filter((index) => {
    const window = state.targets[index]?.contextWindow ?? null
    return window !== null && (tooSmall === null || window > tooSmall)
  })
  const unknown = candidates.filter((index) => (state.targets[index]?.contextWindow ?? null) === null)
  return [...known, ...unknown]
}

/** The target to ask next; null when none is left. After a part of the answer, those that go on from it come first. */
export const nextTarget = (state: State): number | null => {
  const left = state.targets.flatMap(({ blocked, spent }, index) =>
    spent || blocked || index === state.current ? [] : [index]
  )
  const fitting = largerThan(state.tooSmall, state, left)
  const preferred = state.committed ? fitting.find((index) => state.targets[index]?.prefill === true) : undefined
  return preferred ?? fitting[0] ?? null
}

/** Whether silence of the current target leads to no other: it then gets the whole time that is left. */
export const isLast = (policy: Policy, state: State): boolean =>
  !policy.fallbackOn.has("timeout") || nextTarget(state) === null

/** What is known to be too small after a failure. */
export const tooSmallAfter = (state: State, { reason }: GatewayError): number | null => {
  const window = state.targets[state.current]?.contextWindow ?? null
  if (reason !== "context_length") return state.tooSmall
  return window === null ? (state.tooSmall === 0 ? null : state.tooSmall) : Math.max(window, state.tooSmall ?? 0)
}

/** Whether another target may be asked after this failure. */
export const mayFallBack = ({ fallbackOn }: Policy, { reason }: GatewayError): boolean => {
  const kind = kinds[reason]
  return kind === "skip" || (kind !== null && fallbackOn.has(kind))
}

const waitOf = (policy: Policy, attempts: number, failure: GatewayError, random: number): number =>
  // Never sooner than the backoff: `Retry-After: 0` makes no tight loop.
  Math.max(failure.retryAfterMillis ?? 0, backoff(policy, attempts, random))

/** `random` is from 0 to 1. */
export const decide = (policy: Policy, state: State, failure: GatewayError, random: number): Decision => {
  const kind = kinds[failure.reason]
  const current = state.targets[state.current]
  if (current === undefined || kind === null || state.now >= state.deadline) return giveUp
  const mayRetry =
    passes(kind) &&
    current.attempts <= policy.retry.max &&
    !current.spent &&
    !current.blocked &&
    (!state.committed || current.prefill)
  if (mayRetry) {
    const afterMillis = waitOf(policy, current.attempts, failure, random)
    if (state.now + afterMillis < state.deadline) return { _tag: "Retry", afterMillis }
  }
  if (!mayFallBack(policy, failure)) return giveUp
  const target = nextTarget({ ...state, tooSmall: tooSmallAfter(state, failure) })
  return target === null ? giveUp : { _tag: "Next", target }
}
