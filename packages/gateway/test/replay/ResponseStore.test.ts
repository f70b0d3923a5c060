import { assert, describe, it } from "@effect/vitest"
import * as ResponseStore from "@penstock/gateway/replay/ResponseStore"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"

describe("ResponseStore", () => {
  it.effect("gives a conversation to the key that had it, for a day", () =>
    Effect.gen(function* () {
      // The LRU takes a time of 0 for none.
      yield* TestClock.adjust("1 hour")
      const store = yield* ResponseStore.make
      const conversation = { items: [{ role: "user", content: "hello" }], provider: "mock", response: { id: "resp_1" } }
      store.set("alice", "resp_1", conversation)
      assert.deepStrictEqual(store.get("alice", "resp_1"), conversation)
      assert.isNull(store.get("bob", "resp_1"))
      assert.isNull(store.get(null, "resp_1"))
      yield* TestClock.adjust("25 hours")
      assert.isNull(store.get("alice", "resp_1"))
    })
  )

  it("finds the response in an answer, and none in one that failed", () => {
    const event = (type: string, response: object) => `event: ${type}\ndata: ${JSON.stringify({ type, response })}\n\n`
    const stream =
      event("response.created", { id: "a" }) + event("response.completed", { id: "b", status: "completed" })
    assert.deepInclude(ResponseStore.responseIn(Buffer.from(stream), true), { id: "b" })
    const failed = event("response.failed", { id: "c", status: "failed" })
    assert.isNull(ResponseStore.responseIn(Buffer.from(failed), true))
    assert.isNull(ResponseStore.responseIn(Buffer.from("no json"), false))
  })
})
