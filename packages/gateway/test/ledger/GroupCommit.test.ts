/** When queued writes are committed together. Turns of the event loop are the test's own. */
import { assert, describe, it } from "@effect/vitest"
import * as GroupCommit from "@penstock/gateway/ledger/GroupCommit"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { opening, settlement } from "./Fixtures.ts"

/** Ends behind whatever was to be done at the end of this turn. */
const turn = Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))

/** A commit that notes the sizes of its batches. */
const noting = Effect.gen(function* () {
  const batches: Array<readonly [openings: number, settlements: number]> = []
  const group = yield* GroupCommit.make(({ openings, settlements }) =>
    Effect.sync(() => {
      batches.push([openings.length, settlements.length])
      return GroupCommit.noRefusals
    })
  )
  // The worker is at its place.
  yield* turn
  return { batches, group }
})

describe("a batch", () => {
  it.live("is committed as soon as a turn brought nothing more", () =>
    Effect.gen(function* () {
      const { batches, group } = yield* noting
      const opened = yield* Effect.fork(group.open(opening(1)))
      yield* turn
      assert.deepStrictEqual(batches, [])
      yield* Fiber.join(opened)
      assert.deepStrictEqual(batches, [[1, 0]])
    }).pipe(Effect.scoped)
  )

  it.live("takes in what the next turns bring, and does not wait for ever on those that always bring something", () =>
    Effect.gen(function* () {
      const { batches, group } = yield* noting
      const written = 12
      for (let number = 1; number <= written; number++) {
        yield* group.settle(settlement(number))
        yield* turn
      }
      yield* group.flush
      assert.strictEqual(
        batches.reduce((sum, [, settlements]) => sum + settlements, 0),
        written
      )
      assert.isAbove(batches[0]![1], 1)
      assert.isAbove(batches.length, 1)
      for (const [, settlements] of batches) assert.isAtMost(settlements, GroupCommit.mostTurns + 1)
    }).pipe(Effect.scoped)
  )

  it.live("is committed before the scope closes, whatever turn it is", () =>
    Effect.gen(function* () {
      const batches = yield* Effect.scoped(
        Effect.gen(function* () {
          const { batches, group } = yield* noting
          yield* group.settle(settlement(1))
          return batches
        })
      )
      assert.deepStrictEqual(batches, [[0, 1]])
    })
  )
})
