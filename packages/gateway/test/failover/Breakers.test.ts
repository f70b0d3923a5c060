import { assert, describe, it } from "@effect/vitest"
import * as Breakers from "@penstock/gateway/failover/Breakers"
import * as fc from "effect/FastCheck"

const target = { provider: "openai", model: "m" }
const other = { provider: "openai", model: "n" }
const policy = { failures: 3, window: 1000, cooldown: 100 }

const clocked = () => {
  let time = 0
  return {
    breakers: Breakers.over(() => time),
    pass: (millis: number) => {
      time += millis
    }
  }
}

/** One request, told how it went. */
const ask = (breakers: Breakers.Service, verdict: Breakers.Verdict, of = target): Breakers.Permit | null => {
  const permit = breakers.enter(of, false)
  if (permit !== null) breakers.leave(of, permit, verdict, policy)
  return permit
}

const stateOf = (breakers: Breakers.Service): string => breakers.states()[0]?.state ?? "closed"

describe("a breaker", () => {
  it("opens after so many failures within the window, of its target alone", () => {
    const { breakers, pass } = clocked()
    for (const _ of [1, 2]) assert.strictEqual(ask(breakers, "failed"), "pass")
    // Old failures are forgotten.
    pass(1001)
    for (const _ of [1, 2]) assert.strictEqual(ask(breakers, "failed"), "pass")
    assert.isNull(breakers.retryAt(target))
    assert.strictEqual(ask(breakers, "failed"), "pass")
    assert.isNull(ask(breakers, "alive"))
    assert.strictEqual(breakers.retryAt(target), 1101)
    assert.strictEqual(ask(breakers, "alive", other), "pass")
    assert.deepStrictEqual(breakers.states(), [{ ...target, state: "open", failures: 3, retryAt: 1101 }])
  })

  it("lets one request try after the cooldown, and closes when it succeeds", () => {
    const { breakers, pass } = clocked()
    for (const _ of [1, 2, 3]) ask(breakers, "failed")
    pass(100)
    assert.strictEqual(stateOf(breakers), "half_open")
    assert.strictEqual(breakers.enter(target, false), "probe")
    assert.isNull(breakers.enter(target, false))
    breakers.leave(target, "probe", "alive", policy)
    assert.strictEqual(ask(breakers, "alive"), "pass")
    assert.deepStrictEqual(breakers.states(), [])
  })

  it("opens again for another cooldown when the one that tries fails", () => {
    const { breakers, pass } = clocked()
    for (const _ of [1, 2, 3]) ask(breakers, "failed")
    pass(100)
    assert.strictEqual(ask(breakers, "failed"), "probe")
    assert.isNull(breakers.enter(target, false))
    pass(99)
    assert.isNull(breakers.enter(target, false))
    pass(1)
    assert.strictEqual(breakers.enter(target, false), "probe")
  })

  it("lets the next try when nobody can say how it went for the one that tried", () => {
    const { breakers, pass } = clocked()
    for (const _ of [1, 2, 3]) ask(breakers, "failed")
    pass(100)
    assert.strictEqual(ask(breakers, "unknown"), "probe")
    assert.strictEqual(ask(breakers, "alive"), "probe")
    assert.strictEqual(ask(breakers, "alive"), "pass")
  })

  it("does not hear those who went before it opened", () => {
    const { breakers, pass } = clocked()
    const early = breakers.enter(target, false)!
    const late = breakers.enter(target, false)!
    for (const _ of [1, 2, 3]) ask(breakers, "failed")
    breakers.leave(target, early, "alive", policy)
    assert.strictEqual(stateOf(breakers), "open")
    pass(60)
    breakers.leave(target, late, "failed", policy)
    pass(40)
    assert.strictEqual(ask(breakers, "alive"), "probe")
  })

  it("stays closed while successes make up for the failures", () => {
    const { breakers } = clocked()
    for (let at = 0; at < 50; at += 1) {
      assert.strictEqual(ask(breakers, "failed"), "pass")
      assert.strictEqual(ask(breakers, "alive"), "pass")
    }
    assert.deepStrictEqual(breakers.states(), [])
  })

  it("agrees with a model of it, whatever happens in whatever order", () => {
    const verdict = fc.constantFrom<Breakers.Verdict>("alive", "failed", "failed", "unknown")
    const step = fc.oneof(
      fc.record({ do: fc.constant("enter" as const) }),
      fc.record({ do: fc.constant("leave" as const), verdict, which: fc.nat() }),
      fc.record({ do: fc.constant("wait" as const), millis: fc.constantFrom(1, 50, 100, 1000) })
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { breakers, pass } = clocked()
        // The model: a list of failures, the time until which it is open, whether one is trying.
        let [now, openUntil, probing] = [0, null as number | null, false]
        let failures: Array<number> = []
        const out: Array<Breakers.Permit> = []
        for (const step of steps) {
          if (step.do === "wait") {
            now += step.millis
            pass(step.millis)
          } else if (step.do === "enter") {
            const expected = openUntil === null ? "pass" : !probing && now >= openUntil ? "probe" : null
            const permit = breakers.enter(target, false)
            assert.strictEqual(permit, expected)
            if (permit === "probe") probing = true
            if (permit !== null) out.push(permit)
          } else if (out.length > 0) {
            const [permit] = out.splice(step.which % out.length, 1)
            breakers.leave(target, permit!, step.verdict, policy)
            if (permit === "probe") {
              probing = false
              if (step.verdict === "alive") [failures, openUntil] = [[], null]
              if (step.verdict === "failed") openUntil = now + policy.cooldown
            } else if (openUntil === null && step.verdict === "alive") {
              failures = failures.slice(1)
            } else if (openUntil === null && step.verdict === "failed") {
              failures = [...failures.filter((at) => at > now - policy.window), now]
              if (failures.length === policy.failures) openUntil = now + policy.cooldown
            }
          }
          assert.strictEqual(stateOf(breakers), openUntil === null ? "closed" : openUntil <= now ? "half_open" : "open")
          // At most one request at a time while it is not closed.
          assert.isAtMost(out.filter((permit) => permit === "probe").length, 1)
        }
      }),
      { numRuns: 1000 }
    )
  })
})
