import { assert, describe, it } from "@effect/vitest"
import * as TimeLimit from "@penstock/gateway/exchange/TimeLimit"
import * as Watchdog from "@penstock/gateway/failover/Watchdog"
import type { GatewayError } from "@penstock/schema/GatewayError"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { vendors } from "./answers.ts"
import { providerOf } from "./lanes.ts"

const limits: TimeLimit.Limits = { connect: 5000, firstToken: 30_000, idle: 15_000, deadline: 600_000 }

const begun = Effect.map(Watchdog.make, (watchdog) => {
  const rung: Array<GatewayError> = []
  const limit = TimeLimit.start(limits, watchdog, providerOf(vendors[0]!))
  limit.stop = (why) => rung.push(why)
  TimeLimit.connected(limit)
  TimeLimit.answering(limit)
  return { limit, rung }
})

describe("the end of an answer", () => {
  it.scoped("is waited for no longer than a second", () =>
    Effect.gen(function* () {
      const { limit, rung } = yield* begun
      TimeLimit.ending(limit)
      yield* TestClock.adjust(900)
      assert.deepStrictEqual(rung, [])
      yield* TestClock.adjust(200)
      assert.strictEqual(rung[0]?.reason, "timeout")
    })
  )

  it.scoped("that was only that of a part is none: the rest has the time of any piece", () =>
    Effect.gen(function* () {
      const { limit, rung } = yield* begun
      TimeLimit.ending(limit)
      yield* TestClock.adjust(900)
      TimeLimit.goesOn(limit)
      yield* TestClock.adjust(14_000)
      assert.deepStrictEqual(rung, [])
      yield* TestClock.adjust(2000)
      assert.strictEqual(rung[0]?.reason, "timeout")
    })
  )
})
