import { assert, describe, it } from "@effect/vitest"
import * as Gcra from "@penstock/gateway/limits/Gcra"
import * as fc from "effect/FastCheck"

const start = Date.UTC(2026, 2, 10)
const minute = 60_000

/** Small ones, where everything happens, and odd and large ones, where rounding would. */
const limits = fc.oneof(
  fc.integer({ min: 1, max: 20 }),
  fc.constantFrom(7, 59, 61, 999_983, 999_999_937, 1_000_000_000),
  fc.integer({ min: 1, max: 1_000_000_000 })
)

/** Requests with the milliseconds since the one before and their units, as a share of the limit. */
const arrivals = fc.array(
  fc.record({
    after: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 20_000 })),
    share: fc.double({ min: 0, max: 1.2, noNaN: true })
  }),
  { maxLength: 60 }
)

interface Admitted {
  readonly at: number
  readonly units: number
}

/** What is admitted of the arrivals, and the bucket after each. */
const drive = (limit: number, all: ReadonlyArray<{ readonly after: number; readonly share: number }>) => {
  const admitted: Array<Admitted> = []
  let bucket = Gcra.empty
  let now = start
  for (const { after, share } of all) {
    now += after
    const units = Math.max(1, Math.round(share * limit))
    bucket = Gcra.advance(bucket, limit, now)
    if (Gcra.waitMillis(bucket, limit, units) > 0) continue
    bucket = Gcra.charge(bucket, units)[0]
    admitted.push({ at: now, units })
  }
  return { admitted, bucket, now }
}

const sum = (all: ReadonlyArray<Admitted>) => all.reduce((total, { units }) => total + units, 0)

describe("GCRA", () => {
  it("in any minute lets in no more than the limit, and a burst of the limit", () => {
    fc.assert(
      fc.property(limits, arrivals, (limit, all) => {
        const { admitted } = drive(limit, all)
        for (const { at } of admitted) {
          assert.isAtMost(sum(admitted.filter((each) => each.at >= at && each.at < at + minute)), 2 * limit)
        }
      })
    )
  })

  it("under a load that never ends lets in the burst and then exactly the limit, with no drift in a thousand minutes", () => {
    for (const limit of [1, 7, 61, 999]) {
      let bucket = Gcra.empty
      let admitted = 0
      let now = start
      while (now < start + 1000 * minute) {
        bucket = Gcra.advance(bucket, limit, now)
        const wait = Gcra.waitMillis(bucket, limit, 1)
        if (wait === 0) {
          bucket = Gcra.charge(bucket, 1)[0]
          admitted++
        }
        now += wait
      }
      // The burst, and one at the end of each interval but the last, whose end is not within the time.
      assert.strictEqual(admitted, limit + 1000 * limit - 1)
    }
  })

  it("a wait is exact: after it the units are let in, a millisecond before they are not", () => {
    fc.assert(
      fc.property(limits, arrivals, fc.double({ min: 0, max: 1, noNaN: true }), (limit, all, share) => {
        const { bucket, now } = drive(limit, all)
        const units = Math.max(1, Math.floor(share * limit))
        const wait = Gcra.waitMillis(bucket, limit, units)
        const after = (millis: number) => Gcra.waitMillis(Gcra.advance(bucket, limit, now + millis), limit, units)
        assert.strictEqual(after(wait), 0)
        if (wait > 0) assert.strictEqual(after(wait - 1), 1)
      })
    )
  })

  it("units that are more than the limit are never let in", () => {
    assert.strictEqual(Gcra.waitMillis(Gcra.empty, 10, 10), 0)
    assert.strictEqual(Gcra.waitMillis(Gcra.empty, 10, 11), Number.POSITIVE_INFINITY)
  })

  it("looking at a bucket often is the same as looking once", () => {
    fc.assert(
      fc.property(limits, arrivals, fc.array(fc.integer({ min: 0, max: 5000 })), (limit, all, steps) => {
        const { bucket, now } = drive(limit, all)
        let stepped = Gcra.advance(bucket, limit, now)
        let at = now
        for (const step of steps) stepped = Gcra.advance(stepped, limit, (at += step))
        assert.deepStrictEqual(stepped, Gcra.advance(bucket, limit, at))
      })
    )
  })

  it("what is refunded at once was never charged", () => {
    fc.assert(
      fc.property(limits, arrivals, fc.integer({ min: 1, max: 1000 }), (limit, all, units) => {
        const { bucket } = drive(limit, all)
        const [charged, charge] = Gcra.charge(bucket, units)
        assert.strictEqual(Gcra.refund(charged, charge, units).level, bucket.level)
        assert.strictEqual(Gcra.settle(charged, charge, units).level, charged.level)
      })
    )
  })

  it("more used than asked for is a debt, which later ones wait for", () => {
    const limit = 60
    const [charged, charge] = Gcra.charge(Gcra.advance(Gcra.empty, limit, start), 10)
    const indebted = Gcra.settle(charged, charge, 180)
    assert.strictEqual(Gcra.waitMillis(indebted, limit, 1), 2 * minute + 1000)
    assert.strictEqual(Gcra.remaining(indebted, limit), 0)
    assert.strictEqual(Gcra.resetMillis(indebted, limit), 3 * minute)
  })

  it("after any refunds the bucket is at least as full as if the true units had been charged from the beginning", () => {
    const events = fc.array(
      fc.record({
        after: fc.integer({ min: 0, max: 20_000 }),
        estimated: fc.integer({ min: 0, max: 30 }),
        used: fc.double({ min: 0, max: 1, noNaN: true }),
        settledAfter: fc.nat({ max: 6 })
      }),
      { maxLength: 40 }
    )
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), events, (limit, all) => {
        let bucket = Gcra.empty
        let truth = Gcra.empty
        let now = start
        const open: Array<{ readonly charge: Gcra.Charge; readonly used: number; readonly due: number }> = []
        const settleDue = (index: number) => {
          for (const each of open.filter(({ due }) => due === index)) {
            bucket = Gcra.settle(bucket, each.charge, each.used)
          }
        }
        all.forEach(({ after, estimated, settledAfter, used }, index) => {
          now += after
          bucket = Gcra.advance(bucket, limit, now)
          truth = Gcra.advance(truth, limit, now)
          settleDue(index)
          const [charged, charge] = Gcra.charge(bucket, estimated)
          bucket = charged
          const actual = Math.floor(used * estimated)
          truth = Gcra.charge(truth, actual)[0]
          open.push({ charge, used: actual, due: index + 1 + settledAfter })
          assert.isAtLeast(bucket.level, truth.level)
          assert.isAtLeast(bucket.level, 0)
        })
        for (let index = all.length; index < all.length + 8; index++) settleDue(index)
        assert.isAtLeast(bucket.level, truth.level)
      }),
      { numRuns: 1000 }
    )
  })

  it("under load a refund of a charge that still stands gives back all of it", () => {
    const limit = 60
    let bucket = Gcra.charge(Gcra.advance(Gcra.empty, limit, start), 40)[0]
    const [charged, charge] = Gcra.charge(bucket, 20)
    bucket = Gcra.advance(charged, limit, start + 30_000)
    assert.strictEqual(Gcra.remaining(bucket, limit), 30)
    assert.strictEqual(Gcra.remaining(Gcra.refund(bucket, charge, 20), limit), 50)
    // Ten seconds before all of it has run out, ten units of it are left.
    bucket = Gcra.advance(charged, limit, start + 50_000)
    assert.strictEqual(Gcra.remaining(Gcra.refund(bucket, charge, 20), limit), 60)
    assert.strictEqual(bucket.level - Gcra.refund(bucket, charge, 20).level, 10 * Gcra.dropsPerUnit)
  })

  it("a clock that is set back costs the time of that step, and neither opens nor closes the limit", () => {
    fc.assert(
      fc.property(limits, arrivals, fc.integer({ min: 1, max: 86_400_000 }), (limit, all, back) => {
        const { bucket, now } = drive(limit, all)
        const moved = Gcra.advance(bucket, limit, now - back)
        assert.strictEqual(moved.level, bucket.level)
        const wait = Gcra.waitMillis(moved, limit, 1)
        assert.isAtMost(wait, minute)
        assert.strictEqual(Gcra.waitMillis(Gcra.advance(moved, limit, now - back + wait), limit, 1), 0)
      })
    )
  })

  it("another limit takes the bucket over: what was used stays used", () => {
    const bucket = Gcra.charge(Gcra.advance(Gcra.empty, 60, start), 60)[0]
    assert.strictEqual(Gcra.remaining(bucket, 60), 0)
    assert.strictEqual(Gcra.remaining(bucket, 100), 40)
    assert.strictEqual(Gcra.waitMillis(bucket, 120, 1), 0)
    assert.strictEqual(Gcra.waitMillis(bucket, 30, 1), minute + 2000)
  })
})
