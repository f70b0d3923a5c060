import { assert, describe, it } from "@effect/vitest"
import * as Decide from "@penstock/gateway/failover/Decide"
import * as Policy from "@penstock/gateway/failover/Policy"
import { FallbackReason } from "@penstock/schema/config/Failover"
import { GatewayError, Reason } from "@penstock/schema/GatewayError"
import * as fc from "effect/FastCheck"

const failed = (reason: Reason, retryAfterMillis?: number): GatewayError =>
  new GatewayError({ reason, message: "no", ...(retryAfterMillis === undefined ? {} : { retryAfterMillis }) })

const fresh: Decide.TargetState = { attempts: 0, spent: false, contextWindow: null, blocked: false, prefill: false }
const asked: Decide.TargetState = { ...fresh, attempts: 1 }

const state = (over: Partial<Decide.State> = {}): Decide.State => ({
  targets: [asked, fresh],
  current: 0,
  now: 0,
  deadline: 600_000,
  committed: false,
  tooSmall: 0,
  ...over
})

const next: Decide.Decision = { _tag: "Next", target: 1 }
const retry = (afterMillis: number): Decide.Decision => ({ _tag: "Retry", afterMillis })
const giveUp: Decide.Decision = { _tag: "GiveUp" }

/** By the built-in policy, half of the longest wait. */
const decided = (reason: Reason, over: Partial<Decide.State> = {}, retryAfterMillis?: number) =>
  Decide.decide(Policy.builtIn, state(over), failed(reason, retryAfterMillis), 0.5)

describe("after a failure", () => {
  it("that passes, the same target is tried again after a wait, then the next", () => {
    for (const reason of ["rate_limit", "server", "invalid_response", "network", "unreachable"] as const) {
      assert.deepStrictEqual(decided(reason), retry(250), reason)
      assert.deepStrictEqual(decided(reason, { targets: [{ ...asked, attempts: 2 }, fresh] }), retry(500), reason)
      assert.deepStrictEqual(decided(reason, { targets: [{ ...asked, attempts: 3 }, fresh] }), next, reason)
      assert.deepStrictEqual(decided(reason, { targets: [{ ...asked, attempts: 3 }] }), giveUp, reason)
    }
  })

  it("of silence, the next target is tried, and the silent one is left", () => {
    assert.deepStrictEqual(decided("timeout"), next)
    assert.deepStrictEqual(decided("timeout", { targets: [asked] }), giveUp)
  })

  it("of the caller's own making, nothing else is tried unless the configuration names it", () => {
    const own = ["content_filter", "invalid_request", "authentication", "model_not_found", "too_large"] as const
    for (const reason of own) assert.deepStrictEqual(decided(reason), giveUp, reason)
    const named = Policy.over(Policy.builtIn, {
      fallback_on: ["content_filter", "invalid_request", "authentication"]
    })
    for (const reason of own) {
      assert.deepStrictEqual(Decide.decide(named, state(), failed(reason), 0.5), next, reason)
      assert.deepStrictEqual(Decide.decide(named, state({ targets: [asked] }), failed(reason), 0.5), giveUp, reason)
    }
  })

  it("that no target can mend, nothing else is tried, whatever the configuration names", () => {
    const all = Policy.over(Policy.builtIn, { fallback_on: FallbackReason.literals })
    for (const reason of ["budget_exceeded", "forbidden", "unauthenticated", "shutting_down", "internal"] as const) {
      assert.deepStrictEqual(Decide.decide(all, state(), failed(reason), 0.5), giveUp, reason)
    }
  })

  it("of a target that cannot be asked at all, the next is tried, whatever the configuration names", () => {
    const nothing = Policy.over(Policy.builtIn, { fallback_on: [] })
    assert.deepStrictEqual(Decide.decide(nothing, state(), failed("not_configured"), 0.5), next)
    assert.deepStrictEqual(Decide.decide(nothing, state(), failed("timeout"), 0.5), giveUp)
    assert.deepStrictEqual(Decide.decide(nothing, state(), failed("server"), 0.5), retry(250))
  })

  it("with a Retry-After that fits, it waits that long; with one that does not, the next target is tried", () => {
    assert.deepStrictEqual(decided("rate_limit", {}, 60_000), retry(60_000))
    assert.deepStrictEqual(decided("server", {}, 2_000), retry(2_000))
    assert.deepStrictEqual(decided("rate_limit", { now: 590_000 }, 60_000), next)
    assert.deepStrictEqual(decided("rate_limit", { now: 590_000, targets: [asked] }, 60_000), giveUp)
    // No tight loop.
    assert.deepStrictEqual(decided("rate_limit", {}, 0), retry(250))
  })

  it("when the time is over, nothing is tried", () => {
    assert.deepStrictEqual(decided("server", { now: 600_000 }), giveUp)
    assert.deepStrictEqual(decided("timeout", { now: 600_000 }), giveUp)
  })

  it("targets whose breaker is open, or that were left, are passed over", () => {
    assert.deepStrictEqual(decided("server", { targets: [{ ...asked, blocked: true }, fresh] }), next)
    const others = [{ ...fresh, blocked: true }, { ...fresh, spent: true }, fresh]
    assert.deepStrictEqual(decided("timeout", { targets: [asked, ...others] }), { _tag: "Next", target: 3 })
    assert.deepStrictEqual(decided("timeout", { targets: [asked, ...others.slice(0, 2)] }), giveUp)
  })

  it("of a context that is too long, a larger window is tried, then those of unknown size, never a smaller one", () => {
    const sized = (...windows: ReadonlyArray<number | null>) =>
      windows.map((contextWindow, index) => ({ ...(index === 0 ? asked : fresh), contextWindow }))
    const to = (target: number): Decide.Decision => ({ _tag: "Next", target })
    assert.deepStrictEqual(decided("context_length", { targets: sized(8, 4, 8, null, 32) }), to(4))
    assert.deepStrictEqual(decided("context_length", { targets: sized(8, 4, null) }), to(2))
    assert.deepStrictEqual(decided("context_length", { targets: sized(8, 4, 8) }), giveUp)
    assert.deepStrictEqual(decided("context_length", { targets: sized(null, null, 4) }), to(2))
    // It is remembered: a target that fails for another reason later does not lead back to a small one.
    const later = { targets: sized(32, 4, null), tooSmall: 8 }
    assert.deepStrictEqual(decided("timeout", later), to(2))
    assert.strictEqual(Decide.tooSmallAfter(state({ targets: sized(8) }), failed("context_length")), 8)
    assert.strictEqual(Decide.tooSmallAfter(state({ targets: sized(4), tooSmall: 8 }), failed("context_length")), 8)
    assert.strictEqual(Decide.tooSmallAfter(state({ targets: sized(null) }), failed("context_length")), null)
    assert.strictEqual(Decide.tooSmallAfter(state({ targets: sized(8) }), failed("server")), 0)
  })

  it("once the caller has a part of the answer, a target that goes on from it comes first", () => {
    const able = { ...fresh, prefill: true }
    assert.deepStrictEqual(decided("network", { committed: true, targets: [asked, fresh, able] }), {
      _tag: "Next",
      target: 2
    })
    assert.deepStrictEqual(decided("network", { committed: true }), next)
    assert.deepStrictEqual(decided("network", { committed: true, targets: [{ ...asked, prefill: true }] }), retry(250))
    assert.deepStrictEqual(decided("network", { committed: true, targets: [asked] }), giveUp)
  })
})

describe("a target", () => {
  it("is the last when its silence leads to no other", () => {
    assert.isFalse(Decide.isLast(Policy.builtIn, state()))
    assert.isTrue(Decide.isLast(Policy.builtIn, state({ targets: [asked] })))
    assert.isTrue(Decide.isLast(Policy.builtIn, state({ targets: [asked, { ...fresh, blocked: true }] })))
    assert.isTrue(Decide.isLast(Policy.over(Policy.builtIn, { fallback_on: ["server"] }), state()))
  })

  it("is unhealthy after failures of its own, and not when it refuses or says when to come back", () => {
    for (const reason of ["server", "invalid_response", "timeout", "network", "unreachable", "rate_limit"] as const) {
      assert.isTrue(Decide.isUnhealthy(failed(reason)), reason)
    }
    assert.isFalse(Decide.isUnhealthy(failed("rate_limit", 1000)))
    for (const reason of ["invalid_request", "content_filter", "context_length", "authentication"] as const) {
      assert.isFalse(Decide.isUnhealthy(failed(reason)), reason)
    }
  })
})

describe("the wait between attempts", () => {
  it("grows by the factor up to the longest, and is a random part of it", () => {
    const waits = [1, 2, 3, 4, 5, 6, 7].map((attempts) => Decide.backoff(Policy.builtIn, attempts, 1))
    assert.deepStrictEqual(waits, [500, 1000, 2000, 4000, 8000, 10_000, 10_000])
    assert.strictEqual(Decide.backoff(Policy.builtIn, 1, 0), 0)
    const plain = Policy.over(Policy.builtIn, { retry: { jitter: "none" } })
    assert.strictEqual(Decide.backoff(plain, 2, 0.1), 1000)
  })
})

/** A run of decisions over targets that fail as they are told to, each attempt taking some time. */
const arbitrary = fc.record({
  targets: fc.array(
    fc.record({
      contextWindow: fc.option(fc.integer({ min: 1, max: 9 })),
      blocked: fc.boolean(),
      prefill: fc.boolean()
    }),
    { minLength: 1, maxLength: 5 }
  ),
  failures: fc.array(
    fc.record({
      reason: fc.constantFrom(...Reason.literals),
      retryAfterMillis: fc.option(fc.integer({ min: 0, max: 100_000 })),
      took: fc.integer({ min: 0, max: 20_000 }),
      random: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })
    }),
    { minLength: 1, maxLength: 8 }
  ),
  retry: fc.record({ max: fc.integer({ min: 0, max: 4 }), delay: fc.integer({ min: 0, max: 5000 }) }),
  total: fc.integer({ min: 1, max: 200_000 }),
  fallbackOn: fc.subarray([...FallbackReason.literals]),
  committedAt: fc.integer({ min: 1, max: 30 })
})

describe("whatever fails, and however", () => {
  it("the decisions end, within the attempts and the time that are allowed", () => {
    fc.assert(
      fc.property(arbitrary, ({ committedAt, failures, fallbackOn, retry, targets, total }) => {
        const policy = Policy.over(Policy.builtIn, {
          retry,
          timeout: { total },
          fallback_on: fallbackOn
        })
        const progress = targets.map((target) => ({ ...target, attempts: 0, spent: false }))
        let now = 0
        let current = 0
        let tooSmall: number | null = 0
        let waited = 0
        for (let step = 0; ; step += 1) {
          assert.isBelow(step, targets.length * (retry.max + 1), "it ends")
          const failure = failures[step % failures.length]!
          const mine = progress[current]!
          mine.attempts += 1
          assert.isAtMost(mine.attempts, retry.max + 1)
          now += failure.took
          const state = { targets: progress, current, now, deadline: total, committed: step >= committedAt, tooSmall }
          const error = failed(failure.reason, failure.retryAfterMillis ?? undefined)
          const decision = Decide.decide(policy, state, error, failure.random)
          if (decision._tag === "GiveUp") return
          assert.isBelow(now, total)
          const kind = Decide.kinds[failure.reason]
          assert.isNotNull(kind)
          if (decision._tag === "Retry") {
            assert.include(["rate_limit", "server", "network"], kind)
            assert.isAtLeast(decision.afterMillis, failure.retryAfterMillis ?? 0)
            waited += decision.afterMillis
            now += decision.afterMillis
            assert.isBelow(now, total)
            assert.isBelow(waited, total)
            continue
          }
          if (kind !== "skip") assert.include(fallbackOn, kind)
          const chosen = progress[decision.target]!
          assert.isFalse(chosen.spent || chosen.blocked || decision.target === current)
          tooSmall = Decide.tooSmallAfter(state, error)
          if (tooSmall !== null && chosen.contextWindow !== null) assert.isTrue(chosen.contextWindow > tooSmall)
          mine.spent = true
          current = decision.target
        }
      }),
      { numRuns: 2000 }
    )
  })
})
