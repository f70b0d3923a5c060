import { assert, describe, it } from "@effect/vitest"
import * as RateHeaders from "@penstock/gateway/limits/RateHeaders"
import * as RateLimits from "@penstock/gateway/limits/RateLimits"
import type { RateConfig } from "@penstock/schema/config/Limits"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as fc from "effect/FastCheck"
import * as TestClock from "effect/TestClock"

const key = (rate: RateConfig, name = "alice"): RateLimits.Scope => ({ kind: "key", name, rate })
const provider = (rate: RateConfig, name = "openai"): RateLimits.Scope => ({ kind: "provider", name, rate })

/** Limits over a clock that the test moves. */
const limitsAt = (start = Date.UTC(2026, 2, 10)) => {
  let now = start
  const limits = RateLimits.make(() => now)
  return {
    ...limits,
    pass: (millis: number) => {
      now += millis
    },
    admitted: (scopes: ReadonlyArray<RateLimits.Scope>, tokens = 0) =>
      Either.getOrThrowWith(limits.admit(scopes, tokens), ({ error }) => error),
    refused: (scopes: ReadonlyArray<RateLimits.Scope>, tokens = 0) =>
      Either.getOrThrowWith(Either.flip(limits.admit(scopes, tokens)), () => new Error("it was admitted"))
  }
}

describe("rate limits", () => {
  it("requests: so many at once, then one in each interval", () => {
    const limits = limitsAt()
    const scopes = [key({ requests_per_minute: 3 })]
    for (let index = 0; index < 3; index++) limits.admitted(scopes)
    const { error } = limits.refused(scopes)
    assert.strictEqual(error.status, 429)
    assert.strictEqual(error.reason, "rate_limit")
    assert.strictEqual(error.code, "rate_limit_exceeded")
    assert.strictEqual(error.retryAfterMillis, 20_000)
    assert.include(error.message, "The key alice is limited to 3 requests a minute (`rate.requests_per_minute`)")
    assert.include(error.message, "Send it again in 20 s")
    limits.pass(19_999)
    assert.strictEqual(limits.refused(scopes).error.retryAfterMillis, 1)
    limits.pass(1)
    limits.admitted(scopes)
    limits.refused(scopes)
  })

  it("tokens: the estimate is charged, and set right when the true number is known", () => {
    const limits = limitsAt()
    const scopes = [key({ tokens_per_minute: 1000 })]
    const permit = limits.admitted(scopes, 900)
    const { error } = limits.refused(scopes, 200)
    assert.strictEqual(error.retryAfterMillis, 6000)
    assert.include(error.message, "1000 tokens a minute (`rate.tokens_per_minute`): 100 are left now")
    assert.include(error.message, "may use 200")
    permit.settle(100)
    limits.admitted(scopes, 900).settle(1500)
    // 1600 tokens were used where 1000 may be: 600 and the one that is asked for must run out.
    assert.strictEqual(limits.refused(scopes, 1).error.retryAfterMillis, 36_060)
  })

  it("tokens: an unknown number keeps the estimate, and a second settlement changes nothing", () => {
    const limits = limitsAt()
    const scopes = [key({ tokens_per_minute: 1000 })]
    const permit = limits.admitted(scopes, 600)
    permit.settle(null)
    permit.settle(0)
    permit.cancel()
    assert.strictEqual(limits.refused(scopes, 401).error.retryAfterMillis, 60)
    limits.admitted(scopes, 400)
  })

  it("a request that alone is more than the limit is told that it never fits", () => {
    const limits = limitsAt()
    const { error } = limits.refused([key({ tokens_per_minute: 1000 })], 1001)
    assert.strictEqual(error.status, 400)
    assert.strictEqual(error.code, "request_exceeds_rate_limit")
    assert.isUndefined(error.retryAfterMillis)
    for (const part of ["key alice", "1000 tokens a minute", "1001", "never", "max_tokens"]) {
      assert.include(error.message, part)
    }
    // For a provider it is a failure of that target, and another one may take the request.
    const target = limits.refused([provider({ tokens_per_minute: 1000 })], 1001).error
    assert.strictEqual(target.reason, "rate_limit")
    assert.isUndefined(target.retryAfterMillis)
    assert.include(target.message, "`providers.openai.rate.tokens_per_minute`")
  })

  it("concurrency: one that ends makes room for one, however often it says so", () => {
    const limits = limitsAt()
    const scopes = [key({ concurrent: 2 })]
    const first = limits.admitted(scopes)
    limits.admitted(scopes)
    const { error } = limits.refused(scopes)
    assert.strictEqual(error.status, 429)
    assert.isAbove(error.retryAfterMillis ?? 0, 0)
    assert.include(error.message, "2 requests at once (`rate.concurrent`)")
    limits.pass(3_600_000)
    limits.refused(scopes)
    first.release()
    first.release()
    first.cancel()
    limits.admitted(scopes)
    limits.refused(scopes)
  })

  it("a cancelled request was never there", () => {
    const limits = limitsAt()
    const scopes = [key({ requests_per_minute: 1, tokens_per_minute: 10, concurrent: 1 })]
    for (let index = 0; index < 5; index++) limits.admitted(scopes, 10).cancel()
    limits.admitted(scopes, 10)
    assert.strictEqual(limits.refused(scopes, 0).error.retryAfterMillis, 60_000)
  })

  it("a refusal by one scope leaves no trace in the others", () => {
    const limits = limitsAt()
    const alice = key({ requests_per_minute: 1, concurrent: 1 })
    const full = provider({ requests_per_minute: 1, concurrent: 9 })
    limits.admitted([full])
    for (let index = 0; index < 3; index++) {
      assert.include(limits.refused([alice, full]).error.message, "The provider openai")
    }
    limits.admitted([alice])
  })

  it("of several limits the one with the longest wait is told, and after it all let the request in", () => {
    const limits = limitsAt()
    const scopes = [key({ requests_per_minute: 60, tokens_per_minute: 60 }), provider({ requests_per_minute: 1 })]
    limits.admitted(scopes, 60)
    const { error } = limits.refused(scopes, 30)
    assert.strictEqual(error.retryAfterMillis, 60_000)
    assert.include(error.message, "provider openai")
    limits.pass(60_000)
    limits.admitted(scopes, 30)
  })

  it("keys and providers of one name, and two keys, have limits of their own", () => {
    const limits = limitsAt()
    const rate = { requests_per_minute: 1 }
    for (const scope of [key(rate, "a"), key(rate, "b"), provider(rate, "a")]) limits.admitted([scope])
    for (const scope of [key(rate, "a"), key(rate, "b"), provider(rate, "a")]) {
      assert.strictEqual(limits.refused([scope]).error.retryAfterMillis, 60_000)
    }
  })

  it("new limits count at once, and what was used stays used", () => {
    const limits = limitsAt()
    for (let index = 0; index < 10; index++) limits.admitted([key({ requests_per_minute: 10 })])
    limits.refused([key({ requests_per_minute: 10 })])
    for (let index = 0; index < 5; index++) limits.admitted([key({ requests_per_minute: 15 })])
    limits.refused([key({ requests_per_minute: 15 })])
    assert.strictEqual(limits.refused([key({ requests_per_minute: 5 })]).error.retryAfterMillis, 132_000)
  })

  it("a limit that came while a request was running gives nothing back for it", () => {
    const limits = limitsAt()
    const before = limits.admitted([key({ concurrent: 9 })], 100)
    limits.admitted([key({ tokens_per_minute: 50 })], 50)
    before.settle(0)
    assert.strictEqual(limits.refused([key({ tokens_per_minute: 50 })], 1).error.retryAfterMillis, 1200)
  })

  it("the standing counts the request itself, and is told with a refusal as well", () => {
    const limits = limitsAt()
    const scopes = [key({ requests_per_minute: 60, tokens_per_minute: 6000 })]
    assert.deepStrictEqual(RateHeaders.headers(limits.admitted(scopes, 5990).standing), {
      "x-ratelimit-limit-requests": "60",
      "x-ratelimit-remaining-requests": "59",
      "x-ratelimit-reset-requests": "1s",
      "x-ratelimit-limit-tokens": "6000",
      "x-ratelimit-remaining-tokens": "10",
      "x-ratelimit-reset-tokens": "59.9s"
    })
    const refusal = limits.refused(scopes, 20)
    assert.deepInclude(refusal.standing.requests, { limit: 60, remaining: 59 })
    assert.deepInclude(refusal.standing.tokens, { limit: 6000, remaining: 10 })
    const none = limits.admitted([key({ concurrent: 1 }, "bob")])
    assert.deepStrictEqual(RateHeaders.headers(none.standing), {})
  })

  it("of two limits the tighter one is shown", () => {
    const limits = limitsAt()
    const { standing } = limits.admitted([key({ requests_per_minute: 60 }), provider({ requests_per_minute: 5 })])
    assert.deepInclude(standing.requests, { limit: 5, remaining: 4 })
  })

  it("without limits everything is admitted and nothing is kept", () => {
    const limits = limitsAt()
    const anonymous = { key: null, models: ["*"], admin: true, budget: null, rate: null }
    assert.deepStrictEqual(RateLimits.ofKey(anonymous), [])
    assert.deepStrictEqual(RateLimits.ofProvider("openai", undefined), [])
    const permit = limits.admitted(RateLimits.ofKey(anonymous), 1_000_000)
    permit.settle(5)
    permit.release()
    assert.strictEqual(limits.meters(), 0)
  })

  it("owners that count nothing any more are forgotten, and those with a running request are not", () => {
    const limits = limitsAt()
    const rate = { requests_per_minute: 60, tokens_per_minute: 60 }
    const running = limits.admitted([key({ concurrent: 1 }, "running")])
    for (let index = 0; index < 1000; index++) {
      const permit = limits.admitted([key(rate, `key-${index}`)], 60)
      permit.settle(null)
      permit.release()
    }
    assert.strictEqual(limits.meters(), 1001)
    limits.pass(59_999)
    limits.admitted([key(rate, "late")])
    assert.strictEqual(limits.meters(), 1002)
    limits.pass(1)
    limits.admitted([key(rate, "last")])
    assert.strictEqual(limits.meters(), 3)
    limits.refused([key({ concurrent: 1 }, "running")])
    running.release()
    limits.pass(60_000)
    limits.admitted([key(rate, "last")])
    assert.strictEqual(limits.meters(), 2)
  })

  it("with any mix of ends, the running ones never exceed the limit and all come back", () => {
    const ends = fc.array(fc.constantFrom("begin", "release", "cancel", "settle"), { maxLength: 60 })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), ends, (concurrent, steps) => {
        const limits = limitsAt()
        const scopes = [key({ concurrent, tokens_per_minute: 1_000_000 })]
        const running: Array<RateLimits.Permit> = []
        for (const step of steps) {
          const permit = step === "begin" ? undefined : running[0]
          if (step === "begin") {
            const admission = limits.admit(scopes, 10)
            assert.strictEqual(Either.isRight(admission), running.length < concurrent)
            if (Either.isRight(admission)) running.push(admission.right)
          } else if (step === "settle") permit?.settle(3)
          else {
            permit?.[step === "release" ? "release" : "cancel"]()
            running.shift()
          }
        }
        for (const permit of running) permit.release()
        for (let index = 0; index < concurrent; index++) limits.admitted(scopes)
        limits.refused(scopes)
      })
    )
  })

  it.effect("the layer goes by the Clock", () =>
    Effect.gen(function* () {
      const limits = yield* RateLimits.RateLimits
      const scopes = [key({ requests_per_minute: 1 })]
      assert.isTrue(Either.isRight(limits.admit(scopes, 0)))
      yield* TestClock.adjust("59 seconds")
      assert.isTrue(Either.isLeft(limits.admit(scopes, 0)))
      yield* TestClock.adjust("1 second")
      assert.isTrue(Either.isRight(limits.admit(scopes, 0)))
    }).pipe(Effect.provide(RateLimits.layer))
  )
})
