/** A plan in words: where a name leads, what is kept from it and why, and what is done when a target fails. */
import { type Breaker, Candidate, Explanation } from "@penstock/schema/Explanation"
import type { EndpointName } from "@penstock/schema/config/Endpoints"
import * as Endpoints from "../providers/Endpoints.ts"
import type { BreakerState, Service as Breakers } from "../failover/Breakers.ts"
import type { Policy } from "../failover/Policy.ts"
import type { Plan, Target } from "./Router.ts"

const policyOf = ({ breaker, commit, fallbackOn, hedge, retry, timeout }: Policy): Explanation["policy"] => ({
  retry: {
    max: retry.max,
    delay: retry.delay,
    factor: retry.factor,
    max_delay: retry.maxDelay,
    jitter: retry.jitter
  },
  timeout: {
    connect: timeout.connect,
    first_token: timeout.firstToken,
    idle: timeout.idle,
    total: timeout.total
  },
  commit,
  fallback_on: [...fallbackOn],
  breaker,
  hedge: hedge === null ? null : { after: hedge.after, max_share: hedge.maxShare }
})

const iso = (millis: number): string => new Date(millis).toISOString()

/** A breaker as it is shown. */
export const breakerOf = ({ failures, retryAt, state }: BreakerState): typeof Breaker.Type => ({
  state,
  failures,
  retry_at: retryAt === null ? null : iso(retryAt)
})

/** For a request of this kind: who cannot be asked for it is passed over. */
const answering = (candidate: Candidate, asked: EndpointName): Candidate =>
  candidate.kept && !Endpoints.answers({ endpoints: new Set(candidate.endpoints) }, asked)
    ? new Candidate({
        ...candidate,
        kept: false,
        reason: `provider "${candidate.provider}" has no endpoint for ${asked}`
      })
    : candidate

const withBreaker = (candidate: Candidate, breaker: BreakerState): Candidate => {
  const { retryAt, state } = breaker
  const { kept, reason } = candidate
  const isOpen = kept && state === "open" && retryAt !== null
  return new Candidate({
    ...candidate,
    kept: kept && !isOpen,
    reason: isOpen ? `it kept failing, and is left alone until ${iso(retryAt)}` : reason,
    breaker: breakerOf(breaker)
  })
}

/** What is to be asked of a model. */
export interface Question {
  readonly asked: EndpointName
  /** Why it cannot be asked of a target; null when it can. */
  readonly misfit: (target: Target) => string | null
}

/** Anything that can be said in a conversation. */
const anything: Question = { asked: "chat", misfit: () => null }

/** For this very request: who cannot do it, or cannot be told of it, is passed over. */
const fitting = (candidate: Candidate, plan: Plan, { misfit }: Question): Candidate => {
  const target = plan.targets.find(
    ({ model, provider }) => provider === candidate.provider && model === candidate.model
  )
  const reason = candidate.kept && target !== undefined ? misfit(target) : null
  return reason === null ? candidate : new Candidate({ ...candidate, kept: false, reason })
}

export const explanation = (
  model: string,
  plan: Plan,
  breakers: Breakers,
  question: Question = anything
): Explanation => {
  const states = breakers.states()
  return new Explanation({
    model,
    matched_by: plan.matchedBy,
    matched: plan.matched,
    candidates: plan.candidates.map((planned) => {
      const candidate = fitting(answering(planned, question.asked), plan, question)
      const known = states.find((each) => each.provider === candidate.provider && each.model === candidate.model)
      return known === undefined ? candidate : withBreaker(candidate, known)
    }),
    strategy: plan.strategy,
    policy: policyOf(plan.policy)
  })
}
