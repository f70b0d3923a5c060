import { assert, describe, it } from "@effect/vitest"
import * as Watchdog from "@penstock/gateway/failover/Watchdog"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as fc from "effect/FastCheck"
import * as TestClock from "effect/TestClock"
import * as TestContext from "effect/TestContext"

const rings = (watchdog: Watchdog.Watchdog) => {
  const rung: Array<readonly [name: string, at: number]> = []
  return { rung, ring: (name: string) => () => rung.push([name, watchdog.now()]) }
}

describe("an alarm", () => {
  it.scoped("rings once, at its time", () =>
    Effect.gen(function* () {
      const watchdog = yield* Watchdog.make
      const { ring, rung } = rings(watchdog)
      watchdog.set(300, ring("late"))
      watchdog.set(100, ring("early"))
      yield* TestClock.adjust("99 millis")
      assert.deepStrictEqual(rung, [])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(rung, [
        ["early", 100],
        ["late", 300]
      ])
    })
  )

  it.scoped("that is moved, later or earlier, rings then, and one that is cleared never", () =>
    Effect.gen(function* () {
      const watchdog = yield* Watchdog.make
      const { ring, rung } = rings(watchdog)
      const later = watchdog.set(100, ring("later"))
      const earlier = watchdog.set(500, ring("earlier"))
      const cleared = watchdog.set(200, ring("cleared"))
      later.at = 400
      watchdog.move(earlier, 50)
      watchdog.clear(cleared)
      watchdog.clear(cleared)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(rung, [
        ["earlier", 50],
        ["later", 400]
      ])
    })
  )

  it.scoped("costs no timer of its own, and none is left when there is none", () =>
    Effect.gen(function* () {
      const watchdog = yield* Watchdog.make
      const alarms = Array.from({ length: 1000 }, (_, at) => watchdog.set(1000 + at, () => {}))
      assert.strictEqual(Chunk.size(yield* TestClock.sleeps()), 1)
      for (const alarm of alarms) watchdog.clear(alarm)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(Chunk.size(yield* TestClock.sleeps()), 0)
    })
  )

  it("rings at its time, whatever is set, moved and cleared meanwhile", () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant("set" as const), after: fc.integer({ min: 1, max: 50 }) }),
      fc.record({ do: fc.constant("move" as const), which: fc.nat(), after: fc.integer({ min: 1, max: 50 }) }),
      fc.record({ do: fc.constant("clear" as const), which: fc.nat() }),
      fc.record({ do: fc.constant("wait" as const), millis: fc.integer({ min: 1, max: 30 }) })
    )
    return fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 15 }), (steps) =>
        Effect.gen(function* () {
          const watchdog = yield* Watchdog.make
          const rung: Array<string> = []
          const expected: Array<string> = []
          const alarms: Array<{ readonly alarm: Watchdog.Alarm; at: number; done: boolean }> = []
          let now = 0
          const wait = (millis: number) =>
            Effect.map(TestClock.adjust(millis), () => {
              now += millis
              for (const [name, entry] of alarms.entries()) {
                if (entry.done || entry.at > now) continue
                entry.done = true
                expected.push(`${name} at ${entry.at}`)
              }
            })
          for (const step of steps) {
            if (step.do === "wait") yield* wait(step.millis)
            if (step.do === "set") {
              const name = alarms.length
              const at = now + step.after
              alarms.push({ alarm: watchdog.set(at, () => rung.push(`${name} at ${watchdog.now()}`)), at, done: false })
            }
            const entry = "which" in step && alarms.length > 0 ? alarms[step.which % alarms.length]! : null
            if (step.do === "move" && entry !== null) {
              entry.at = entry.done ? entry.at : now + step.after
              watchdog.move(entry.alarm, now + step.after)
            }
            if (step.do === "clear" && entry !== null) {
              entry.done = true
              watchdog.clear(entry.alarm)
            }
          }
          yield* wait(100)
          assert.sameMembers(rung, expected)
        }).pipe(Effect.scoped, Effect.provide(TestContext.TestContext), Effect.runPromise)
      ),
      { numRuns: 20 }
    )
  })
})
