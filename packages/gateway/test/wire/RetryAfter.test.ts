import { assert, describe, it } from "@effect/vitest"
import * as RetryAfter from "@penstock/gateway/wire/RetryAfter"

describe("how long a provider asks to wait", () => {
  it("is in milliseconds, from milliseconds before seconds before a date", () => {
    assert.strictEqual(RetryAfter.millis({ "retry-after": "3" }), 3000)
    assert.strictEqual(RetryAfter.millis({ "retry-after": " 0.25 " }), 250)
    assert.strictEqual(RetryAfter.millis({ "retry-after": ["7", "8"] }), 7000)
    assert.strictEqual(RetryAfter.millis({ "retry-after": "3", "retry-after-ms": "120.5" }), 121)
    assert.strictEqual(RetryAfter.millis({ "retry-after": "0" }), 0)
  })

  it("is counted from the sender's own clock when it is a date", () => {
    const at = "Wed, 21 Oct 2015 07:28:00 GMT"
    assert.strictEqual(RetryAfter.millis({ "retry-after": at, date: "Wed, 21 Oct 2015 07:27:30 GMT" }), 30_000)
    // Past already.
    assert.strictEqual(RetryAfter.millis({ "retry-after": at, date: "Wed, 21 Oct 2015 07:29:00 GMT" }), 0)
    assert.isUndefined(RetryAfter.millis({ "retry-after": at }))
  })

  it("is not known from anything else", () => {
    for (const value of ["", "soon", "-1", "1e9999", "NaN", "99999999999999999999"]) {
      assert.isUndefined(RetryAfter.millis({ "retry-after": value }), value)
    }
    assert.isUndefined(RetryAfter.millis({}))
  })
})
